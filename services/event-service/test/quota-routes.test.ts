/** Every route that writes either counts against the tenant's quota or is named here with the reason why it does not. */

import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SourceSecret } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const counted = [
  'post /v1/events', 'post /v1/events/batch', 'post /v1/alerts', 'post /v1/alerts/{id}/ack',
  'post /v1/tenants/{tenantId}/deployments', 'post /v1/tenants/{tenantId}/deployments/{deploymentId}/cancel', 'post /v1/tenants/{tenantId}/deployments/{deploymentId}/retry',
  'post /v1/tenants/{tenantId}/instances/{instanceId}/redeploy', 'post /v1/tenants/{tenantId}/instances/{instanceId}/rollback', 'post /v1/tenants/{tenantId}/instances/{instanceId}/delete',
  'post /v1/tenants/{tenantId}/deployments/{deploymentId}/logs', 'post /v1/tenants/{tenantId}/metrics', 'post /v1/tenants/{tenantId}/usage', 'put /v1/tenants/{tenantId}/presence/me/{connectionId}',
  'post /v1/tenants/{tenantId}/exams', 'post /v1/tenants/{tenantId}/exams/sessions', 'post /v1/tenants/{tenantId}/exams/sessions/{sessionId}/start', 'put /v1/tenants/{tenantId}/exams/sessions/{sessionId}/answers',
  'post /v1/tenants/{tenantId}/exams/sessions/{sessionId}/submit', 'post /v1/tenants/{tenantId}/exams/sessions/{sessionId}/end',
  'post /v1/tenants/{tenantId}/exams/sessions/{sessionId}/withdraw', 'post /v1/tenants/{tenantId}/exams/sessions/{sessionId}/restore',
]

/** By what their address begins with. */
const uncounted: [prefix: string, why: string][] = [
  ['/v1/session', 'has the limit on sign-ins'],
  ['/v1/realtime/', 'signs tokens and publishes nothing'],
  ['/v1/telemetry', 'counts what browsers saw and publishes nothing'],
  ['/v1/admin/', 'is for operators, who must get in when a quota is used up'],
  ['/v1/webhooks/billing/', 'counts for the tenant that the webhook is about: see below'],
  ['/v1/tenants/{tenantId}/users', 'administration must work when a quota is used up'],
  ['/v1/tenants/{tenantId}/api-keys', 'administration must work when a quota is used up'],
  ['/v1/tenants/{tenantId}/alert-rules', 'administration must work when a quota is used up'],
  ['/v1/tenants/{tenantId}/alert-silences', 'administration must work when a quota is used up'],
  ['/v1/tenants/{tenantId}/alert-channels', 'administration must work when a quota is used up'],
  ['/v1/tenants/{tenantId}/alert-deliveries/', 'is what a person asks for once more, and publishes nothing'],
  ['/v1/tenants/{tenantId}/metrics/lease', 'says that somebody looks, and publishes nothing'],
  ['/v1/tenants/{tenantId}/billing/', 'is what a person does with their inbox, and administration'],
  ['/v1/tenants/{tenantId}/presence/me', 'is what a person chooses'],
  ['/v1/tenants/{tenantId}/history/erasures', 'makes room, and is owed to the person'],
  ['/v1/tenants/{tenantId}/deployments/preview', 'only looks'],
  ['/v1/tenants/{tenantId}/instances/{instanceId}/initial-password', 'only looks'],
]

