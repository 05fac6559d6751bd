/** The doors of the authorization matrix: REST, a WebSocket and an HTTP stream, knocked at without a client library. */

import { formatChannel, type ChannelAction, type ChannelFamily } from '@neo-stack/events'
import { openRawSocket, until, type Frame } from '@neo-stack/testing'
import type { Actor, Cast } from './actors.ts'
import type { Kind, Strange } from './expected.ts'

/** Somebody at a door, of one kind of thing. */
export interface Knock {
  url: string
  actor: Actor
  kind: Kind
  channel: string
}

/** A way in; what it answers is a status and the code of the problem, or what the engine says. */
export interface Door {
  name: string
  action: ChannelAction | 'snapshot'
  /** Whether it is knocked at over a connection of the engine. */
  isRealtime: boolean
  knock: (knock: Knock) => Promise<string>
}

/** Name of the channel of each kind. */
export function channelsOf({ memberId, ownerId }: Pick<Cast, 'memberId' | 'ownerId'>): (kind: Kind) => string {
  const strange: Record<Strange | 'user, the owner', string> = {
    'unknown namespace': 'cluster:acme:deployments', 'unknown family': 'tenant:acme:secrets', 'prefix collision': 'tenant:acme:deployments:odoo-1:extra',
    'confusable letter': 'tenant:\u{430}cme:deployments', 'encoded': 'tenant%3Aacme%3Adeployments', 'over-long': `tenant:acme:${'x'.repeat(300)}`,
    'user, the owner': formatChannel('user', { tenantId: 'acme', userId: ownerId }),
  }
  return kind => kind in strange
    ? strange[kind as keyof typeof strange]
    : formatChannel(kind as ChannelFamily, { tenantId: 'acme', userId: memberId, deploymentId: 'odoo-1' })
}

const metrics = { cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 }

/** Something each family carries, good in everything but who sends it. */
const events: Record<ChannelFamily, { type: string, data: object }> = {
  'deployments': { type: 'deployment_start', data: { deploymentId: 'odoo-2', instanceType: 'odoo' } },
  'deployment-log': { type: 'deployment_log', data: { deploymentId: 'odoo-1', from: 2, lines: [{ n: 2, time: '2026-01-01T00:00:00.000Z', stream: 'system', text: 'a line' }] } },
  'billing': { type: 'billing_payment', data: { paymentId: 'p-1', status: 'completed', message: 'paid', amountMinor: 100, currency: 'EUR' } },
  'metrics': { type: 'metrics_update', data: metrics },
  'alerts': { type: 'alert', data: { severity: 'info', message: 'm' } },
  'presence': { type: 'presence_update', data: { users: [], version: 1 } },
  'activity': { type: 'activity', data: { action: 'thing.done', target: 't' } },
  'certification': { type: 'exam_result', data: { sessionId: '0190b5a0-7c1e-7000-8000-00000000000a', candidateId: '0190b5a0-7c1e-7000-8000-00000000000a' } },
  'admin-metrics': { type: 'metrics_update', data: metrics },
  'admin-alerts': { type: 'alert', data: { severity: 'info', message: 'm' } },
  'admin-activity': { type: 'activity', data: { action: 'thing.done', target: 't' } },
  'admin-tenants': { type: 'tenant_resumed', data: { tenant: 'acme', name: 'Acme' } },
  'user': { type: 'session_revoked', data: { sessionId: '0190b5a0-7c1e-7000-8000-00000000000a' } },
  'announcements': { type: 'announcement', data: { message: 'm' } },
}

const snapshots: Partial<Record<Kind, string>> = {
  'deployments': '/v1/tenants/acme/deployments', 'deployment-log': '/v1/tenants/acme/deployments/odoo-1/logs', 'billing': '/v1/tenants/acme/billing/notifications',
  'metrics': '/v1/tenants/acme/metrics', 'alerts': '/v1/tenants/acme/alerts', 'certification': '/v1/tenants/acme/exams/sessions', 'presence': '/v1/tenants/acme/presence',
  'admin-metrics': '/v1/admin/metrics', 'admin-alerts': '/v1/tenants/platform/alerts', 'admin-activity': '/v1/admin/audit', 'admin-tenants': '/v1/admin/tenants',
}

async function ask({ url, actor }: Knock, path: string, body?: object): Promise<{ status: number, body: Record<string, unknown> }> {
  const headers = { ...actor.bearer && { authorization: `Bearer ${actor.bearer}` }, ...body && { 'content-type': 'application/json' } }
  const answer = await fetch(url + path, { method: body ? 'POST' : 'GET', headers, ...body && { body: JSON.stringify(body) } })
  return { status: answer.status, body: await answer.json() as Record<string, unknown> }
}

async function knockAt(knock: Knock, path: string, body?: object): Promise<string> {
  const answer = await ask(knock, path, body)
  return answer.status < 300 ? String(answer.status) : `${answer.status} ${String(answer.body['code'])}`
}

