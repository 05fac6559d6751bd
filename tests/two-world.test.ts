/**
 * Two worlds (RELIABILITY C16): acme lives the same day twice, once alone and once beside a hostile globex that uses its names, keys and
 * channels at every door. What acme was answered and pushed is the same text, identifiers and times aside.
 */

import { describe, expect, test } from 'vitest'
import { openRawSocket, until, type RawSocket, type TestPlatform } from '@neo-stack/testing'
import { isScaleOut, startColumn } from './column.ts'

const KEY = 'the-same-key'
const FOREIGN = 'written-by-globex'
/** What a cluster measures itself comes when it comes. */
const SAMPLER = '"id":"instance-sampler"'

interface Person { bearer: string, id: string }

interface World { platform: TestPlatform, owner: Person, viewer: Person, service: Person, transcript: string[] }

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
type Step = [who: 'owner' | 'viewer' | 'service', method: Method, path: string, body?: object]

const event = (channel: string, type: string, data: object): object => ({ channel: `tenant:acme:${channel}`, type, data })
const metrics = { cpu: 95, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1, at: 1_700_000_000 }

/** A day of acme: every feature, what is allowed and what is not. */
const day: Step[] = [
  ['owner', 'PUT', '/v1/tenants/acme/alert-rules', { rules: [{ name: 'cpu', metric: 'cpu', op: '>', threshold: 90, for: '0s', severity: 'warning' }] }],
  ['service', 'POST', '/v1/events', event('deployments', 'deployment_start', { deploymentId: 'erp-1', instanceId: 'erp', instanceType: 'odoo', logs: ['one'] })],
  ['service', 'POST', '/v1/events', { ...event('deployments', 'deployment_progress', { deploymentId: 'erp-1', progress: 50 }), idempotencyKey: KEY }],
  ['service', 'POST', '/v1/events', { ...event('deployments', 'deployment_progress', { deploymentId: 'erp-1', progress: 50 }), idempotencyKey: KEY }],
  ['service', 'POST', '/v1/events', { ...event('deployments', 'deployment_progress', { deploymentId: 'erp-1', progress: 60 }), idempotencyKey: KEY }],
  ['service', 'POST', '/v1/tenants/acme/deployments/erp-1/logs', { lines: ['two', 'three'], from: 2 }],
  ['service', 'POST', '/v1/tenants/acme/metrics', metrics],
  ['service', 'POST', '/v1/tenants/acme/usage', { resource: 'storage', used: 95, limit: 100, period: '2026-11' }],
  ['service', 'POST', '/v1/events/batch', { events: [event('billing', 'billing_payment', { paymentId: 'p-1', status: 'completed', message: 'paid', amountMinor: 1, currency: 'EUR' }), event('alerts', 'alert', { severity: 'info', message: 'hello' })] }],
  ['service', 'POST', '/v1/alerts', { tenantId: 'acme', severity: 'critical', message: 'disk' }],
  ['owner', 'POST', '/v1/tenants/acme/users', { email: 'new@acme.example', name: 'New', roles: ['viewer'] }],
  ['owner', 'PUT', '/v1/tenants/acme/presence/me/tab-1', { status: 'busy', currentPage: '/x' }],
  ['viewer', 'POST', '/v1/events', event('deployments', 'deployment_start', { deploymentId: 'no', instanceType: 'odoo' })],
  ['viewer', 'GET', '/v1/tenants/acme/billing/notifications'],
  ['viewer', 'GET', '/v1/tenants/globex/deployments'],
  ['service', 'POST', '/v1/events', event('alerts', 'alert', { severity: 'unheard of' })],
  ...['/v1/tenants/acme/deployments', '/v1/tenants/acme/deployments/erp-1', '/v1/tenants/acme/deployments/erp-1/logs', '/v1/tenants/acme/instances', '/v1/tenants/acme/metrics?from=2023-11-14T22:00:00Z&to=2023-11-14T23:00:00Z&step=1',
    '/v1/tenants/acme/alerts', '/v1/tenants/acme/presence', '/v1/tenants/acme/billing/notifications', '/v1/tenants/acme/users', '/v1/tenants/acme/audit', '/v1/tenants/acme/audit/verification',
    '/v1/history?channel=tenant:acme:deployments', '/v1/history?channel=tenant:acme:activity', '/v1/history?channel=tenant:acme:alerts', '/v1/history/search?tenant=acme&q=paid', '/v1/tenants/acme/history/exports'].map((path): Step => ['owner', 'GET', path]),
]

const channels = ['deployments', 'deployments:erp-1', 'billing', 'metrics', 'alerts', 'activity'].map(name => `tenant:acme:${name}`)

async function send(url: string, { bearer }: { bearer: string }, [method, path, body]: [Method, string, object?]): Promise<string> {
  const answer = await fetch(url + path, {
    method, headers: { ...bearer && { authorization: `Bearer ${bearer}` }, ...body && { 'content-type': 'application/json' } }, ...body && { body: JSON.stringify(body) },
  })
  const told = ['content-type', 'retry-after', 'ratelimit-limit', 'cache-control'].map(name => `${name}: ${answer.headers.get(name)}`)
  return `${method} ${path} ${answer.status}\n${told.join('\n')}\n${await answer.text()}`
}

