/**
 * An installation of several processes as a whole, behind somebody else's gateway: whoever one of them shuts out is out everywhere, nothing
 * is done twice, and people reach it through TLS and a path.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Centrifuge, type TransportEndpoint } from 'centrifuge'
import { EventSource } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '@neo-stack/client'
import type { Envelope } from '@neo-stack/events'
import { openRawSocket, until } from '@neo-stack/testing'
import { keyOf, startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'
import { createOuterGateway, type OuterGateway } from './outer-gateway.ts'

/** Realtime tokens live 60 s in this column: who was shut out is out for good when the last one has ended. */
const TOKEN_MS = 60_000
/** Centrifugo's error for a token that has ended. */
const TOKEN_EXPIRED = 109
const FORCED = 3503
const CUT_MS = 10_000
/** Longer than gateways let a connection be silent. */
const IDLE_MS = 62_000

interface Listener { transport: string, losses: number, heard: string[], close: () => void }
interface ShutOut { client: Client, bearer: string, act: () => Promise<unknown> }

/** Comes back with the token as soon as it is cut. @returns how often that was, when the token has ended */
async function comeBackUntilRefused(url: string, token: string): Promise<number> {
  for (let cuts = 0; ; cuts++) {
    const socket = await openRawSocket(url)
    const { error } = await socket.ask({ connect: { token } })
    if ((error as { code?: number } | undefined)?.code === TOKEN_EXPIRED) {
      socket.close()
      return cuts
    }
    await until(() => socket.closed, { timeoutMs: CUT_MS, what: 'the next cut' })
    expect(socket.closed?.code).toBe(FORCED)
  }
}