const statusOf: Readonly<Record<string, number>> = { forbidden: 403, not_found: 404 }

/** The token for a channel, or why there is none. */
async function askForToken(knock: Knock): Promise<{ token: string } | { refused: string }> {
  const { status, body } = await ask(knock, '/v1/realtime/subscription-tokens', { channels: [knock.channel] })
  if (status !== 200) return { refused: `${status} ${String(body['code'])}` }
  const answer = (body['tokens'] as Record<string, string | { error: { code: string } }>)[knock.channel]
  if (typeof answer === 'string') return { token: answer }
  const code = answer?.error.code ?? ''
  return { refused: `${statusOf[code] ?? 0} ${code}` }
}

/** A connection of the engine, whatever carries it. */
interface Line {
  ask: (command: Frame) => Promise<Frame>
  close: () => void
}

async function openSocket(url: string): Promise<Line> {
  const { ask: send, close } = await openRawSocket(url)
  return { ask: send, close }
}

/** The first command opens the stream, further ones go beside it and name its session. */
function openStream(url: string): Promise<Line> {
  const frames: Frame[] = []
  const abort = new AbortController()
  let session: Frame | undefined
  let lastId = 0
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    let text = ''
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split('\n')
      text = lines.pop() ?? ''
      frames.push(...lines.filter(Boolean).map(line => JSON.parse(line) as Frame))
    }
  }
  const closing = (): Frame | undefined => frames.map(({ push }) => (push as { disconnect?: Frame } | undefined)?.disconnect).find(Boolean)
  return Promise.resolve({
    close: () => { abort.abort() },
    ask: async command => {
      const id = ++lastId
      const data = JSON.stringify({ id, ...command })
      if (session) {
        await fetch(`${url}/emulation`, { method: 'POST', body: JSON.stringify({ session: session['session'], node: session['node'], data }) })
      } else {
        const { body } = await fetch(`${url}/connection/http_stream`, { method: 'POST', body: data, signal: abort.signal })
        if (body) read(body).catch(() => undefined)
      }
      const reply = await until(() => frames.find(frame => frame['id'] === id) ?? (closing() && { closed: closing() }), { what: `the reply to ${data}` })
      session ??= reply['connect'] as Frame | undefined
      return reply
    },
  })
}

function spell(reply: Frame): string {
  if (reply['error']) return `error ${(reply['error'] as { code: number }).code}`
  return reply['closed'] ? `closed ${(reply['closed'] as { code: number }).code}` : 'let in'
}

type Open = (url: string) => Promise<Line>

async function overLine(open: Open, knock: Knock, command: (knock: Knock) => Promise<Frame>): Promise<string> {
  const line = await open(knock.url)
  try {
    const connected = spell(await line.ask({ connect: { token: knock.actor.connectionToken } }))
    return connected === 'let in' ? spell(await line.ask(await command(knock))) : connected
  } finally {
    line.close()
  }
}

/** Whoever is given no token comes with none. */
async function subscribeCommand(knock: Knock): Promise<Frame> {
  const asked = await askForToken(knock)
  return { subscribe: { channel: knock.channel, token: 'token' in asked ? asked.token : '' } }
}

function realtimeDoors(name: string, open: Open): Door[] {
  const isRealtime = true
  return [
    { name: `subscribe over ${name}`, action: 'subscribe', isRealtime, knock: knock => overLine(open, knock, subscribeCommand) },
    { name: `history over ${name}`, action: 'history', isRealtime, knock: knock => overLine(open, knock, ({ channel }) => Promise.resolve({ history: { channel, limit: 10 } })) },
    { name: `publish over ${name}`, action: 'publish', isRealtime, knock: knock => overLine(open, knock, ({ channel }) => Promise.resolve({ publish: { channel, data: { by: 'hand' } } })) },
  ]
}

const eventOf = (kind: Kind): { type: string, data: object } => events[kind === 'user, the owner' ? 'user' : kind as ChannelFamily] ?? events.alerts

/** Every way in. */
export const doors: readonly Door[] = [
  ...realtimeDoors('a WebSocket', openSocket),
  ...realtimeDoors('an HTTP stream', openStream),
  { name: 'a subscription token', action: 'subscribe', isRealtime: false, knock: async knock => {
    const asked = await askForToken(knock)
    return 'token' in asked ? '200' : asked.refused
  } },
  { name: 'history over REST', action: 'history', isRealtime: false, knock: knock => knockAt(knock, `/v1/history?channel=${encodeURIComponent(knock.channel)}`) },
  { name: 'publish over REST', action: 'publish', isRealtime: false, knock: knock => knockAt(knock, '/v1/events', { channel: knock.channel, ...eventOf(knock.kind) }) },
  { name: 'the snapshot', action: 'snapshot', isRealtime: false, knock: knock => knockAt(knock, snapshots[knock.kind] ?? '') },
]
