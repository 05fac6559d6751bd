import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SearchResult } from '@neo-stack/events'
import type { Database } from '../src/database/database.ts'
import { batchOf, restAfter, startIndexer, type Indexer } from '../src/history/indexer.ts'
import { parseQuery, type Query } from '../src/history/grammar.ts'
import { asksForWords, isEmpty, planNext, toParts } from '../src/history/search-plan.ts'
import { openPrepared } from './prepared-database.ts'
import { startService, type TestService } from './service.ts'

const alerts = 'tenant:acme:alerts'

describe('the index of words', () => {
  let service: TestService
  let viewer: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    viewer = await service.bearer('viewer@acme.example')
  })
  afterAll(() => service.stop())

  const publish = async (...messages: string[]): Promise<void> => {
    const events = messages.map(message => ({ channel: alerts, type: 'alert', data: { severity: 'info', message } }))
    const answer = await service.app.inject({ method: 'POST', url: '/v1/events/batch', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { events } })
    expect(answer.statusCode).toBe(201)
  }
  const find = async (q: string): Promise<(number | undefined)[]> => {
    const answer = await service.app.inject({ url: `/v1/history/search?${new URLSearchParams({ tenant: 'acme', q }).toString()}`, headers: viewer })
    return answer.json<SearchResult>().hits.map(({ event }) => event.seq)
  }
  const countWords = async (): Promise<number> => service.database.inTenant('acme', async tx =>
    Number((await tx.selectFrom('event_words').innerJoin('events', 'events.id', 'event_words.id').where('channel', '=', alerts)
      .select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow()).count))
  const isIndexed = (): Promise<boolean> => service.database.inTenant('acme', async tx =>
    (await tx.selectFrom('channels').select('name').whereRef('seq', '>', 'indexed_seq').execute()).length === 0)

  it('follows the log, and a search finds the same before and after', async () => {
    await publish('um servidor caiu', 'nada de novo', 'o servidor voltou')
    const before = await find('servidores')
    await expect.poll(isIndexed, { timeout: 30_000 }).toBe(true)
    expect(await countWords()).toBe(3)
    expect([before, await find('servidores')]).toEqual([[3, 1], [3, 1]])
  })

  it('is asked together with what it does not have yet, far behind the newest', async () => {
    await publish('agulha antiga', ...Array.from({ length: 700 }, (_, index) => `palha ${index}`))
    expect(await find('agulha')).toEqual([4])
    await expect.poll(isIndexed, { timeout: 30_000 }).toBe(true)
    expect(await find('agulha')).toEqual([4])
  })

  it('loses the words of a person who is erased, indexed or not', async () => {
    const userId = 'b2d8a2b4-5f1e-4c0f-9d6e-0d5a3c0e9f11'
    await publish(`entrou ${userId}`)
    await expect.poll(isIndexed, { timeout: 30_000 }).toBe(true)
    await publish(`saiu ${userId}`)
    const answer = await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/history/erasures', headers: await service.bearer('owner@acme.example'), payload: { userId } })
    expect(answer.json()).toEqual({ erased: 2 })
    await expect.poll(isIndexed, { timeout: 30_000 }).toBe(true)
    expect(await find(userId)).toEqual([])
    const left = await service.database.inSystem(tx => tx.selectFrom('event_words').select('id').where('plain', 'like', `%${userId}%`).execute())
    expect(left).toEqual([])
  })
})

