/**
 * Finds events. Looks through the newest first, which answers common words, and asks the index only for what that leaves open.
 * Identifiers are found as `neo_search` (see the migration), the events are then read under the tenant's policy.
 */

import { sql, type RawBuilder } from 'kysely'
import type { Tx } from '../database/database.ts'
import { inScope, toCondition, type Condition } from './conditions.ts'
import type { Query } from './grammar.ts'
import { textsOf, toPlain, type Marks } from './highlight.ts'
import type { Scope } from './scope.ts'

/** Where a page begins and in which direction it goes. */
export interface SearchPlace {
  direction: 'older' | 'newer'
  /** The `seq` (one channel) or identifier (a tenant) that the page comes after; the number of hits before it for relevance. */
  at: string | number
}

/** What to search for. */
export interface SearchOptions {
  scope: Scope
  query: Query
  limit: number
  place?: SearchPlace | undefined
}

/** Events looked through before the index is asked. */
const NEWEST = 10_000

/** Most relevant are the best of this many newest hits. */
const RANKED = 1000

interface Found {
  id: string
  /** A `seq` is a number, an identifier a text. */
  at: string | number
}

/** What is common to the steps of one search. */
interface Plan {
  condition: Condition
  scope: Condition
  /** The column whose order is the order of events: `seq` in one channel, the time-ordered identifier in a tenant. */
  key: RawBuilder<unknown>
  isPlain: boolean
}

/** Finds a page in the order of events, newest first; one more than the limit where there is more. */
export async function findNewest(tx: Tx, { scope, query, limit, place }: SearchOptions): Promise<Found[]> {
  const isChannel = scope.names.length === 1 && scope.prefixes.length === 0
  const plan: Plan = {
    condition: toCondition(query), scope: inScope(scope), key: isChannel ? sql`seq` : sql`id`, isPlain: query.kind === 'all' && query.of.length === 0,
  }
  const found = await asSearcher(tx, () => find(tx, plan, { limit: limit + 1, place }))
  return place?.direction === 'newer' ? found.reverse() : found
}

/** Finds the most relevant of the newest hits. */
export async function findRelevant(tx: Tx, options: SearchOptions): Promise<Found[]> {
  const hits = await findNewest(tx, { ...options, place: undefined, limit: RANKED - 1 })
  const skip = Number(options.place?.at ?? 0)
  const text = textsOf(options.query).map(term => term.text).join(' ')
  const { rows } = await asSearcher(tx, () => sql<{ id: string }>`
    select id from events where id = any(${hits.map(({ id }) => id)}::uuid[])
    order by ts_rank(stems, replace(neo_stem_query(${text})::text, '&', '|')::tsquery) desc, id desc limit ${options.limit + 1} offset ${skip}`.execute(tx))
  return rows.map(({ id }, index) => ({ id, at: skip + index + 1 }))
}

async function find(tx: Tx, plan: Plan, { limit, place }: { limit: number, place: SearchPlace | undefined }): Promise<Found[]> {
  const isNewer = place?.direction === 'newer'
  const order = isNewer ? sql`order by ${plan.key} asc` : sql`order by ${plan.key} desc`
  const beyond = (at: string | number | undefined): RawBuilder<unknown> => {
    if (at === undefined) return sql`true`
    return isNewer ? sql`${plan.key} > ${at}` : sql`${plan.key} < ${at}`
  }
  // Hits among the newest, and the last event looked at: only they leave the database.
  const { rows: seen } = await sql<Found & { hit: boolean, looked: string | number }>`
    with near as materialized (
      select id, ${plan.key} as at, coalesce(${plan.condition}, false) as hit from (
        select * from events where ${plan.scope} and ${beyond(place?.at)} ${order} limit ${plan.isPlain ? limit : NEWEST}) as newest),
    hits as (select id, at from near where hit ${isNewer ? sql`order by at asc` : sql`order by at desc`} limit ${limit}),
    last as (select id, at, (select count(*) from near) as looked from near ${isNewer ? sql`order by at desc` : sql`order by at asc`} limit 1)
    select id, at, true as hit, 0 as looked from hits union all select id, at, false, looked from last`.execute(tx)
  const hits = inOrder(seen.filter(({ hit }) => hit).map(toFound), isNewer)
  const last = seen.find(({ hit }) => !hit)
  if (hits.length === limit || plan.isPlain || !last || Number(last.looked) < NEWEST) return hits
  // Without `materialized` the planner may walk the order of events instead of using the index of words.
  const { rows } = await sql<Found>`with found as materialized (
      select id, ${plan.key} as at from events where ${plan.scope} and ${beyond(last.at)} and ${plan.condition})
    select id, at from found ${isNewer ? sql`order by at asc` : sql`order by at desc`} limit ${limit - hits.length}`.execute(tx)
  return [...hits, ...rows.map(toFound)]
}

/** A row as it comes from the driver, which gives a `bigint` as text. */
const toFound = ({ id, at }: Found): Found => ({ id, at: /^\d+$/.test(String(at)) ? Number(at) : at })

/** `union all` promises no order. All of one search are numbers, or all are texts. */
function inOrder(found: readonly Found[], isAscending: boolean): Found[] {
  const sorted = found.toSorted((a, b) => a.at < b.at ? -1 : 1)
  return isAscending ? sorted : sorted.reverse()
}

async function asSearcher<T>(tx: Tx, run: () => Promise<T>): Promise<T> {
  await sql`set local role neo_search`.execute(tx)
  const result = await run()
  await sql`set local role neo_app`.execute(tx)
  return result
}

/** What to mark in what was found: the texts themselves, and the stems that the database makes of words. */
export async function readMarks(tx: Tx, query: Query): Promise<Marks> {
  const texts = textsOf(query)
  const words = texts.filter(({ kind }) => kind === 'word').map(({ text }) => text)
  const { rows } = words.length === 0
    ? { rows: [] }
    : await sql<{ stem: string }>`select distinct unnest(tsvector_to_array(neo_stems(${words.join(' ')}))) as stem`.execute(tx)
  return {
    parts: texts.filter(({ kind }) => kind !== 'prefix').map(({ text }) => toPlain(text)),
    starts: [...texts.filter(({ kind }) => kind === 'prefix').map(({ text }) => toPlain(text)), ...rows.map(({ stem }) => toPlain(stem)).filter(stem => stem.length > 2)],
  }
}
