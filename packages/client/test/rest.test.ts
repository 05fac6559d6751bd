import { describe, expect, test } from 'vitest'
import { ApiError, createCookieFetch, createRest } from '../src/index.ts'
import type { RequestOptions, Rest } from '../src/index.ts'
import { createManualClock } from './kit/clock.ts'
import { problem, serve } from './kit/service.ts'
import type { Asked } from './kit/service.ts'

/** Retries without waiting, so that no test sleeps. */
const instant = { now: () => 0, setTimeout: (callback: () => void, ms: number) => ms > 10_000 ? undefined : queueMicrotask(callback), clearTimeout: () => undefined }
const restOf = (baseUrl: string, more: Partial<RequestOptions> = {}): Rest => createRest({ baseUrl, clock: instant, random: () => 0, ...more })
const errorOf = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(() => undefined, reason => reason as unknown)
  expect(error).toBeInstanceOf(ApiError)
  return error as ApiError
}

describe('routes', () => {
  const of = { tenantId: 'acme', deploymentId: 'd1' }
  test.each<[string, (rest: Rest) => Promise<unknown>, string, unknown]>([
    ['signIn', rest => rest.session.signIn({ email: 'a@b.c', password: 'p' }), 'POST /v1/session', { email: 'a@b.c', password: 'p' }],
    ['refresh', rest => rest.session.refresh('tenant'), 'POST /v1/session/refresh', { portal: 'tenant' }],
    ['signOut', rest => rest.session.signOut('admin'), 'DELETE /v1/session', { portal: 'admin' }],
    ['whoAmI', rest => rest.session.whoAmI(), 'GET /v1/session', undefined],
    ['providers', rest => rest.session.providers(), 'GET /v1/session/providers', undefined],
    ['connectionToken', rest => rest.realtime.connectionToken(), 'POST /v1/realtime/connection-token', undefined],
    ['subscriptionTokens', rest => rest.realtime.subscriptionTokens(['a']), 'POST /v1/realtime/subscription-tokens', { channels: ['a'] }],
    ['publish', rest => rest.events.publish({ channel: 'c', type: 't', data: {} }), 'POST /v1/events', { channel: 'c', type: 't', data: {} }],
    ['publishBatch', rest => rest.events.publishBatch({ events: [] }), 'POST /v1/events/batch', { events: [] }],
    ['history', rest => rest.events.history({ channel: 'tenant:acme:deployments', after: 0, limit: 5 }), 'GET /v1/history?channel=tenant%3Aacme%3Adeployments&after=0&limit=5', undefined],
    ['instances', rest => rest.instances.list('acme'), 'GET /v1/tenants/acme/instances', undefined],
    ['list', rest => rest.deployments.list('acme', { status: 'failed' }), 'GET /v1/tenants/acme/deployments?status=failed', undefined],
    ['get', rest => rest.deployments.get('a/b', 'd1'), 'GET /v1/tenants/a%2Fb/deployments/d1', undefined],
    ['create', rest => rest.deployments.create('acme', { instanceType: 'odoo' }), 'POST /v1/tenants/acme/deployments', { instanceType: 'odoo' }],
    ['cancel', rest => rest.deployments.cancel('acme', 'd1'), 'POST /v1/tenants/acme/deployments/d1/cancel', undefined],
    ['retry', rest => rest.deployments.retry('acme', 'd1'), 'POST /v1/tenants/acme/deployments/d1/retry', undefined],
    ['logs', rest => rest.logs.page(of, { after: 3 }), 'GET /v1/tenants/acme/deployments/d1/logs?after=3', undefined],
    ['append', rest => rest.logs.append(of, { lines: ['x'], from: 1 }), 'POST /v1/tenants/acme/deployments/d1/logs', { lines: ['x'], from: 1 }],
    ['metrics', rest => rest.metrics.tenant('acme', { from: 1 }), 'GET /v1/tenants/acme/metrics?from=1', undefined],
    ['host metrics', rest => rest.metrics.admin(), 'GET /v1/admin/metrics', undefined],
    ['a tenant\'s lease', rest => rest.metrics.renewLease('acme'), 'PUT /v1/tenants/acme/metrics/lease', undefined],
    ['the host\'s lease', rest => rest.metrics.renewLease(undefined), 'PUT /v1/admin/metrics/lease', undefined],
    ['push', rest => rest.metrics.push('acme', { samples: [] }), 'POST /v1/tenants/acme/metrics', { samples: [] }],
    ['the operators\' rules', rest => rest.alerts.rules('platform'), 'GET /v1/admin/alert-rules', undefined],
    ['silences', rest => rest.alerts.silences('acme'), 'GET /v1/tenants/acme/alert-silences', undefined],
    ['the end of a silence', rest => rest.alerts.endSilence('acme', 's1'), 'DELETE /v1/tenants/acme/alert-silences/s1', undefined],
    ['alert', rest => rest.alerts.raise({ tenantId: null, severity: 'info', message: 'm' }), 'POST /v1/alerts', { tenantId: null, severity: 'info', message: 'm' }],
  ])('%s asks for its route', async (_, call, line, body) => {
    const service = await serve(() => ({ body: {} }))
    await call(restOf(service.url, { getAccessToken: () => 'token' }))
    expect(service.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([line])
    expect(service.asked[0]?.body).toEqual(body)
  })

  test('the raw log is text', async () => {
    const service = await serve(() => ({ text: 'one\ntwo\n', headers: { 'content-type': 'text/plain' } }))
    expect(await restOf(service.url).logs.text(of)).toBe('one\ntwo\n')
    expect(service.asked[0]?.headers.accept).toBe('text/plain')
  })
})

describe('errors', () => {
  test('a problem keeps its code, detail, paths and request id', async () => {
    const service = await serve(() => problem('invalid_request', 400, { errors: [{ path: 'name', message: 'too long' }], requestId: 'r1' }))
    expect(await errorOf(restOf(service.url).instances.list('acme'))).toMatchObject({
      code: 'invalid_request', status: 400, detail: 'It is invalid_request.', errors: [{ path: 'name', message: 'too long' }], requestId: 'r1', isTemporary: false,
    })
    expect(service.asked).toHaveLength(1)
  })

  test('an answer that is not the service\'s is not taken for one', async () => {
    const page = await serve(() => ({ status: 404, text: '<html>' }))
    expect(await errorOf(restOf(page.url).instances.list('acme'))).toMatchObject({ code: 'unexpected', status: 404 })
    const portal = await serve(() => ({ text: '<html>sign in to this network' }))
    expect(await errorOf(restOf(portal.url).instances.list('acme'))).toMatchObject({ code: 'unexpected', status: 200, isTemporary: true })
    const odd = await serve(() => problem('no_such_code', 400))
    expect(await errorOf(restOf(odd.url).instances.list('acme'))).toMatchObject({ code: 'unexpected' })
  })

  test('no connection is `network`, after the tries that are allowed', async () => {
    const service = await serve(() => ({ isCut: true }))
    expect(await errorOf(restOf(service.url).instances.list('acme'))).toMatchObject({ code: 'network', status: 0, isTemporary: true })
    expect(service.asked).toHaveLength(3)
  })

  test('no answer in time is `timeout`', async () => {
    const clock = createManualClock()
    const hanging = Promise.withResolvers<never>()
    const service = await serve(() => hanging.promise)
    const error = errorOf(restOf(service.url, { clock, timeoutMs: 500, retries: 0 }).instances.list('acme'))
    await expect.poll(() => service.asked.length).toBe(1)
    await clock.advance(499)
    await clock.advance(1)
    expect(await error).toMatchObject({ code: 'timeout', status: 0 })
  })

  test('the caller\'s abort is the caller\'s own reason', async () => {
    const service = await serve(() => Promise.withResolvers<never>().promise)
    const abort = new AbortController()
    const call = restOf(service.url).instances.list('acme', { signal: abort.signal })
    await expect.poll(() => service.asked.length).toBe(1)
    abort.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    await expect(restOf(service.url).instances.list('acme', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('repeating', () => {
  test('what is busy is tried again and the answer of the last try counts', async () => {
    const service = await serve((_, count) => count < 3 ? problem('unavailable', 503) : { body: { instances: [] } })
    expect(await restOf(service.url).instances.list('acme')).toEqual({ instances: [] })
  })

  test('Retry-After is waited for, in seconds or as a date; a long one is the caller\'s to wait', async () => {
    const clock = createManualClock()
    const service = await serve((_, count) => count === 1 ? { ...problem('rate_limited', 429), headers: { 'retry-after': '7' } } : { body: {} })
    const call = restOf(service.url, { clock }).instances.list('acme')
    await expect.poll(() => clock.pending).toEqual([7000])
    await clock.advance(7000)
    await call
    const long = await serve(() => ({ ...problem('rate_limited', 429), headers: { 'retry-after': new Date(clock.now() + 60_000).toUTCString() } }))
    const error = await errorOf(restOf(long.url, { clock }).instances.list('acme'))
    expect(error.retryAfter).toBeGreaterThan(55)
    expect(error.retryAfter).toBeLessThanOrEqual(60)
    expect(long.asked).toHaveLength(1)
  })

  test('a creating call keeps one idempotency key across its tries; another call has another', async () => {
    const service = await serve((_, count) => count % 2 === 1 ? { isCut: true } : { body: {} })
    const rest = restOf(service.url)
    await rest.deployments.create('acme', { instanceType: 'odoo' })
    await rest.deployments.create('acme', { instanceType: 'odoo' })
    await rest.events.publish({ channel: 'c', type: 't', data: {}, idempotencyKey: 'mine' })
    const keys = service.asked.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).toBe(keys[3])
    expect(keys[0]).not.toBe(keys[2])
    expect(keys.slice(4)).toEqual(['mine', 'mine'])
  })

  test('what may have been done is not repeated without a key', async () => {
    const service = await serve(() => ({ isCut: true }))
    expect(await errorOf(restOf(service.url).deployments.cancel('acme', 'd1'))).toMatchObject({ code: 'network' })
    expect(await errorOf(restOf(service.url).session.signIn({ email: 'a@b.c', password: 'p' }))).toMatchObject({ code: 'network' })
    expect(service.asked).toHaveLength(2)
  })
})

describe('authorization', () => {
  const byToken = ({ headers }: Asked): { body: object } | ReturnType<typeof problem> =>
    headers.authorization === 'Bearer new' ? { body: {} } : problem('unauthenticated', 401)

  test('many 401s of one token renew it once, and every request is repeated once', async () => {
    const service = await serve(byToken)
    let token = 'old'
    const rejected: string[] = []
    const rest = restOf(service.url, {
      getAccessToken: () => token,
      renewAccessToken: async old => {
        rejected.push(old)
        await expect.poll(() => service.asked.length).toBe(5)
        return token = 'new'
      },
    })
    await Promise.all(Array.from({ length: 5 }, () => rest.instances.list('acme')))
    expect(rejected).toEqual(['old'])
    expect(service.asked).toHaveLength(10)
  })

  test('a 401 that stays is the answer, after one renewal', async () => {
    const service = await serve(() => problem('unauthenticated', 401))
    let renewals = 0
    const rest = restOf(service.url, { getAccessToken: () => 'old', renewAccessToken: () => Promise.resolve(`new ${++renewals}`) })
    expect(await errorOf(rest.instances.list('acme'))).toMatchObject({ code: 'unauthenticated', status: 401 })
    expect([renewals, service.asked.length]).toEqual([1, 2])
  })

  test('a renewal that finds no session gives the 401, and sign-in never renews', async () => {
    const service = await serve(() => problem('invalid_credentials', 401))
    let renewals = 0
    const rest = restOf(service.url, { getAccessToken: () => 'old', renewAccessToken: () => Promise.resolve(void renewals++) })
    expect(await errorOf(rest.session.signIn({ email: 'a@b.c', password: 'p' }))).toMatchObject({ code: 'invalid_credentials' })
    expect(renewals).toBe(0)
    expect(await errorOf(rest.instances.list('acme'))).toMatchObject({ status: 401 })
    expect(renewals).toBe(1)
    expect(service.asked[0]?.headers.authorization).toBeUndefined()
  })
})

describe('the cookie jar', () => {
  test('keeps, replaces, scopes and ends cookies, and says where it comes from', async () => {
    const cookies = ['rt=one; Path=/v1/session; HttpOnly; SameSite=Strict', 'rt=two; Path=/v1/session; Max-Age=60', 'rt=; Path=/v1/session; Max-Age=0']
    const service = await serve(({ method }, count) => ({ body: {}, headers: method === 'POST' ? { 'set-cookie': [cookies[count - 1] ?? 'x=y'] } : {} }))
    let now = 0
    const rest = restOf(service.url, { fetch: createCookieFetch(fetch, () => now) })
    await rest.session.refresh('api')
    await rest.session.refresh('api')
    await rest.instances.list('acme')
    await rest.session.whoAmI()
    now = 61_000
    await rest.session.whoAmI()
    expect(service.asked.map(({ headers }) => headers.cookie)).toEqual([undefined, 'rt=one', undefined, 'rt=two', undefined])
    expect(service.asked[0]?.headers.origin).toBe(service.url)
  })
})
