/** Sixty secrets through every input, and none of them in the log, the figures, the audit trail or an answer to somebody else's fault. */

import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logSerializers } from '../src/plugins/log.ts'
import { startService, type TestService } from './service.ts'

const lines: string[] = []
const logger = pino({ level: 'trace' }, { write: line => { lines.push(line) } })

/** Every secret that was made, to be looked for in the end. */
const canaries: string[] = []
const canary = (): string => {
  const made = `canary${canaries.length}${Math.random().toString(36).slice(2, 12)}x`
  canaries.push(made)
  return made
}
const jwt = (secret: string): string => `eyJhbGciOiJFUzI1NiJ9.${secret}.${secret}`

type Request = { method?: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, headers?: Record<string, string>, payload?: unknown }

/** Where a secret may stand in a request; each place gets one of its own. */
function requests(bearer: string): Request[] {
  const own = { authorization: bearer }
  const headers = ['authorization', 'cookie', 'x-api-key', 'x-request-id', 'traceparent', 'user-agent', 'referer', 'origin', 'idempotency-key', 'x-forwarded-for', 'webhook-signature', 'stripe-signature', 'if-none-match', 'accept-language', 'x-real-ip', 'forwarded']
  return [
    ...headers.map((name): Request => ({ url: '/v1/session', headers: { [name]: name === 'x-request-id' ? `neo_${canary()}${canary()}` : name === 'authorization' ? `Bearer ${canary()}` : canary() } })),
    { url: '/v1/session', headers: { authorization: `Bearer ${jwt(canary())}` } }, { url: '/v1/session', headers: { authorization: `Bearer neo_${canary()}` } },
    { url: '/v1/session', headers: { 'authorization': `Basic ${canary()}` } }, { url: '/v1/session/refresh', method: 'POST', headers: { cookie: `neo_refresh_tenant=${canary()}; neo_refresh_api=${canary()}` } },
    ...['access_token', 'token', 'api_key', 'code', 'state', 'q', 'password'].map((name): Request => ({ url: `/v1/history?channel=tenant:acme:alerts&${name}=${canary()}`, headers: own })),
    { url: `/v1/history/search?tenant=acme&q=${canary()}`, headers: own }, { url: `/v1/history?channel=${canary()}`, headers: own },
    { url: `/v1/auth/providers/none/callback?code=${canary()}&state=${canary()}` }, { url: `/metrics?token=${canary()}` }, { url: `/tenant/reset#${canary()}` },
    { url: `/${canary()}` }, { url: `/v1/${canary()}/x` }, { url: `/v1/tenants/${canary()}/deployments`, headers: own }, { url: `/v1/tenants/acme/deployments/${canary()}/logs`, headers: own },
    { url: `/connection/websocket?cf_connect=${canary()}` }, { url: `/v1/webhooks/billing/${canary()}`, method: 'POST', payload: {} },
    { url: '/v1/webhooks/billing/none', method: 'POST', payload: { secret: canary() }, headers: { 'webhook-id': canary(), 'webhook-timestamp': '1' } },
    { url: '/v1/session', method: 'POST', payload: { email: 'owner@acme.example', password: canary() } }, { url: '/v1/session', method: 'POST', payload: { email: canary(), password: canary() } },
    { url: '/v1/session', method: 'POST', payload: { email: 'owner@acme.example', [canary()]: canary() } }, { url: '/v1/session', method: 'POST', payload: `{"password":"${canary()}` },
    { url: '/v1/session', method: 'POST', payload: `<password>${canary()}</password>`, headers: { 'content-type': 'application/xml' } },
    { url: '/v1/tenants/acme/users/me/password', method: 'PUT', payload: { current: canary(), next: canary() }, headers: own },
    { url: '/v1/events', method: 'POST', payload: { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', password: canary() } }, headers: own },
    { url: '/v1/events', method: 'POST', payload: { channel: canary(), type: canary(), data: {} }, headers: own },
    { url: '/v1/telemetry', method: 'POST', payload: { token: canary() }, headers: own },
    { url: '/v1/tenants/acme/deployments', method: 'POST', payload: { instanceType: 'odoo', config: { adminPassword: canary() } }, headers: own },
    { url: '/v1/tenants/acme/billing/sources', method: 'POST', payload: { kind: 'stripe', secret: canary() }, headers: own },
  ]
}

/** Whatever a request does while the tables it needs are away: the database's errors hold the values of the statement. */
function faulty(bearer: string): Request[] {
  const own = { authorization: bearer }
  return [
    { url: '/v1/session', method: 'POST', payload: { email: `${canary()}@acme.example`, password: canary() } },
    { url: '/v1/events', method: 'POST', payload: { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: canary() }, idempotencyKey: canary() }, headers: own },
    { url: `/v1/history/search?tenant=acme&q=${canary()}`, headers: own },
    { url: '/v1/session', headers: { authorization: `Bearer neo_${canary().padEnd(43, 'x').slice(0, 43)}` } },
    { url: '/v1/session/refresh', method: 'POST', headers: { cookie: `neo_refresh_api=${canary()}` } },
  ]
}

describe('a secret', () => {
  let service: TestService
  beforeAll(async () => { service = await startService({ logger, metricsToken: canary() }) })
  afterAll(() => service.stop())

  const send = async ({ method = 'GET', url, headers = {}, payload }: Request): Promise<number> => (await service.app.inject({
    method, url, headers: { ...payload !== undefined && { 'content-type': 'application/json' }, ...headers },
    ...payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) },
  })).statusCode

  const found = (text: string): string[] => canaries.filter(one => text.includes(one))

  it('stands in no line of the log, whatever it came in by', async () => {
    const key = `Bearer ${service.keyOf('acme')}`
    canaries.push(service.keyOf('acme').slice(12), service.passwordOf('owner@acme.example'))
    const statuses = await Promise.all(requests(key).map(send))
    expect(new Set(statuses).size).toBeGreaterThan(4)
    expect(canaries.length).toBeGreaterThanOrEqual(60)
    expect(lines.length).toBeGreaterThan(2 * statuses.length - 1)
    expect(lines.filter(line => found(line).length > 0)).toEqual([])
    // The log still says what happened.
    expect(lines.some(line => line.includes('/v1/tenants/:tenantId/deployments/:deploymentId/logs'))).toBe(true)
  })

  it('stands neither in the figures nor in the audit trail', async () => {
    const metrics = await service.app.inject({ url: '/metrics', remoteAddress: '127.0.0.1' })
    expect(metrics.statusCode).toBe(200)
    expect(found(metrics.body)).toEqual([])
    const audit = await service.database.inSystem(tx => tx.selectFrom('audit').selectAll().execute())
    expect(found(JSON.stringify(audit))).toEqual([])
  })

  it('stands in nothing that is logged or told of a database that fails', async () => {
    const key = `Bearer ${service.keyOf('globex')}`
    expect(await send({ url: '/v1/session', headers: { authorization: key } })).toBe(200)
    const tables = ['users', 'sessions', 'events', 'event_words', 'api_keys', 'channels']
    for (const table of tables) await service.database.jobs.executeSql(`alter table ${table} rename to ${table}_away`)
    const before = lines.length
    const statuses = await Promise.all(faulty(key).map(send))
    for (const table of tables) await service.database.jobs.executeSql(`alter table ${table}_away rename to ${table}`)
    expect(statuses.filter(status => status >= 500).length).toBeGreaterThanOrEqual(3)
    const logged = lines.slice(before)
    expect(logged.filter(line => line.includes('request failed')).length).toBeGreaterThanOrEqual(3)
    expect(logged.filter(line => found(line).length > 0)).toEqual([])
    expect(logged.some(line => line.includes('42P01') && line.includes('"stack":"    at '))).toBe(true)
  })

  it.each([
    ['in quotes', (secret: string) => new Error(`invalid input syntax for type uuid: "${secret}"`)],
    ['in braces', (secret: string) => new TypeError(`no channel can be made of {"tenantId":"${secret}"}`)],
    ['in the address of a database', (secret: string) => new Error(`connect ECONNREFUSED postgres://neo:${secret}@db.example:5432/neo?password=${secret}`)],
    ['in an address that could not be fetched', (secret: string) => new Error('fetch failed', { cause: new Error(`https://id.example/callback?code=${secret} answered 500`) })],
    ['as a bearer', (secret: string) => new Error(`refused Bearer ${secret}`)],
    ['in the fields of a database\'s error', (secret: string) => Object.assign(new Error('duplicate key value violates unique constraint "users_email"'), { code: '23505', detail: `Key (email)=(${secret}) already exists.`, where: secret, query: secret, params: [secret] })],
    ['in quotes that end beyond what is looked at', (secret: string) => new Error(`invalid value "${secret}${'x'.repeat(5000)}"`)],
    ['in one of several', (secret: string) => new AggregateError([new Error(`'${secret}'`)], 'all failed')],
    ['as what was thrown itself', (secret: string) => secret as unknown as Error],
  ])('is taken out of an error that has it %s', (_name, make) => {
    const secret = canary()
    logger.child({}, { serializers: logSerializers }).error({ err: make(secret) }, 'failed')
    expect(lines.at(-1)).toContain('failed')
    expect(lines.at(-1)).not.toContain(secret)
  })

  it('is looked for in a long sentence without getting slow', () => {
    const started = performance.now()
    for (const text of ['{', '(', '[', '"', '()=(']) logger.child({}, { serializers: logSerializers }).error({ err: new Error(text.repeat(200_000 / text.length)) }, 'failed')
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
