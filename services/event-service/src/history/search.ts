/**
 * Finds events. Looks at the newest first; how many of those are hits says whether going on backwards or the index is the shorter
 * way. Identifiers are found as `neo_search` (see the migrations), the events are then read under the tenant's policy.
 */

import { sql, type RawBuilder } from 'kysely'
import type { Tx } from '../database/database.ts'
import { inScope, toCondition, toIndexedCondition } from './conditions.ts'
import type { Query } from './grammar.ts'
import { textsOf, toPlain, type Marks } from './highlight.ts'
import type { Scope } from './scope.ts'
import { Problem } from '../errors.ts'
import { asksForWords, isEmpty, narrowing, ownTerms, planNext, toParts, WALKED_PART, WINDOW, type Parts } from './search-plan.ts'
import { anyWords, freshWords, indexedWords, joinWords, toFieldColumns } from './words.ts'

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

/** Most relevant are the best of this many newest hits. */
const RANKED = 1000

interface Found {
  id: string
  /** A `seq` is a number, an identifier a text. */
  at: string | number
}

/** What is common to the steps of one search. */
interface Plan {
  query: Query
  parts: Parts
  scope: Scope
  /** The column whose order is the order of events: `seq` in one channel, the time-ordered identifier in a tenant. */
  key: RawBuilder<unknown>
  limit: number
  place: SearchPlace | undefined
  log: Log
}

/** How many events there are, about. */
interface Log {
  total: number
  /** That the index has not come to. */
  late: number
  /** Whether the newest of the scope are found by going back along everything. */
  isWalked: boolean
}

/**
 * Finds what is asked for, newest or most relevant first; one more than the limit where there is more. Between {@link beginSearch} and
 * {@link endSearch} the transaction is `neo_search`, which sees every tenant's events: a failure must end it.
 */
export async function searchLog(tx: Tx, options: SearchOptions & { order?: 'newest' | 'relevance' | undefined }): Promise<{ found: Found[], marks: Marks }> {
  const found = await (options.order === 'relevance' ? findRelevant : findNewest)(tx, options)
  return { found, marks: await endSearch(tx, options.query) }
}

/** Finds a page in the order of events, newest first. Goes on as `neo_search`. */
async function findNewest(tx: Tx, { scope, query, limit, place }: SearchOptions): Promise<Found[]> {
  const isChannel = scope.names.length === 1 && scope.prefixes.length === 0
  const plan = { query, scope, place, limit: limit + 1, key: isChannel ? sql`seq` : sql`id`, parts: toParts(query) }
  const found = await find(tx, { ...plan, log: await beginSearch(tx, scope) })
  return place?.direction === 'newer' ? found.reverse() : found
}

/** Finds the most relevant of the newest hits. Goes on as `neo_search`. */
async function findRelevant(tx: Tx, options: SearchOptions): Promise<Found[]> {
  const hits = await findNewest(tx, { ...options, place: undefined, limit: RANKED - 1 })
  const skip = Number(options.place?.at ?? 0)
  const text = textsOf(options.query).map(term => term.text).join(' ')
  const { rows } = await sql<{ id: string }>`
    select id from events ${joinWords('events', options.scope.tenantId)} where id = any(${hits.map(({ id }) => id)}::uuid[])
    order by ts_rank(${anyWords.stems}, replace(neo_stem_query(${text})::text, '&', '|')::tsquery) desc, id desc limit ${options.limit + 1} offset ${skip}`.execute(tx)
  return rows.map(({ id }, index) => ({ id, at: skip + index + 1 }))
}

async function find(tx: Tx, plan: Plan): Promise<Found[]> {
  const { hits, ...seen } = await look(tx, plan)
  if (hits.length === plan.limit || isEmpty(plan.query) || seen.looked < WINDOW) return hits
  const next = planNext({ ...seen, hits: hits.length, total: plan.log.total, wanted: plan.limit })
  if (next.step === 'index') return askIndex(tx, plan)
  const walked = await walk(tx, plan, next.window)
  return walked.length === plan.limit || next.window >= plan.log.total ? walked : await askIndex(tx, plan)
}

