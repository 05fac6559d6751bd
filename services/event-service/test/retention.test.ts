import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { History } from '@neo-stack/events'
import { purgeEvents, type RetentionRules } from '../src/history/retention.ts'
import { startIndexer } from '../src/history/indexer.ts'
import { countTrimmed, retention } from '../src/history/trim.ts'
import { startService, type TestService } from './service.ts'

const DAY = 86_400_000
const aged = (days: number[], size = 10): { time: number, size: number }[] => days.map(day => ({ time: 1000 * DAY - day * DAY, size }))

describe('what retention takes', () => {
  const now = 1000 * DAY
  it.each([
    ['nothing that is young', [3, 2, 1], { days: 10 }, 0],
    ['what is older than its days', [12, 11, 9, 1], { days: 10 }, 2],
    ['what is more than its number', [4, 3, 2, 1], { days: 10, events: 3 }, 1],
    ['what is more than its bytes', [4, 3, 2, 1], { days: 10, bytes: 15 }, 3],
    ['nothing at its limits', [10], { days: 10, events: 1, bytes: 10 }, 0],
  ])('is %s', (_title, days, rule, events) => {
    expect(countTrimmed(aged(days), { events: days.length, bytes: days.length * 10 }, { rule, now })).toEqual({ events, bytes: events * 10 })
  })

  it('is always within all limits, and no more than that', () => {
    const events = fc.array(fc.record({ day: fc.integer({ min: 0, max: 20 }), size: fc.integer({ min: 0, max: 50 }) }), { maxLength: 50 })
    fc.assert(fc.property(events, fc.nat(60), fc.nat(1000), (list, maxEvents, maxBytes) => {
      const sorted = list.toSorted((a, b) => b.day - a.day).map(({ day, size }) => ({ time: now - day * DAY, size }))
      const bytes = sorted.reduce((sum, { size }) => sum + size, 0)
      const rule = { days: 10, events: maxEvents, bytes: maxBytes }
      const gone = countTrimmed(sorted, { events: sorted.length, bytes }, { rule, now })
      const isFine = (from: number): boolean => {
        const rest = sorted.slice(from)
        return rest.every(({ time }) => time >= now - 10 * DAY) && rest.length <= maxEvents && rest.reduce((sum, { size }) => sum + size, 0) <= maxBytes
      }
      expect(isFine(gone.events)).toBe(true)
      expect(gone.events === 0 || !isFine(gone.events - 1)).toBe(true)
    }))
  })

  it('keeps alerts and billing 400 days, deployments 180, their logs 30', () => {
    expect([retention.alerts?.days, retention.billing?.days, retention.deployments?.days, retention['deployment-log']?.days]).toEqual([400, 400, 180, 30])
  })
})

describe('retention', () => {
  let service: TestService
  beforeAll(async () => {
    service = await startService()
    const publish = service.publishAs({ type: 'system', id: 'test' })
    for (let count = 1; count <= 30; count++) {
      for (const tenantId of ['acme', 'globex']) await publish({ channel: `tenant:${tenantId}:alerts`, type: 'alert', data: { severity: 'info', message: `${count}` } })
    }
  })
  afterAll(() => service.stop())

  const purge = async (rules: RetentionRules, days = 0): Promise<void> => {
    while (await service.database.inSystem(tx => purgeEvents(tx, 100, { now: Date.now() + days * DAY, rules })) === 100);
  }
  const read = async (query: string): Promise<{ statusCode: number, body: History }> => {
    const answer = await service.app.inject({ url: `/v1/history?channel=tenant:acme:alerts&${query}`, headers: await service.bearer('viewer@acme.example') })
    return { statusCode: answer.statusCode, body: answer.json<History>() }
  }
  const bytesOf = (): Promise<unknown> => service.database.inTenant('acme', async tx => ({
    counted: Number((await tx.selectFrom('channels').select('bytes').where('name', '=', 'tenant:acme:alerts').executeTakeFirst())?.bytes),
    real: (await tx.selectFrom('events').select('size').where('channel', '=', 'tenant:acme:alerts').execute()).reduce((sum, { size }) => sum + size, 0),
  }))

  it('takes the oldest of each channel, counts what is left and says what is gone', async () => {
    await purge({ alerts: { days: 400, events: 12 } })
    const { body } = await read('limit=100')
    expect(body.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 12 }, (_, index) => index + 19))
    expect(body).toMatchObject({ oldestSeq: 19, seq: 30 })
    expect((await read('after=17')).statusCode).toBe(410)
    expect((await read('after=18')).statusCode).toBe(200)
    const { counted, real } = await bytesOf() as { counted: number, real: number }
    expect(counted).toBe(real)
    expect(real).toBeGreaterThan(0)
  })

  it('leaves families that have another rule alone', async () => {
    await purge({ billing: { days: 0 }, deployments: { days: 0 } }, 1)
    expect((await read('limit=100')).body.events).toHaveLength(12)
  })

  it('and the indexer never wait for each other', async () => {
    const faults: unknown[] = []
    const indexer = startIndexer({ database: service.database, onFault: error => faults.push(error), delayMs: 0, batch: 5 })
    const publish = service.publishAs({ type: 'system', id: 'test' })
    const time = new Date(service.now()).toISOString()
    for (let round = 0; round < 10; round++) {
      const published = await Promise.all(Array.from({ length: 40 }, () => publish({ channel: 'tenant:globex:alerts', type: 'alert', data: { severity: 'info', message: 'rush' } })))
      indexer.onWritten(published.map(({ id, seq }) => ({ id, seq, type: 'alert', channel: 'tenant:globex:alerts', tenantId: 'globex', time, actor: { type: 'system', id: 'test' }, data: {} })))
      await purge({ alerts: { days: 400, events: 12 } })
    }
    await indexer.stop()
    expect(faults).toEqual([])
  })

  it('empties a channel that is old, and the numbers go on', async () => {
    await purge({ alerts: { days: 1 } }, 2)
    expect((await read('')).body).toMatchObject({ events: [], seq: 30, oldestSeq: 31 })
    expect(await bytesOf()).toEqual({ counted: 0, real: 0 })
    const [after] = [await service.publishAs({ type: 'system', id: 'test' })({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'new' } })]
    expect(after.seq).toBe(31)
    expect((await read('after=30')).body.events).toHaveLength(1)
  })
})
