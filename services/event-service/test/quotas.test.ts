import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { take, type Bucket } from '../src/publish/bucket.ts'
import { createQuotas } from '../src/publish/quotas.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('a token bucket', () => {
  it.each<[string, Bucket | undefined, { rate: number, cost: number, now: number }, { isAllowed: boolean, remaining: number, retryAfter: number }]>([
    ['starts full', undefined, { rate: 10, cost: 1, now: 0 }, { isAllowed: true, remaining: 19, retryAfter: 0 }],
    ['lets one through that costs more, as a debt', undefined, { rate: 10, cost: 100, now: 0 }, { isAllowed: true, remaining: 0, retryAfter: 9 }],
    ['refuses while there is a debt', { tokens: -80, at: 0 }, { rate: 10, cost: 1, now: 1000 }, { isAllowed: false, remaining: 0, retryAfter: 8 }],
    ['fills with time', { tokens: 0, at: 0 }, { rate: 10, cost: 1, now: 500 }, { isAllowed: true, remaining: 4, retryAfter: 0 }],
    ['never holds more than two seconds', { tokens: 0, at: 0 }, { rate: 10, cost: 0, now: 1e9 }, { isAllowed: true, remaining: 20, retryAfter: 0 }],
    ['gives nothing for a clock that went back', { tokens: 5, at: 1000 }, { rate: 10, cost: 1, now: 0 }, { isAllowed: true, remaining: 4, retryAfter: 0 }],
  ])('%s', (_title, bucket, asked, expected) => {
    expect(take(bucket, asked)).toMatchObject(expected)
  })

  it('never lets more through than its rate and one burst, whatever is asked when', () => {
    const asks = fc.array(fc.record({ after: fc.integer({ min: 0, max: 3000 }), cost: fc.integer({ min: 1, max: 30 }) }), { maxLength: 200 })
    fc.assert(fc.property(asks, fc.integer({ min: 1, max: 50 }), (list, rate) => {
      let [now, allowed, bucket] = [0, 0, undefined as Bucket | undefined]
      for (const { after, cost } of list) {
        now += after
        const taken = take(bucket, { rate, cost, now })
        bucket = taken.bucket
        if (taken.isAllowed) allowed += cost
      }
      expect(allowed).toBeLessThanOrEqual(rate * (2 + now / 1000) + 30)
    }))
  })

  it('lets one through again when it said so', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 100_000 }), (rate, cost) => {
      const { bucket, retryAfter } = take(undefined, { rate, cost, now: 0 })
      expect(take(bucket, { rate, cost: 1, now: retryAfter * 1000 }).isAllowed).toBe(true)
    }))
  })
})

describe('quotas while the database hangs', () => {
  const load = { events: 1, bytes: 100 }
  const limits = { eventsPerSecond: 5, bytesPerSecond: 1000, storedBytes: 1000, usedBytes: 0 }
  const never = new Promise<never>(() => undefined)

  it('refuse a tenant whose limits were never read, instead of keeping it waiting', async () => {
    const database = { inTenant: () => never } as unknown as Database
    await expect(createQuotas({ database, answerWithinMs: 20 }).take('acme', load)).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 })
  })

  it('go by the limits that were read before', async () => {
    let [offset, answer] = [0, Promise.resolve(limits) as Promise<typeof limits>]
    const database = { inTenant: () => answer } as unknown as Database
    const quotas = createQuotas({ database, answerWithinMs: 20, now: () => 1e12 + offset })
    await quotas.take('acme', load)
    offset = 5000
    answer = never
    expect(await quotas.take('acme', load)).toMatchObject({ limit: 5 })
  })
})

describe('quotas', () => {
  let service: TestService
  beforeAll(async () => {
    const now = Date.now()
    let offset = 0
    service = await startService({ quotas: { eventsPerSecond: 5, bytesPerSecond: 100_000, storedBytes: 30_000 }, now: () => now + offset })
    service.advance = ms => { offset += ms }
  })
  afterAll(() => service.stop())

  const publish = (tenantId = 'acme', message = 'm'): Promise<Answer> => service.app.inject({
    method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf(tenantId)}` },
    payload: { channel: `tenant:${tenantId}:alerts`, type: 'alert', data: { severity: 'info', message } },
  })

  it('refuse what is over the rate of a tenant, say when to come back, and leave others alone', async () => {
    const answers = []
    for (let count = 0; count < 12; count++) answers.push(await publish())
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([...Array.from({ length: 10 }, () => 201), 429, 429])
    expect(answers[0]?.headers).toMatchObject({ 'ratelimit-limit': '5', 'ratelimit-remaining': '9', 'ratelimit-reset': '0' })
    expect(answers[11]?.headers['retry-after']).toBe('1')
    expect(answers[11]?.json()).toMatchObject({ code: 'rate_limited', quota: 'events per second', limit: 5 })
    expect((await publish('globex')).statusCode).toBe(201)
    service.advance(1000)
    expect((await publish()).statusCode).toBe(201)
  })

  it('count a batch by its events, and write nothing of one that is refused', async () => {
    service.advance(10_000)
    const batch = (events: number): Promise<Answer> => service.app.inject({
      method: 'POST', url: '/v1/events/batch', headers: { authorization: `Bearer ${service.keyOf('globex')}` },
      payload: { events: Array.from({ length: events }, () => ({ channel: 'tenant:globex:alerts', type: 'alert', data: { severity: 'info', message: 'b' } })) },
    })
    expect((await batch(60)).statusCode).toBe(201)
    const refused = await batch(1)
    expect(refused.statusCode).toBe(429)
    expect(refused.headers['retry-after']).toBe('11')
    expect(Number((await service.database.inTenant('globex', tx => tx.selectFrom('channels').select('seq').executeTakeFirst()))?.seq)).toBe(61)
  })

  it('refuse more than may be kept, until something is gone or a tenant has its own limit', async () => {
    service.advance(10_000)
    for (let count = 0; count < 8; count++) await publish('acme', 'x'.repeat(1900))
    for (let count = 0; count < 8; count++) { service.advance(3000); await publish('acme', 'x'.repeat(1900)) }
    service.advance(6000)
    await publish()
    const refused = await publish()
    expect(refused.json()).toMatchObject({ status: 429, quota: 'stored bytes', limit: 30_000 })
    await service.database.inTenant('acme', tx => tx.insertInto('tenant_quotas').values({ tenant_id: 'acme', events_per_second: 7, stored_bytes: 1_000_000 }).execute())
    service.advance(6000)
    await publish()
    expect((await publish()).headers['ratelimit-limit']).toBe('7')
  })
})
