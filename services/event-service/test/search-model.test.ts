/**
 * Searching against a model: whatever way a search takes (the newest events, a walk, the index, what the index does not have yet), it finds
 * what a filter over all events finds.
 */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { parseQuery } from '../src/history/grammar.ts'
import { startIndexer } from '../src/history/indexer.ts'
import type { Scope } from '../src/history/scope.ts'
import { searchLog, type SearchPlace } from '../src/history/search.ts'
import { openPrepared } from './prepared-database.ts'

const EVENTS = 1600
const INDEXED = 900
const alerts = 'tenant:acme:alerts'
const billing = 'tenant:acme:billing'

/** Common to rare; none is part of another or has its stem. */
const words = ['kernel', 'router', 'backup', 'switch', 'volume', 'quorum']
const severities = ['info', 'critical'] as const

const zones = ['north', 'south'] as const

/** `nth` of all, `seq` of its channel. */
interface Made { nth: number, seq: number, channel: string, words: string[], severity: string, zone: string }

/** One of so many is of another channel: so few that they are read and sorted. */
const OTHERS = 16

const events: Made[] = Array.from({ length: EVENTS }, (_, index) => ({
  nth: index + 1, ...index % OTHERS === 5 ? { seq: Math.floor(index / OTHERS) + 1, channel: billing } : { seq: index + 1 - Math.floor((index + OTHERS - 5) / OTHERS), channel: alerts },
  severity: index % 40 === 0 ? 'critical' : 'info', zone: zones[index % 3 === 0 ? 0 : 1],
  words: words.filter((_word, nth) => (index * 7919 + nth * 104_729) % (2 + nth * nth * 40) === 0),
}))

interface Term { text: string, holds: (event: Made) => boolean }

const word: fc.Arbitrary<Term> = fc.constantFrom(...words).chain(one => fc.constantFrom<Term>(
  { text: one, holds: event => event.words.includes(one) },
  { text: `"${one}"`, holds: event => event.words.includes(one) },
  { text: `${one.slice(0, 4)}*`, holds: event => event.words.includes(one) },
  { text: `-${one}`, holds: event => !event.words.includes(one) },
  { text: one.slice(0, 2), holds: event => event.words.some(other => other.includes(one.slice(0, 2))) || `all ${event.severity} ${event.zone}`.includes(one.slice(0, 2)) },
))
const field: fc.Arbitrary<Term> = fc.oneof(
  fc.constantFrom(...severities).map((severity): Term => ({ text: `severity:${severity}`, holds: event => event.severity === severity })),
  fc.constantFrom(...zones).map((zone): Term => ({ text: `host.zone:${zone}`, holds: event => event.zone === zone })),
  fc.constantFrom(...zones).map((zone): Term => ({ text: `-host.zone:${zone}`, holds: event => event.zone !== zone })),
  fc.constantFrom('alerts', 'billing').map((name): Term => ({ text: `channel:${name}`, holds: event => event.channel.endsWith(name) })),
)
const term = fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: field })
const part: fc.Arbitrary<Term> = fc.array(term, { minLength: 1, maxLength: 2 }).map(([first, second]) => first && second
  ? { text: `${first.text} OR ${second.text}`, holds: event => first.holds(event) || second.holds(event) }
  : first ?? { text: '', holds: () => true })
const query: fc.Arbitrary<Term> = fc.array(part, { minLength: 1, maxLength: 3 }).map(parts => ({
  text: parts.map(({ text }) => text).join(' '), holds: event => parts.every(({ holds }) => holds(event)),
}))
const place: fc.Arbitrary<SearchPlace | undefined> = fc.option(fc.record({ direction: fc.constantFrom('older' as const, 'newer' as const), at: fc.integer({ min: 1, max: EVENTS }) }), { nil: undefined })

const lastOf = (channel: string): number => events.filter(event => event.channel === channel).length

describe('a search', () => {
  let database: Database
  beforeAll(async () => {
    database = await openPrepared()
    const toRow = ({ nth, seq, channel, words: said, severity, zone }: Made): object => ({
      id: `019ab6e4-${String(nth).padStart(4, '0')}-7000-8000-000000000000`, tenant_id: 'acme', channel, seq, type: 'alert', time: new Date(1_764_000_000_000 + nth * 1000),
      actor: null, data: JSON.stringify({ severity, host: { zone }, message: ['all', ...said].join(' ') }),
    })
    await database.inSystem(async tx => {
      await tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).onConflict(conflict => conflict.doNothing()).execute()
      await tx.insertInto('channels').values([{ name: alerts, tenant_id: 'acme', seq: INDEXED }, { name: billing, tenant_id: 'acme', seq: lastOf(billing) }]).execute()
      for (let start = 0; start < EVENTS; start += 400) await tx.insertInto('events').values(events.slice(start, start + 400).map(toRow) as never).execute()
    })
    // What comes after that is not indexed.
    const indexer = startIndexer({ database, delayMs: 0 })
    await database.inSystem(indexer.sweep)
    const behind = (): Promise<number> => database.inSystem(async tx => (await tx.selectFrom('channels').select('name').whereRef('seq', '>', 'indexed_seq').execute()).length)
    await vi.waitUntil(async () => await behind() === 0, { timeout: 60_000 })
    await indexer.stop()
    await database.inSystem(tx => tx.updateTable('channels').set({ seq: lastOf(alerts) }).where('name', '=', alerts).execute())
  }, 120_000)
  afterAll(() => database.close())

  const scopes: Scope[] = [
    { tenantId: 'acme', names: [alerts], prefixes: [], audited: false },
    { tenantId: 'acme', names: [billing], prefixes: [], audited: false },
    { tenantId: 'acme', names: [billing], prefixes: ['deployment:acme:'], audited: false },
    { tenantId: 'acme', names: [alerts, billing], prefixes: ['deployment:acme:'], audited: false },
  ]

  it('finds what a filter finds, from any place in both directions', async () => {
    await fc.assert(fc.asyncProperty(query, place, fc.constantFrom(...scopes), fc.integer({ min: 1, max: 60 }), async ({ text, holds }, from, scope, limit) => {
      // In a tenant the place is an identifier, in a channel a number.
      const isChannel = scope.names.length === 1 && scope.prefixes.length === 0
      const at = isChannel ? from?.at : `019ab6e4-${String(from?.at).padStart(4, '0')}-7000-8000-000000000000`
      const { found } = await database.inTenant('acme', tx => searchLog(tx, { scope, query: parseQuery(text).query, limit, place: from && { ...from, at: at ?? 0 } }), { snapshot: true })
      const placeOf = ({ nth, seq }: Made): number => isChannel ? seq : nth
      const isBeyond = (event: Made): boolean => !from || (from.direction === 'older' ? placeOf(event) < Number(from.at) : placeOf(event) > Number(from.at))
      const hits = events.filter(event => scope.names.includes(event.channel) && holds(event) && isBeyond(event)).map(({ nth }) => nth)
      const expected = from?.direction === 'newer' ? hits.slice(0, limit + 1) : hits.slice(-limit - 1)
      expect(found.map(({ id }) => Number(id.slice(9, 13)))).toEqual(expected.toReversed())
    }), { numRuns: 250 })
  }, 120_000)
})
