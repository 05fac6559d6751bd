import type { Deployment, LogLine } from '@neo-stack/events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../src/index.ts'
import type { Client, ClientOptions, DeploymentMap } from '../src/index.ts'
import { sign, startEngine, USER } from './kit/engine.ts'
import type { Running } from './kit/engine.ts'
import { problem, serve } from './kit/service.ts'
import type { Answer, Asked, Service } from './kit/service.ts'

const user = { id: 'u1', tenantId: 'acme', name: 'Ana', roles: ['member'], permissions: [] }
const time = '2026-01-01T00:00:00.000Z'
const deployment: Deployment = {
  deploymentId: 'd1', instanceId: 'loja', instanceType: 'odoo', kind: 'create', status: 'starting', progress: 0, logLines: 0, createdAt: time, updatedAt: time,
}
const line = (n: number): LogLine => ({ n, time, stream: 'stdout', text: `line ${n}` })

interface World extends Service, Running {
  client: Client
  state: { isRevoked: boolean, userId: string }
}

/** A service in miniature before the real engine. */
async function setUp(more: Partial<ClientOptions> = {}): Promise<World> {
  const engine = await startEngine()
  const state = { isRevoked: false, userId: 'u1' }
  const session = (): Answer => ({
    headers: { 'set-cookie': 'rt=1; Path=/v1/session; HttpOnly' },
    body: { user: { ...user, id: state.userId }, accessToken: 'access', expiresAt: new Date(Date.now() + 300_000).toISOString() },
  })
  const routes: Record<string, (asked: Asked) => Answer> = {
    'POST /v1/session': session,
    'POST /v1/session/refresh': ({ headers }) => state.isRevoked || headers.cookie !== 'rt=1' ? problem('session_expired', 401) : session(),
    'DELETE /v1/session': () => ({ status: 204 }),
    'POST /v1/realtime/connection-token': () => ({ body: { token: sign(), expiresAt: time } }),
    'POST /v1/realtime/subscription-tokens': ({ body }) =>
      ({ body: { tokens: Object.fromEntries((body as { channels: string[] }).channels.map(channel => [channel, sign({ channel })])) } }),
    'GET /v1/tenants/acme/deployments': () => ({ body: { deployments: [deployment], logEpoch: 'e', seq: 1 } }),
    'GET /v1/tenants/acme/deployments/d1/logs': () => ({ body: { lines: [line(1), line(2)], last: 2, logEpoch: 'e', seq: 1 } }),
    'GET /v1/history': () => ({ body: { events: [], logEpoch: 'e', seq: 0, oldestSeq: 0 } }),
    'GET /v1/tenants/acme/metrics': () => ({ body: { samples: [], step: 1 } }),
  }
  const service = await serve(asked => (routes[`${asked.method} ${asked.path.split('?')[0] ?? ''}`] ?? (() => problem('not_found', 404)))(asked))
  const client = createClient({
    baseUrl: service.url, realtimeUrl: engine.url, cookieJar: true, connection: { minReconnectMs: 10, maxReconnectMs: 50, lingerMs: 10 }, ...more,
  })
  onTestFinished(() => client.close())
  return { ...engine, ...service, client, state }
}

const publish = ({ engine }: Running, channel: string, { seq, type, data }: { seq: number, type: string, data: object }): void => {
  engine.publish(channel, { id: `0197a1b2-0000-7000-8000-${String(seq).padStart(12, '0')}`, type, channel, seq, logEpoch: 'e', time, data })
}

