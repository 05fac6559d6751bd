/**
 * Random probes across tenants (RELIABILITY C16): everybody of globex at every route there is, with whatever they could have learned of acme
 * in any place of the request. Nothing of acme comes back, nothing of acme changes, and nothing breaks.
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeySet } from '../src/auth/keys.ts'
import { createRevocation } from '../src/auth/revocation.ts'
import { createEmbeddedRealtime } from '../src/realtime/embedded.ts'
import { openPrepared } from './prepared-database.ts'
import { startService, type TestService } from './service.ts'

const PROBES = Number(process.env['NEO_PROBES'] ?? 20_000)
const AT_ONCE = 16
/** Stands in everything that acme says, and in nothing that is sent. */
const SECRET = 'only-acme-knows-this'
/** One of so many probes goes to the engine. */
const REALTIME_SHARE = 10

interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  required?: string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  minimum?: number
  minLength?: number
  pattern?: string
  format?: string
}

interface Operation {
  parameters?: { name: string, in: string, required?: boolean, schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

/** The same numbers for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0
    return (state >>> 8) % below
  }
}

describe('somebody of globex', () => {
  let service: TestService
  let operations: { method: string, route: string, operation: Operation }[]
  let bearers: string[]
  /** What an attacker may have learned: identifiers, never what is said under them. */
  let words: string[]
  let socket: WebSocket
  const frames: string[] = []
  const random = createRandom(20_261_126)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T

  beforeAll(async () => {
    const [database, keys] = [await openPrepared(), await createKeySet()]
    const revocation = await createRevocation({ database })
    service = await startService({ database, keys, revocation, realtime: createEmbeddedRealtime({ jwks: () => keys.jwks, isAllowed: revocation.isAllowed }), authLimits: { wrongKeysPerAddress: { points: 1e9, seconds: 1 }, signInPerAddress: { points: 1e9, seconds: 1 }, signInPerEmail: { points: 1e9, seconds: 1 } } })
    words = [...await plant(service), 'acme', 'tenant:acme:deployments', 'tenant:acme:alerts', 'tenant:acme:billing', 'tenant:acme:activity', '*', '%', '../acme', 'acme/../globex', 'ACME', 'a\u{441}me', 'globex,acme', '__proto__', '']
    bearers = [...await Promise.all(['owner', 'manager', 'member', 'viewer'].map(async role => (await service.bearer(`${role}@globex.example`)).authorization)), `Bearer ${service.keyOf('globex')}`]
    const { paths } = (await service.app.inject('/openapi.json')).json<{ paths: Record<string, Record<string, Operation>> }>()
    operations = Object.entries(paths).flatMap(([route, methods]) => Object.entries(methods).map(([method, operation]) => ({ method, route, operation })))
      // Whoever signs out has nothing left to probe with.
      .filter(({ method, route }) => !(method === 'delete' && route === '/v1/session'))
    await service.app.listen({ host: '127.0.0.1', port: 0 })
    socket = await connect()
  })
  afterAll(async () => {
    socket.close()
    await service.stop()
    await service.database.close()
  })

  async function connect(): Promise<WebSocket> {
    const { token } = (await service.app.inject({ method: 'POST', url: '/v1/realtime/connection-token', headers: { authorization: bearers[0] } })).json<{ token: string }>()
    const opened = new WebSocket(`ws://127.0.0.1:${(service.app.server.address() as AddressInfo).port}/connection/websocket`)
    opened.addEventListener('message', ({ data }) => {
      frames.push(String(data))
      if (data === '{}') opened.send('{}')
    })
    await once(opened, 'open')
    opened.send(JSON.stringify({ id: 1, connect: { token } }))
    return opened
  }

  /** A value that fits the schema, or is something of acme's where a text goes. */
  function valueOf(schema: Schema, depth = 0): unknown {
    const of = schema.anyOf ?? schema.oneOf
    if (of) return valueOf(pick(of), depth)
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return pick(schema.enum)
    const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type
    if (type === 'object' && depth < 5) return Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => random(20) > 0 && (schema.required?.includes(name) === true || random(2) === 0)).map(([name, inner]) => [name, valueOf(inner, depth + 1)]))
    if (type === 'array' && depth < 5) return Array.from({ length: 1 + random(2) }, () => valueOf(schema.items ?? {}, depth + 1))
    if (type === 'integer' || type === 'number') return (schema.minimum ?? 0) + random(20)
    if (type === 'boolean') return random(2) === 0
    return type === 'null' ? null : textOf(schema)
  }

  /** Mostly one that passes for what is asked, so that the probe comes as far as the right to it. */
  function textOf({ pattern, format, minLength = 0 }: Schema): string {
    if (format === 'date-time') return '2026-01-01T00:00:00.000Z'
    const fitting = words.filter(word => word.length >= minLength && (pattern === undefined || new RegExp(pattern, 'u').test(word)))
    return fitting.length === 0 || random(12) === 0 ? pick(words) : pick(fitting)
  }

  function requestOf({ method, route, operation }: (typeof operations)[number]): { method: 'GET', url: string, headers: Record<string, string>, payload?: string } {
    const url = route.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(name === 'tenantId' ? pick(['acme', 'acme', 'acme', 'globex', 'platform', pick(words)]) : textOf(operation.parameters?.find(one => one.name === name)?.schema ?? {})))
    const query = (operation.parameters ?? []).filter(({ in: place, required }) => place === 'query' && (required === true || random(3) === 0)).map(({ name, schema }) => `${name}=${encodeURIComponent(String(valueOf(schema)))}`)
    const schema = operation.requestBody?.content['application/json']?.schema
    const tricks = random(3) === 0 ? { 'x-tenant-id': 'acme', 'x-forwarded-host': 'acme', 'x-forwarded-for': '10.0.0.1', 'x-original-url': '/v1/tenants/acme/deployments', 'idempotency-key': 'known-to-acme' } : {}
    return {
      method: method.toUpperCase() as 'GET', url: `${url}${query.length > 0 ? `?${query.join('&')}` : ''}`,
      headers: { authorization: pick(bearers), ...tricks, ...schema && { 'content-type': 'application/json' } },
      ...schema && { payload: JSON.stringify(valueOf(schema)) },
    }
  }

  async function subscribe(id: number): Promise<string> {
    const channels = Array.from({ length: 1 + random(3) }, () => pick(words)).filter(Boolean)
    const answer = await service.app.inject({ method: 'POST', url: '/v1/realtime/subscription-tokens', headers: { authorization: pick(bearers) }, payload: { channels: channels.length > 0 ? channels : ['x'] } })
    const channel = pick(words)
    const given = Object.values(answer.json<{ tokens?: Record<string, unknown> }>().tokens ?? {}).filter(token => typeof token === 'string')
    if (socket.readyState !== WebSocket.OPEN) socket = await connect()
    socket.send(JSON.stringify({ id, [pick(['subscribe', 'history', 'presence', 'publish'])]: { channel, token: given[0] ?? '', data: { by: 'globex' }, limit: 100 } }))
    expect(given, JSON.stringify(channels)).toEqual([])
    return answer.body
  }

  it(`learns and changes nothing of acme in ${PROBES} random probes`, async () => {
    const before = await fingerprint(service)
    const leaks: string[] = []
    const faults: string[] = []
    const statuses = new Map<number, number>()
    let next = 0
    const probe = async (id: number): Promise<void> => {
      const request = requestOf(pick(operations))
      const answer = await service.app.inject(request)
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
      if ((answer.body + JSON.stringify(answer.headers)).includes(SECRET)) leaks.push(`${id}: ${request.method} ${request.url} ${request.payload ?? ''} ${answer.statusCode} ${answer.body.slice(0, 500)}`)
      if (answer.statusCode >= 500) faults.push(`${id}: ${request.method} ${request.url} ${request.payload ?? ''} ${answer.body}`)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < PROBES) {
        const id = ++next
        if (id % REALTIME_SHARE === 0) await subscribe(id + 1)
        else await probe(id)
      }
    }))
    expect(leaks).toEqual([])
    expect(faults).toEqual([])
    expect(frames.filter(frame => frame.includes(SECRET))).toEqual([])
    expect(await fingerprint(service)).toEqual(before)
    // Otherwise nobody would have knocked at anything: many must have come as far as the right to the thing.
    expect(((statuses.get(403) ?? 0) + (statuses.get(404) ?? 0)) / PROBES).toBeGreaterThan(0.3)
    expect((statuses.get(401) ?? 0) / PROBES).toBeLessThan(0.15)
    expect(operations.length).toBeGreaterThan(80)
  }, 900_000)
})