describe('the indexer', () => {
  let database: Database
  beforeAll(async () => { database = await openPrepared() })
  afterAll(() => database.close())

  const write = async (name: string, count: number): Promise<void> => database.inSystem(async tx => {
    await tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).onConflict(conflict => conflict.doNothing()).execute()
    await tx.insertInto('channels').values({ name, tenant_id: 'acme', seq: count }).execute()
    await tx.insertInto('events').values(Array.from({ length: count }, (_, index) => ({
      id: crypto.randomUUID(), tenant_id: 'acme', channel: name, seq: index + 1, type: 'alert', time: new Date(), actor: null, data: JSON.stringify({ message: `one ${index}` }),
    }))).execute()
  })
  const indexed = async (name: string): Promise<number> => database.inSystem(async tx =>
    Number((await tx.selectFrom('channels').select('indexed_seq').where('name', '=', name).executeTakeFirstOrThrow()).indexed_seq))

  it('takes up what a process before it left behind, batch by batch', async () => {
    await write('tenant:acme:alerts', 25)
    await write('tenant:acme:billing', 3)
    const indexer = startIndexer({ database, batch: 10, delayMs: 0 })
    await database.inSystem(indexer.sweep)
    await expect.poll(async () => [await indexed('tenant:acme:alerts'), await indexed('tenant:acme:billing')], { timeout: 30_000 }).toEqual([25, 3])
    await indexer.stop()
  })

  it('of two processes each word is kept once', async () => {
    await write('tenant:acme:activity', 60)
    const indexers: Indexer[] = [1, 2].map(() => startIndexer({ database, batch: 7, delayMs: 0 }))
    await Promise.all(indexers.map(indexer => database.inSystem(indexer.sweep)))
    await expect.poll(() => indexed('tenant:acme:activity'), { timeout: 30_000 }).toBe(60)
    await Promise.all(indexers.map(indexer => indexer.stop()))
    const rows = await database.inSystem(tx => tx.selectFrom('event_words').innerJoin('events', 'events.id', 'event_words.id').select('seq').where('channel', '=', 'tenant:acme:activity').execute())
    expect(rows.map(({ seq }) => Number(seq)).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
  })

  it('tells of a batch that failed, and the next sweep takes it up', async () => {
    await write('tenant:acme:certification', 2)
    const faults: unknown[] = []
    let isBroken = true
    const broken: Database = { ...database, inSystem: (...given) => isBroken ? Promise.reject(new Error('away')) : database.inSystem(...given) }
    const indexer = startIndexer({ database: broken, delayMs: 0, onFault: error => { faults.push(error) } })
    await database.inSystem(indexer.sweep)
    await expect.poll(() => faults.length, { timeout: 30_000 }).toBeGreaterThan(0)
    isBroken = false
    await database.inSystem(indexer.sweep)
    await expect.poll(() => indexed('tenant:acme:certification'), { timeout: 30_000 }).toBe(2)
    await indexer.stop()
  })
})

describe('after a batch the indexer', () => {
  it.each([
    ['works as long as it rests while nobody publishes', { behind: 10_000, isBusy: false }, 1],
    ['leaves the database to a burst', { behind: 10_000, isBusy: true }, 9],
    ['takes a quarter once the burst is none any more', { behind: 60_000, isBusy: true }, 3],
    ['never rests far behind', { behind: 250_001, isBusy: true }, 0],
  ])('%s', (_title, pressure, rest) => {
    expect(restAfter(pressure)).toBe(rest)
  })
})

describe('in one transaction the indexer', () => {
  it.each([
    ['takes two chunks of a log, which hold up publishers as long as two hundred alerts', 'tenant:acme:deployments:shop-1', 200, 2],
    ['takes one chunk where it is to take few', 'tenant:acme:deployments:shop-1', 10, 1],
    ['takes as many other events as it is to', 'tenant:acme:deployments', 200, 200],
  ])('%s', (_title, channel, batch, size) => {
    expect(batchOf(channel, batch)).toBe(size)
  })
})