/**
 * Measures the log and goes on as `neo_search`, in one trip: each costs as much as a small statement. Where the newest are found by going back
 * along everything, {@link look} finds sorting switched off.
 */
async function beginSearch(tx: Tx, scope: Scope): Promise<Log> {
  const { rows: [log] } = await sql<{ total: string | null, late: string | null, sorts: string }>`
    select sum(size) as total, sum(seq - indexed_seq) as late, set_config('role', 'neo_search', true),
      set_config('enable_sort', case when sum(size) filter (where ${inScope(scope)}) >= sum(size) * ${WALKED_PART}::float8 then 'off' else 'on' end, true) as sorts
    from (select name as channel, tenant_id, seq, indexed_seq, seq - oldest_seq + 1 as size from channels where tenant_id = ${scope.tenantId}) as logs`.execute(tx)
  return { total: Number(log?.total ?? 0), late: Number(log?.late ?? 0), isWalked: log?.sorts === 'off' }
}

/** Goes on as `neo_app`. @returns what to mark in what was found: the texts themselves, and the stems that the database makes of words */
async function endSearch(tx: Tx, query: Query): Promise<Marks> {
  const texts = textsOf(query)
  const words = texts.filter(({ kind }) => kind === 'word').map(({ text }) => text).join(' ')
  const { rows: [row] } = await sql<{ stems: string[] }>`select tsvector_to_array(neo_stems(${words})) as stems, set_config('role', 'neo_app', true)`.execute(tx)
  return {
    parts: texts.filter(({ kind }) => kind !== 'prefix').map(({ text }) => toPlain(text)),
    starts: [...texts.filter(({ kind }) => kind === 'prefix').map(({ text }) => toPlain(text)), ...(row?.stems ?? []).map(toPlain).filter(stem => stem.length > 2)],
  }
}

/**
 * Hits among the nearest events, how many those are, how many of them the index would come back with, and in how many the words count.
 * Sorts again after it.
 */
async function look(tx: Tx, { query, parts, scope, key, limit, place }: Plan): Promise<{ hits: Found[], indexed: number, looked: number, narrowed: number }> {
  const order = orderOf(place)
  const { rows } = await sql<Found & Record<'indexed' | 'looked' | 'narrowed', string | number> & { hit: boolean }>`
    with near as materialized (
      select id, ${key} as at, coalesce(${toCondition(parts.words, anyWords)}, false) as indexed, coalesce(${toCondition(parts.rest, anyWords)}, false) as rest,
        coalesce(${toCondition(narrowing(parts), anyWords)}, false) as narrowed
      from (select * from events where ${inScope(scope)} and ${beyond(key, place)} order by ${key} ${order} limit ${isEmpty(query) ? limit : WINDOW}) as newest
      ${joinWords('newest', scope.tenantId)}),
    hits as (select id, at from near where indexed and rest order by at ${order} limit ${limit})
    select id, at, true as hit, 0 as indexed, 0 as looked, 0 as narrowed, null as sorts from hits
    union all select null, null, false, count(*) filter (where indexed), count(*), count(*) filter (where narrowed), set_config('enable_sort', 'on', true) from near`.execute(tx)
  const counts = rows.find(({ hit }) => !hit)
  const hits = inOrder(rows.filter(({ hit }) => hit).map(toFound), place?.direction === 'newer')
  return { hits, indexed: Number(counts?.indexed ?? 0), looked: Number(counts?.looked ?? 0), narrowed: Number(counts?.narrowed ?? 0) }
}

/**
 * Goes through the nearest events until enough are found: for what is in every tenth event, say. The planner takes the channels of a scope for
 * rare, and would sort all that a tenant has. Data is looked at where nothing else says no, and once: `offset 0` keeps one query from becoming
 * part of the other.
 */