describe('the quota of a tenant', () => {
  let service: TestService
  let routes: { method: string, route: string }[]
  let now = Date.now()
  beforeAll(async () => {
    service = await startService({ quotas: { eventsPerSecond: 1, bytesPerSecond: 1_000_000, storedBytes: 1_000_000 }, now: () => now })
    const { paths } = (await service.app.inject('/openapi.json')).json<{ paths: Record<string, object> }>()
    routes = Object.entries(paths).flatMap(([route, methods]) => Object.keys(methods).filter(method => method === 'post' || method === 'put' || method === 'patch').map(method => ({ method, route })))
  })
  afterAll(() => service.stop())

  const knock = async ({ method, route }: { method: string, route: string }): Promise<Answer> => {
    const url = route.replace('{tenantId}', 'acme').replaceAll(/\{\w+\}/g, '0190b5a0-7c1e-7000-8000-0000000000aa')
    return await service.app.inject({ method: method as 'POST', url, headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: {} })
  }

  it('is met by every route that publishes, with the time to come back, and by no other', async () => {
    expect(routes.length).toBeGreaterThan(40)
    // Two at once are allowed; the third waits, however long the rest of this takes by the wall.
    for (let count = 0; count < 3; count++) await knock({ method: 'post', route: '/v1/events' })
    const refused: string[] = []
    for (const route of routes) {
      const answer = await knock(route)
      if (answer.statusCode !== 429) continue
      refused.push(`${route.method} ${route.route}`)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(answer.headers).toMatchObject({ 'ratelimit-limit': '1', 'ratelimit-remaining': '0', 'ratelimit-reset': answer.headers['retry-after'] })
      expect(answer.json()).toMatchObject({ code: 'rate_limited', quota: 'events per second' })
    }
    expect(refused.toSorted()).toEqual(counted.toSorted())
  })

  it('is known for every route: a new one that writes is listed here', () => {
    const unlisted = routes.filter(({ method, route }) => !counted.includes(`${method} ${route}`) && !uncounted.some(([prefix]) => route.startsWith(prefix)))
    expect(unlisted).toEqual([])
  })

  it('is told with what was published', async () => {
    now += 60_000
    const answer = await service.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { tenantId: 'acme', severity: 'info', message: 'm' } })
    expect(answer.statusCode).toBe(201)
    expect(answer.headers).toMatchObject({ 'ratelimit-limit': '1', 'ratelimit-remaining': '1', 'ratelimit-reset': '0' })
  })

  it('counts each line of a log', async () => {
    now += 60_000
    const append = (): Promise<Answer> => service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments/none/logs', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { lines: ['1', '2', '3'] } }).then(answer => answer)
    expect((await append()).statusCode).toBe(404)
    expect((await append()).statusCode).toBe(429)
  })

  it('is met by webhooks, whose tenant is that of their source', async () => {
    now += 60_000
    const owner = await service.bearer('owner@acme.example')
    const { source, secret } = (await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/billing/sources', headers: owner, payload: { name: 'ERP', kind: 'standard' } })).json<SourceSecret>()
    const send = async (id: string): Promise<Answer> => {
      const body = JSON.stringify({ type: 'billing_invoice', timestamp: new Date(now).toISOString(), data: { invoiceId: id, amountMinor: 1990, currency: 'BRL', status: 'pending' } })
      const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': new Webhook(secret).sign(id, new Date(now), body) }
      return await service.app.inject({ method: 'POST', url: source.path, headers, payload: body })
    }
    const answers = [await send('w-1'), await send('w-2'), await send('w-3')]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
    expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(0)
    expect(answers[2]?.json()).toMatchObject({ code: 'rate_limited', quota: 'events per second' })
    now += 60_000
    expect((await send('w-3')).statusCode).toBe(200)
  })

  it('does not keep out what takes no space when the space is used up', async () => {
    now += 60_000
    await service.database.inSystem(tx => tx.updateTable('channels').set({ bytes: 2_000_000 }).where('tenant_id', '=', 'acme').execute())
    const headers = { authorization: `Bearer ${service.keyOf('acme')}` }
    const metrics = { cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 }
    expect((await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/metrics', headers, payload: metrics })).statusCode).toBe(201)
    const kept = await service.app.inject({ method: 'POST', url: '/v1/alerts', headers, payload: { tenantId: 'acme', severity: 'info', message: 'm' } })
    expect(kept.json()).toMatchObject({ status: 429, quota: 'stored bytes' })
  })
})

describe('the limit on sign-ins', () => {
  let service: TestService
  beforeAll(async () => { service = await startService({ authLimits: { signInPerAddress: { points: 3, seconds: 60 } } }) })
  afterAll(() => service.stop())

  it('is told with every answer, good or bad, and with the refusal', async () => {
    const signIn = async (password: string): Promise<Answer> => await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email: 'owner@acme.example', password } })
    const answers = [await signIn(service.passwordOf('owner@acme.example')), await signIn('wrong'), await signIn('wrong'), await signIn('wrong')]
    expect(answers.map(({ statusCode, headers }) => [statusCode, headers['ratelimit-limit'], headers['ratelimit-remaining']])).toEqual([[200, '3', '2'], [401, '3', '1'], [401, '3', '0'], [429, '3', '0']])
    expect(Number(answers[3]?.headers['ratelimit-reset'])).toBeGreaterThan(0)
    expect(answers[3]?.headers['retry-after']).toBe(answers[3]?.headers['ratelimit-reset'])
  })
})