describe('feeds of the client', () => {
  test('deployments are merged live over the list', async () => {
    const world = await setUp()
    await world.client.session.signIn('ana@acme.example', 'secret')
    let map: DeploymentMap = new Map()
    const events: string[] = []
    const feed = world.client.feeds.deployments('acme', { onChange: next => { map = next }, onEvent: ({ type }, merged) => { events.push(`${type} ${merged?.progress}`) } })
    feed.start()
    await expect.poll(() => feed.status.state).toBe('live')
    publish(world, 'tenant:acme:deployments', { seq: 2, type: 'deployment_progress', data: { deploymentId: 'd1', instanceId: 'loja', progress: 55, status: 'in_progress' } })
    await expect.poll(() => map.get('d1')).toMatchObject({ instanceType: 'odoo', status: 'in_progress', progress: 55 })
    expect(events).toEqual(['deployment_progress 55'])
    expect(world.asked.find(({ path }) => path.startsWith('/v1/tenants'))?.headers.authorization).toBe('Bearer access')
  })

  test('log lines are reset once and then appended', async () => {
    const world = await setUp()
    const told: [string, number[]][] = []
    let last = 0
    const feed = world.client.feeds.deploymentLog({ tenantId: 'acme', deploymentId: 'd1' }, {
      onReset: lines => { told.push(['reset', lines.map(({ n }) => n)]) },
      onLines: lines => { told.push(['lines', lines.map(({ n }) => n)]) },
      onChange: view => { last = view.last },
    })
    feed.start()
    await expect.poll(() => feed.status.state).toBe('live')
    publish(world, 'tenant:acme:deployments:d1', { seq: 2, type: 'deployment_log', data: { deploymentId: 'd1', from: 2, lines: [line(2), line(3)] } })
    publish(world, 'tenant:acme:deployments:d1', { seq: 3, type: 'deployment_log', data: { deploymentId: 'd1', from: 3, lines: [line(3)] } })
    await expect.poll(() => last).toBe(3)
    expect(told).toEqual([['reset', [1, 2]], ['lines', [3]]])
  })

  test('alerts, metrics and any log channel are feeds of the same connection', async () => {
    const world = await setUp()
    const seen: unknown[] = []
    const handlers = { onSnapshot: () => undefined, onEvent: ({ seq }: { seq?: number | undefined }) => { seen.push(seq) }, onSample: ({ at }: { at: number }) => { seen.push(at) } }
    const feeds = [world.client.feeds.alerts('acme', handlers), world.client.feeds.tenantMetrics('acme', handlers), world.client.feeds.events('tenant:acme:activity', handlers)]
    for (const feed of feeds) feed.start()
    await expect.poll(() => feeds.map(({ status }) => status.state)).toEqual(['live', 'live', 'live'])
    publish(world, 'tenant:acme:alerts', { seq: 1, type: 'alert', data: {} })
    world.engine.publish('tenant:acme:metrics', { type: 'metrics_update', data: { at: 77 } })
    await expect.poll(() => seen).toEqual([1, 77])
    expect(world.engine.connections()).toHaveLength(1)
    expect(world.asked.filter(({ path }) => path === '/v1/realtime/subscription-tokens')).toHaveLength(1)
    for (const feed of feeds) feed.stop()
    await expect.poll(() => world.engine.channels().size).toBe(0)
  })

  test('a feed of what may not be read is denied', async () => {
    const world = await setUp()
    const feed = world.client.feeds.deployments('globex', { onChange: () => undefined })
    feed.start()
    await expect.poll(() => feed.status).toMatchObject({ state: 'denied', reason: { code: 'not_found' } })
  })
})

describe('session and connection', () => {
  test('the connection ends with the session and comes back with the next', async () => {
    const { client, engine } = await setUp()
    await client.session.signIn('ana@acme.example', 'secret')
    client.connection.connect()
    await expect.poll(() => client.connection.status.state).toBe('connected')
    await client.session.signOut()
    expect(client.connection.status.state).toBe('closed')
    await expect.poll(() => engine.stats().sockets).toBe(0)
    await client.session.signIn('ana@acme.example', 'secret')
    await expect.poll(() => client.connection.status.state).toBe('connected')
  })

  test('another person gets another connection', async () => {
    const { client, engine, state } = await setUp()
    await client.session.signIn('ana@acme.example', 'secret')
    client.connection.connect()
    await expect.poll(() => client.connection.status.state).toBe('connected')
    const before = engine.connections()[0]?.client
    state.userId = 'u2'
    await client.session.signIn('bea@acme.example', 'secret')
    await expect.poll(() => engine.connections().map(one => one.client === before)).toEqual([false])
  })

  test('a revoked session signs out', async () => {
    const { client, engine, state } = await setUp()
    await client.session.signIn('ana@acme.example', 'secret')
    client.connection.connect()
    await expect.poll(() => client.connection.status.state).toBe('connected')
    state.isRevoked = true
    engine.disconnect({ user: USER })
    await expect.poll(() => client.session.status).toEqual({ state: 'signed-out', reason: 'session_expired' })
  })

  test('the jar restores a session within one process', async () => {
    const { client, asked } = await setUp()
    await client.session.signIn('ana@acme.example', 'secret')
    expect(await client.session.renewAccessToken('access')).toBe('access')
    expect(asked.at(-1)).toMatchObject({ path: '/v1/session/refresh', body: { portal: 'api' } })
  })

  test('a service stands on its key, without a session', async () => {
    const { client, asked } = await setUp({ apiKey: 'key' })
    await client.rest.deployments.list('acme')
    expect(asked[0]?.headers.authorization).toBe('Bearer key')
    expect(client.session.status).toEqual({ state: 'unknown' })
  })

  test('closing twice ends the connection and leaves no timer', async () => {
    const { client, engine } = await setUp()
    await client.session.signIn('ana@acme.example', 'secret')
    client.connection.connect()
    await expect.poll(() => client.connection.status.state).toBe('connected')
    await client.close()
    await client.close()
    await expect.poll(() => engine.stats().sockets).toBe(0)
  })
})

test('where there is no page, an address is needed', () => {
  expect(() => createClient()).toThrow(TypeError)
  expect(() => createClient({ baseUrl: 'not an address' })).toThrow(TypeError)
})