describe('after the first look a search', () => {
  it.each([
    ['walks on for what is in every second event', { hits: 250, indexed: 250, looked: 500, total: 50_000, wanted: 1000 }, 'walk'],
    ['walks on for some dozens of what is in every twentieth', { hits: 25, indexed: 25, looked: 500, total: 50_000, wanted: 51 }, 'walk'],
    ['asks the index for what it did not see', { hits: 0, indexed: 0, looked: 500, total: 1e6, wanted: 51 }, 'index'],
    ['asks the index for what is rare', { hits: 1, indexed: 1, looked: 500, total: 50_000, wanted: 51 }, 'index'],
    ['walks on where the index would come back with most of the log', { hits: 4, indexed: 450, looked: 500, total: 50_000, wanted: 51 }, 'walk'],
    ['asks the index where that has little to look through', { hits: 10, indexed: 10, looked: 500, total: 10_000, wanted: 1000 }, 'index'],
    ['walks over all of a log that is no longer than asking the index takes', { hits: 10, indexed: 10, looked: 500, total: 1000, wanted: 1000 }, 'walk'],
    ['asks the index for a thousand of what is in every hundredth', { hits: 5, indexed: 275, looked: 500, total: 100_000, wanted: 1000 }, 'index'],
    ['walks on where words need to be looked at only here and there', { hits: 5, indexed: 275, looked: 500, total: 100_000, wanted: 1000, narrowed: 10 }, 'walk'],
    ['asks the index where what is asked beside words holds of every event', { hits: 5, indexed: 5, looked: 500, total: 50_000, wanted: 51, narrowed: 500 }, 'index'],
    ['asks the index for rare words, whatever else is asked', { hits: 1, indexed: 1, looked: 500, total: 100_000, wanted: 51, narrowed: 10 }, 'index'],
  ] as const)('%s', (_title, seen, step) => {
    expect(planNext({ narrowed: seen.looked, ...seen }).step).toBe(step)
  })

  it('never looks at the words of more events than 40,000, nor walks over more than four times as many', () => {
    const seen = fc.record({ narrowed: fc.nat(500), hits: fc.nat(500), indexed: fc.nat(500), looked: fc.constant(500), total: fc.nat(1e9), wanted: fc.integer({ min: 1, max: 1000 }) })
    fc.assert(fc.property(seen, one => {
      const next = planNext(one)
      expect(next.step === 'index' || next.window * one.narrowed / one.looked <= 40_000 && next.window <= 160_000).toBe(true)
    }))
  })
})

describe('of a query the index of words answers', () => {
  it('as much when another condition was put beside it', () => {
    const { query } = parseQuery('disk severity:critical')
    expect(toParts({ kind: 'all', of: [query, { kind: 'after', time: '2026-01-01T00:00:00Z' }] })).toEqual({
      words: { kind: 'all', of: [{ kind: 'word', text: 'disk' }] },
      rest: { kind: 'all', of: [expect.objectContaining({ field: 'severity' }), expect.objectContaining({ kind: 'after' })] },
    })
  })

  it.each([
    ['disk', ['disk'], []],
    ['disk severity:critical', ['disk'], ['severity']],
    ['disk -server "a b"', ['disk', 'not', 'a b'], []],
    ['disk OR server type:alert', ['any'], ['type']],
    ['disk OR severity:critical server', ['server'], ['any']],
    ['disk OR -server', [], ['any']],
    ['ch severity:critical', [], ['ch', 'severity']],
    ['ch disk', ['disk'], ['ch']],
    ['-disk type:alert', [], ['not', 'type']],
    ['type:alert', [], ['type']],
    ['', [], []],
  ])('%s: %j, and not %j', (text, words, rest) => {
    const toNames = (query: Query): string[] => query.kind === 'all' ? query.of.flatMap(toNames) : ['text' in query ? query.text : 'field' in query ? query.field : query.kind]
    const parts = toParts(parseQuery(text).query)
    expect([toNames(parts.words), toNames(parts.rest)]).toEqual([words, rest])
    expect(isEmpty(parts.words)).toBe(words.length === 0)
    expect(asksForWords(parts.rest)).toBe(rest.some(name => ['any', 'not', 'ch'].includes(name)))
  })
})