describe.skipIf(isLeftOut)('processes of one installation', () => {
  let cluster: Cluster
  let outer: OuterGateway
  let urls: Record<'services' | 'nodes', string[]>
  /** Straight to the first service, as this person or the operator: the other one has to hear of what it does. */
  const through = async (person?: Client): Promise<Client> =>
    cluster.service(null, { baseUrl: urls.services[0] ?? '', apiKey: person ? await person.session.getAccessToken() ?? '' : keyOf(cluster.demo, null) })
  beforeAll(async () => {
    outer = await createOuterGateway()
    cluster = await startCluster({ NEO_PUBLIC_URL: outer.url })
    await outer.leadTo(cluster.url)
    const urlsOf = (role: string): Promise<string[]> => Promise.all([1, 2].map(async number => (await cluster.part(`${role}-${number}`)).url))
    urls = { services: await urlsOf('event-service'), nodes: await urlsOf('centrifugo') }
  })
  afterAll(async () => {
    await cluster?.stop()
    await outer?.stop()
  })

  const shutOut: [what: string, prepare: () => Promise<ShutOut>][] = [
    ['a disabled user', async () => {
      const [client, owner] = [await cluster.person('acme'), await through(await cluster.person('acme', { role: 'owner' }))]
      const userId = client.session.user?.id ?? ''
      return { client, bearer: String(await client.session.getAccessToken()), act: () => owner.rest.users.disable({ tenantId: 'acme', userId }) }
    }],
    ['a session that was ended', async () => {
      const [client, other] = [await cluster.person('acme', { role: 'viewer' }), await through(await cluster.person('acme', { role: 'viewer' }))]
      const { sessions } = await client.rest.users.sessions({ tenantId: 'acme', userId: 'me' })
      const sessionId = sessions.find(({ isCurrent }) => isCurrent)?.id ?? ''
      return { client, bearer: String(await client.session.getAccessToken()), act: () => other.rest.users.endSession({ tenantId: 'acme', userId: 'me', sessionId }) }
    }],
    ['a suspended tenant', async () => {
      const operator = await through()
      return { client: cluster.service('globex'), bearer: keyOf(cluster.demo, 'globex'), act: () => operator.rest.admin.tenants.suspend('globex') }
    }],
  ]

  test.concurrent.each(shutOut)('shut out %s everywhere: cut each second while the token still runs, and out for good within a minute', async (_what, prepare) => {
    const { client, bearer, act } = await prepare()
    const { token } = await client.rest.realtime.connectionToken()
    const issued = performance.now()
    const other = await cluster.service('acme').rest.realtime.connectionToken()
    const open = (own: string) => async (url: string): ReturnType<typeof openRawSocket> => {
      const socket = await openRawSocket(url)
      expect(await socket.ask({ connect: { token: own } })).toHaveProperty('connect')
      return socket
    }
    const [sockets, others] = [await Promise.all(urls.nodes.map(open(token))), await Promise.all(urls.nodes.map(open(other.token)))]
    await act()
    await until(() => sockets.every(({ closed }) => closed), { timeoutMs: CUT_MS, what: 'the cut on both nodes' })
    expect(sockets.map(({ closed }) => closed?.code)).toEqual([FORCED, FORCED])
    for (const url of urls.services) {
      await until(async () => (await fetch(`${url}/v1/session`, { headers: { authorization: `Bearer ${bearer}` } })).status === 401, { timeoutMs: CUT_MS, everyMs: 50, what: `a refusal of ${url}` })
    }
    const cuts = await Promise.all(urls.nodes.map(url => comeBackUntilRefused(url, token)))
    expect(performance.now() - issued).toBeLessThan(TOKEN_MS + 5000)
    expect(Math.min(...cuts)).toBeGreaterThan(10)
    expect(others.map(({ closed }) => closed)).toEqual([undefined, undefined])
    for (const socket of others) socket.close()
  })

  test.concurrent('carry out each deployment once, whichever of two deployers takes it', async () => {
    const service = cluster.service('acme')
    const channel = 'tenant:acme:deployments'
    const { seq } = await service.rest.events.history({ channel })
    const owner = await cluster.person('acme', { role: 'owner' })
    const ids = await Promise.all(Array.from({ length: 6 }, async (_, index) => (await owner.rest.deployments.create('acme', { instanceType: 'netbox', name: `Once ${index}` })).deploymentId))
    const events = (): Promise<Envelope[]> => service.rest.events.history({ channel, after: seq, limit: 1000 }).then(({ events: found }) => found)
    // The command's own `deployment_start` is a person's.
    const of = (found: Envelope[], id: string, type: string): number => found.filter(event => event.type === type && event.data['deploymentId'] === id && event.actor?.type === 'service').length
    const found = await until(async () => {
      const all = await events()
      return ids.every(id => of(all, id, 'deployment_complete') > 0) && all
    }, { timeoutMs: 150_000, everyMs: 500, what: 'six deployments' })
    for (const id of ids) {
      expect([of(found, id, 'deployment_start'), of(found, id, 'deployment_complete'), of(found, id, 'deployment_error')]).toEqual([1, 1, 0])
      const progress = found.filter(event => event.type === 'deployment_progress' && event.data['deploymentId'] === id).map(event => Number(event.data['progress']))
      expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    }
  })

  test.concurrent('sample the host once, whoever leads', async () => {
    const operator = cluster.service(null)
    const [{ token }, { tokens }] = [await operator.rest.realtime.connectionToken(), await operator.rest.realtime.subscriptionTokens(['admin:metrics'])]
    const socket = await openRawSocket(cluster.url)
    await socket.ask({ connect: { token } })
    expect(await socket.ask({ subscribe: { channel: 'admin:metrics', token: tokens['admin:metrics'] } })).toHaveProperty('subscribe')
    const seconds = (): number[] => socket.frames.flatMap(({ push }) => {
      const { pub } = (push ?? {}) as { pub?: { data: Envelope } }
      return pub ? [Number(pub.data.data['at'])] : []
    })
    await until(() => seconds().length >= 4, { timeoutMs: 55_000, what: 'four samples' })
    expect(new Set(seconds()).size).toBe(seconds().length)
    socket.close()
  })

  test.concurrent('are reached through TLS and a path: session, cookie and feed', async () => {
    const { email, password } = cluster.demo.users.find(({ tenantId, role }) => tenantId === 'acme' && role === 'manager') ?? { email: '', password: '' }
    const answer = await fetch(`${outer.url}/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password }) })
    const cookie = answer.headers.getSetCookie().find(line => line.includes('HttpOnly')) ?? ''
    expect(cookie).toMatch(/; Path=\/neo\/v1\/session;.*; Secure/)
    const headers = { cookie: cookie.split(';')[0] ?? '' }
    const refresh = (origin: string): Promise<number> => fetch(`${outer.url}/v1/session/refresh`, { method: 'POST', headers: { ...headers, origin } }).then(({ status }) => status)
    expect(await refresh('https://elsewhere.example')).toBe(403)
    expect(await refresh(new URL(outer.url).origin)).toBe(200)
    const member = await cluster.person('acme', { role: 'manager' })
    const heard: Envelope[] = []
    const feed = member.feeds.events('tenant:acme:alerts', { onSnapshot: () => undefined, onEvent: event => { heard.push(event) } })
    feed.start()
    await until(() => feed.status.state === 'live', { timeoutMs: 15_000, what: 'a live feed' })
    const { id } = await cluster.service('acme', { baseUrl: outer.url }).rest.events.publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'Through TLS' } })
    await until(() => heard.some(event => event.id === id), { timeoutMs: 10_000, what: 'the event' })
    feed.stop()
  })

  test.concurrent('keep a silent connection through both gateways for a minute, over every transport', async () => {
    const { rest } = cluster.service('acme')
    // Nothing is published there meanwhile.
    const channel = 'tenant:acme:billing'
    const getToken = async (): Promise<string> => String((await rest.realtime.subscriptionTokens([channel])).tokens[channel])
    const open = async (transport: TransportEndpoint['transport']): Promise<Listener> => {
      const endpoint = `${transport === 'websocket' ? outer.url.replace('https', 'wss') : outer.url}/connection/${transport}`
      const centrifuge = new Centrifuge([{ transport, endpoint }], { emulationEndpoint: `${outer.url}/emulation`, eventsource: EventSource, getToken: async () => (await rest.realtime.connectionToken()).token })
      const listener: Listener = { transport, losses: 0, heard: [], close: () => { centrifuge.disconnect() } }
      const subscription = centrifuge.newSubscription(channel, { getToken })
      subscription.on('publication', ({ data }) => { listener.heard.push((data as Envelope).id) }).subscribe()
      centrifuge.connect()
      await subscription.ready(15_000)
      centrifuge.on('connecting', () => { listener.losses++ })
      return listener
    }
    const listeners = await Promise.all((['websocket', 'http_stream', 'sse'] as const).map(open))
    try {
      // The time is what is tried, not something waited for.
      await sleep(IDLE_MS)
      const { id } = await rest.events.publish({ channel, type: 'billing_payment', data: { paymentId: 'idle', status: 'completed', message: 'Paid', amountMinor: 1, currency: 'EUR' } })
      await until(() => listeners.every(({ heard }) => heard.length > 0), { timeoutMs: 10_000, what: 'the event' })
      expect(listeners.map(({ transport, losses, heard }) => ({ transport, losses, heard }))).toEqual(listeners.map(({ transport }) => ({ transport, losses: 0, heard: [id] })))
    } finally {
      for (const { close } of listeners) close()
    }
  })
})