async function walk(tx: Tx, { query, scope, key, limit, place, log }: Plan, window: number): Promise<Found[]> {
  const order = orderOf(place)
  const { words, columns } = toFieldColumns(query)
  if (log.isWalked) await sql`set local enable_sort = off`.execute(tx)
  const { rows } = await sql<Found>`select id, ${key} as at from (select *${columns}
      from (select * from events where ${inScope(scope)} and ${beyond(key, place)} order by ${key} ${order} limit ${window}) as nearest
      where ${toCondition(ownTerms(query), anyWords)} order by ${key} ${order} offset 0) as read
    ${joinWords('read', scope.tenantId)} where ${toCondition(query, words)} order by ${key} ${order} limit ${limit}`.execute(tx)
  if (log.isWalked) await sql`set local enable_sort = on`.execute(tx)
  return rows.map(toFound)
}

/** Events that may be searched by their data because the index has not come to them; each costs as much as some lines of a log. */
const MAX_LATE = 100_000

/**
 * Asks the index, and looks through what it does not have yet.
 * @throws {Problem} `unavailable` when that is too much
 */
async function askIndex(tx: Tx, plan: Plan): Promise<Found[]> {
  const { parts, query, log } = plan
  if (log.late > MAX_LATE && asksForWords(query)) throw new Problem('unavailable', { retryAfter: 5, detail: 'Many events were written just now and are being indexed; search again shortly.' })
  const { rows } = await sql<Found>`${isEmpty(parts.words) ? withoutWords(plan) : withWords(plan)} order by at ${orderOf(plan.place)} limit ${plan.limit}`.execute(tx)
  return rows.map(toFound)
}

/**
 * What the index comes back with, of which the rest is asked, and what it does not have yet. Without `materialized` the planner may walk
 * the order of events instead of using the index, or read a tenant's events one by one where it takes the rest for rare. What was found is
 * put in order first: where that is the order of events, as many are read as are asked for.
 */
const withWords = ({ query, parts, scope, key, place, limit }: Plan): RawBuilder<unknown> => sql`
  with worded as materialized (select id from event_words where tenant_id = ${scope.tenantId} and ${toIndexedCondition(parts.words, indexedWords)}),
  found as (
    select id, ${key} as at from (select id from worded order by id ${orderOf(place)}) as ordered join events using (id) ${asksForWords(parts.rest) ? joinWords('events', scope.tenantId) : sql``}
    where ${inScope(scope)} and ${beyond(key, place)} and ${toCondition(parts.rest, anyWords)} order by at ${orderOf(place)} limit ${limit}),
  late as (
    select id, ${key} as at from (select name, indexed_seq from channels where tenant_id = ${scope.tenantId} and seq > indexed_seq) as behind
    join events on channel = name and seq > indexed_seq where ${inScope(scope)} and ${beyond(key, place)} and ${toCondition(query, freshWords)})
  select id, at from found union all select id, at from late`

/** No word to begin with: all that a tenant has is looked through. */
const withoutWords = ({ query, scope, key, place }: Plan): RawBuilder<unknown> => sql`
  select id, ${key} as at from events ${asksForWords(query) ? joinWords('events', scope.tenantId) : sql``}
  where ${inScope(scope)} and ${beyond(key, place)} and ${toCondition(query, anyWords)}`

const orderOf = (place: SearchPlace | undefined): RawBuilder<unknown> => place?.direction === 'newer' ? sql`asc` : sql`desc`

function beyond(key: RawBuilder<unknown>, place: SearchPlace | undefined): RawBuilder<unknown> {
  if (!place) return sql`true`
  return place.direction === 'newer' ? sql`${key} > ${place.at}` : sql`${key} < ${place.at}`
}

/** A row as it comes from the driver, which gives a `bigint` as text. */
const toFound = ({ id, at }: Found): Found => ({ id, at: /^\d+$/.test(String(at)) ? Number(at) : at })

/** `union all` promises no order. All of one search are numbers, or all are texts. */
function inOrder(found: readonly Found[], isAscending: boolean): Found[] {
  const sorted = found.toSorted((a, b) => a.at < b.at ? -1 : 1)
  return isAscending ? sorted : sorted.reverse()
}