/** Fills acme with things that all say the secret; gives their identifiers. */
async function plant(service: TestService): Promise<string[]> {
  const owner = await service.bearer('owner@acme.example')
  const key = { authorization: `Bearer ${service.keyOf('acme')}` }
  const call = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object, headers = key): Promise<Record<string, unknown>> => {
    const answer = await service.app.inject({ method, url, headers: { ...headers, 'idempotency-key': `known-to-acme${url}` }, ...payload && { payload } })
    expect(answer.statusCode, `${url} ${answer.body}`).toBeLessThan(300)
    return answer.json<Record<string, unknown>>()
  }
  const path = '/v1/tenants/acme'
  const alertId = '0190b5a0-7c1e-7000-8000-0000000000aa'
  await call('POST', '/v1/events/batch', { events: [
    { channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: 'erp-1', instanceId: 'erp', instanceType: 'odoo', logs: [SECRET] } },
    { channel: 'tenant:acme:alerts', type: 'alert', data: { alertId, severity: 'critical', message: SECRET } },
    { channel: 'tenant:acme:billing', type: 'billing_payment', data: { paymentId: 'p-1', status: 'completed', message: SECRET, amountMinor: 1, currency: 'EUR' } },
    { channel: 'tenant:acme:activity', type: 'activity', data: { action: 'thing.done', target: SECRET } },
  ] })
  await call('PUT', `${path}/alert-rules`, { rules: [{ name: SECRET, metric: 'cpu', op: '>', threshold: 99, for: '10s', severity: 'info' }] }, owner)
  const { user } = await call('POST', `${path}/users`, { email: `${SECRET}@acme.example`, name: SECRET, roles: ['viewer'] }, owner) as { user: { id: string } }
  const { apiKey } = await call('POST', `${path}/api-keys`, { name: SECRET, permissions: ['deploy:read'] }, owner) as { apiKey: { id: string } }
  await call('PUT', `${path}/presence/me/connection-1`, { status: 'online', statusText: SECRET, currentPage: `/${SECRET}` }, owner)
  await call('POST', `${path}/deployments`, { instanceType: 'odoo', name: SECRET, instanceId: 'shop' })
  const { deployments } = await call('GET', `${path}/deployments`) as { deployments: { deploymentId: string }[] }
  const { items } = await call('GET', `${path}/billing/notifications`, undefined, owner) as { items: { id: string }[] }
  const { sessions } = await call('GET', `${path}/users/${user.id}/sessions`, undefined, owner) as { sessions: { id: string }[] }
  const { users } = await call('GET', `${path}/users`, undefined, owner) as { users: { id: string, email: string }[] }
  const ownerId = users.find(({ email }) => email === 'owner@acme.example')?.id ?? ''
  return [
    alertId, user.id, apiKey.id, ownerId, 'erp-1', 'erp', 'shop', 'connection-1', 'p-1', 'owner@acme.example', 'tenant:acme:deployments:erp-1', `user:acme/${ownerId}`,
    ...deployments.map(one => one.deploymentId), ...items.map(({ id }) => id), ...sessions.map(({ id }) => id),
  ]
}

/** What acme's tables say; when a key or a session was last used is not part of it. */
async function fingerprint({ database }: TestService): Promise<unknown> {
  const { rows: tables } = await database.jobs.executeSql(`
    select distinct c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = 'public' and c.relkind = 'r' and a.attname = 'tenant_id' order by 1`) as { rows: { name: string }[] }
  const each = tables.filter(({ name }) => name !== 'event_words').map(({ name }) =>
    `select '${name}' as name, count(*)::int as rows, sum(hashtextextended((to_jsonb(t) - 'last_used_at' - 'indexed_seq')::text, 0))::text as said from "${name}" t where tenant_id = 'acme'`)
  return (await database.jobs.executeSql(each.join(' union all ')) as { rows: unknown[] }).rows
}