/** A socket with everything of acme on it. */
async function listen({ platform, owner }: World): Promise<RawSocket> {
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(platform.url + path, { method: 'POST', headers: { 'authorization': `Bearer ${owner.bearer}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return await answer.json() as Record<string, unknown>
  }
  const { tokens } = await post('/v1/realtime/subscription-tokens', { channels }) as { tokens: Record<string, string> }
  const socket = await openRawSocket(platform.url)
  await socket.ask({ connect: { token: (await post('/v1/realtime/connection-token', {}))['token'] } })
  for (const channel of channels) expect(await socket.ask({ subscribe: { channel, token: tokens[channel] } })).toHaveProperty('subscribe')
  return socket
}

/** Globex does what it can, again and again, until the day is over. Its own doors get acme's names, acme's doors its own sign-in. */
async function harass(platform: TestPlatform, isOver: () => boolean): Promise<number> {
  const people = await Promise.all((['owner', 'manager', 'viewer'] as const).map(async role => ({ bearer: String(await (await platform.client(role, 'globex')).session.getAccessToken()) })))
  const key = { bearer: platform.keys['globex'] ?? '' }
  const tainted = JSON.parse(JSON.stringify(day).replaceAll('"message":"', `"message":"${FOREIGN} `)) as Step[]
  const own = JSON.parse(JSON.stringify(tainted).replaceAll('acme', 'globex')) as Step[]
  let count = 0
  while (!isOver()) {
    await Promise.all([...tainted, ...own].map(async ([who, ...step]) => {
      if (isOver()) return
      await send(platform.url, who === 'service' ? key : people[count % people.length] ?? key, step)
      count++
    }))
    const socket = await openRawSocket(platform.url)
    await socket.ask({ connect: { token: people[0]?.bearer } })
    socket.send('{"id":')
    await send(platform.url, { bearer: 'forged.token.here' }, ['GET', '/v1/tenants/acme/deployments'])
    await send(platform.url, { bearer: '' }, ['POST', '/v1/session', { email: 'owner@globex.example', password: 'wrong' }])
    socket.close()
  }
  return count
}

async function live(isHostile: boolean): Promise<{ transcript: string, attacks: number }> {
  await using platform = await startColumn({ isFresh: true })
  const person = async (role: 'owner' | 'viewer'): Promise<Person> => {
    const { session } = await platform.client(role, 'acme')
    return { bearer: String(await session.getAccessToken()), id: session.user?.id ?? '' }
  }
  const world: World = { platform, owner: await person('owner'), viewer: await person('viewer'), service: { bearer: platform.keys['acme'] ?? '', id: '' }, transcript: [] }
  const socket = await listen(world)
  let isOver = false
  const harassing = isHostile ? harass(platform, () => isOver) : Promise.resolve(0)
  for (const [who, ...step] of day) world.transcript.push(`${who}: ${await send(platform.url, world[who], step)}`)
  // Everything the day publishes is pushed in the end.
  const heard = (): string[] => socket.frames.filter(frame => 'push' in frame).map(frame => JSON.stringify(frame)).filter(text => !isScaleOut || !text.includes(SAMPLER))
  await until(() => heard().some(text => text.includes('rules')) && heard().filter(text => text.includes('"disk"')).length > 0, { timeoutMs: 20_000, what: 'the last pushes' })
  isOver = true
  const attacks = await harassing
  const pushes = Object.entries(Object.groupBy(heard(), text => /"channel":"([^"]+)"/.exec(text)?.[1] ?? '')).sort(([a], [b]) => a < b ? -1 : 1)
  socket.close()
  return { attacks, transcript: normalise([...world.transcript, ...pushes.flatMap(([channel, texts = []]) => [channel, ...texts])].join('\n\n')) }
}

/** Numbers names by the order they come in: the same one has the same number. */
function createNumbers(kind: string): (name: string) => string {
  const numbers = new Map<string, string>()
  return name => {
    const known = numbers.get(name) ?? `<${kind} ${numbers.size + 1}>`
    numbers.set(name, known)
    return known
  }
}

/** Identifiers and epochs by the order they come in, times and what is counted from them as their kind. */
function normalise(text: string): string {
  const [numberId, numberEpoch] = [createNumbers('id'), createNumbers('epoch')]
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, numberId)
    .replaceAll(/(?<="(?:epoch|logEpoch)":")[^"]*/g, numberEpoch)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/"(hash|previousHash|head|password|prefix|etag)":"[^"]*"/g, '"$1":"<$1>"')
    // Presence counts from the clock.
    .replaceAll(/"version":\d{13}/g, '"version":"<version>"')
    .replaceAll(/"(next|previous)":"[^"]*"/g, '"$1":"<cursor>"')
}

describe('two worlds', () => {
  test('acme\'s day is the same, byte for byte, alone and beside a hostile globex', async () => {
    const alone = await live(false)
    const beside = await live(true)
    expect(beside.transcript).toBe(alone.transcript)
    expect(alone.attacks).toBe(0)
    expect(beside.attacks).toBeGreaterThan(day.length)
    expect(beside.transcript).not.toContain(FOREIGN)
    expect(alone.transcript).not.toMatch(/ 5\d\d\n/)
  })
})
