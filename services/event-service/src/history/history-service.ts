/** HistoryService: the event log of every channel that keeps one, written through the write path and read by number or time. */

import type { Channel, History, SearchHit, SearchResult } from '@neo-stack/events'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { epochColumn, readPosition } from '../database/position.ts'
import { Problem } from '../errors.ts'
import { toStorable } from '../publish/storable.ts'
import { createActs } from '../publish/acts.ts'
import type { Submission, WritePath } from '../publish/write-path.ts'
import { toWords } from '../words.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import { eraseUser, type Erasure } from './erase.ts'
import { exportEvents } from './export.ts'
import { parseQuery, type Query } from './grammar.ts'
import { highlight } from './highlight.ts'
import { envelopeColumns, toEnvelope, type EpochRow, type EventRow } from './rows.ts'
import type { Scope } from './scope.ts'
import { searchLog, type SearchPlace } from './search.ts'

/** Which events to read: upwards from `after`, downwards from `before`, or the newest. */
export interface HistoryRange {
  after?: number | undefined
  before?: number | undefined
  /** @default 50, at most 1,000 */
  limit?: number | undefined
  type?: string | undefined
  /** ISO times, both included. */
  from?: string | undefined
  to?: string | undefined
}

/** What to search for in the channels of a scope. */
export interface HistorySearch {
  /** A query in the search grammar. @default everything */
  q?: string | undefined
  /** ISO times, both included. */
  from?: string | undefined
  to?: string | undefined
  type?: string | undefined
  /** @default 50, at most 200 */
  limit?: number | undefined
  cursor?: string | undefined
  /** @default 'newest' */
  order?: 'newest' | 'relevance' | undefined
}

const MAX_HITS = 200
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000

/** See the head of this file. */
export class HistoryService {
  readonly #database: Database
  readonly #writePath: WritePath
  readonly #now: () => number

  constructor(database: Database, writePath: WritePath, now: () => number = Date.now) {
    this.#database = database
    this.#writePath = writePath
    this.#now = now
  }

  /** Writes events to the log, all or nothing; resolves after the commit with the submission's answer. */
  storeMessage(submission: Submission): Promise<unknown> {
    return this.#writePath.write(submission)
  }

  /**
   * Reads a page of a channel's log, oldest first, and the channel's position, as one state of the database.
   * @throws {Problem} `unprocessable` for a channel that keeps no log, `history_trimmed` when events after `after` are gone
   */
  getHistory(channel: Channel, range: HistoryRange = {}): Promise<History> {
    if (channel.kept !== 'log') return Promise.reject(new Problem('unprocessable', { detail: `${channel.name} keeps no history.` }))
    return this.#database.inTenant(channel.tenantId, async tx => {
      const position = await readPosition(tx, channel.name)
      if (range.after !== undefined && range.after < position.oldestSeq - 1) {
        throw new Problem('history_trimmed', { extra: { oldestSeq: position.oldestSeq } })
      }
      return { ...await readPage(tx, channel, { range, logEpoch: position.logEpoch }), ...position }
    }, { snapshot: true })
  }

  /**
   * Finds events by their words, their fields and their time in the channels of a scope.
   * @throws {Problem} `invalid_request` for a query or a cursor that makes no sense
   */
  async searchHistory(scope: Scope, search: HistorySearch): Promise<SearchResult> {
    const { query, place, limit } = readSearch(search)
    return this.#database.inTenant(scope.tenantId, async tx => {
      const { found, marks } = await searchLog(tx, { scope, query, limit, place, order: search.order })
      const shown = place?.direction === 'newer' ? found.slice(-limit) : found.slice(0, limit)
      const rows = await tx.selectFrom('events').select([...envelopeColumns, epochColumn]).where(sql<boolean>`id = any(${shown.map(({ id }) => id)}::uuid[])`).execute()
      const byId = new Map(rows.map(row => [row.id, row]))
      const toHit = (row: EpochRow): SearchHit => ({ event: toEnvelope(row, row.log_epoch), highlight: highlight(toWords(row.data), marks) })
      return { hits: shown.flatMap(({ id }) => byId.get(id) ?? []).map(toHit), ...toCursors(shown, { isMore: found.length > limit, place, order: search.order }) }
    }, { snapshot: true })
  }

  /**
   * The events of a search, all of them, oldest first, as lines of JSON.
   * @throws {Problem} `invalid_request` for a query that makes no sense
   */
  exportHistory(scope: Scope, search: Omit<HistorySearch, 'limit' | 'cursor' | 'order'>): AsyncGenerator<string, void, undefined> {
    return exportEvents(this.#database, scope, readSearch(search).query)
  }

  /** Empties every event of a tenant that a person caused or is named in; numbers and times stay. @returns how many */
  eraseUser(erasure: Erasure): Promise<number> {
    return eraseUser({ database: this.#database, perform: createActs({ writePath: this.#writePath, now: this.#now }) }, erasure)
  }
}

interface ReadSearch {
  query: Query
  place: SearchPlace | undefined
  limit: number
}

function readSearch({ q = '', from, to, type, limit = DEFAULT_LIMIT, cursor }: HistorySearch): ReadSearch {
  const { query, faults } = parseQuery(toStorable(q))
  if (faults.length > 0) throw new Problem('invalid_request', { errors: faults.map(message => ({ path: 'q', message })) })
  const place = cursor === undefined ? undefined : parseCursor(cursor)
  if (cursor !== undefined && !place) throw new Problem('invalid_request', { errors: [{ path: 'cursor', message: 'is not one that a search answered' }] })
  const isEverything = query.kind === 'all' && query.of.length === 0
  const all: Query[] = [
    ...isEverything ? [] : [query],
    ...type === undefined ? [] : [{ kind: 'field' as const, field: 'type', value: type, isPrefix: false }],
    ...from === undefined ? [] : [{ kind: 'after' as const, time: from }],
    ...to === undefined ? [] : [{ kind: 'until' as const, time: to }],
  ]
  return { query: { kind: 'all', of: all }, place, limit: Math.min(limit, MAX_HITS) }
}

interface PageEnd {
  isMore: boolean
  place: SearchPlace | undefined
  order: HistorySearch['order']
}

/** `next` goes on to older (or less relevant) hits, `previous` back to newer ones: also to those that are yet to come. */
function toCursors(shown: readonly { at: string | number }[], { isMore, place, order }: PageEnd): Pick<SearchResult, 'next' | 'previous'> {
  const [first, last] = [shown[0], shown.at(-1)]
  if (!first || !last) return {}
  const isNewer = place?.direction === 'newer'
  if (order === 'relevance') return isMore ? { next: formatCursor({ direction: 'older', at: last.at }) } : {}
  return {
    ...(isMore || isNewer) && { next: formatCursor({ direction: 'older', at: last.at }) },
    previous: formatCursor({ direction: 'newer', at: first.at }),
  }
}

interface PageOptions {
  range: HistoryRange
  logEpoch: string
}

async function readPage(tx: Tx, channel: Channel, { range, logEpoch }: PageOptions): Promise<Pick<History, 'events' | 'next'>> {
  const limit = Math.min(range.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
  const upwards = range.after !== undefined
  const rows = await selectEvents(tx, channel, { ...range, limit: limit + 1 })
  const page = rows.slice(0, limit).map(row => toEnvelope(row, logEpoch))
  const next = rows.length > limit ? page.at(-1)?.seq : undefined
  return { events: upwards ? page : page.reverse(), ...next !== undefined && { next } }
}

function selectEvents(tx: Tx, { name }: Channel, { after, before, limit = DEFAULT_LIMIT, type, from, to }: HistoryRange): Promise<EventRow[]> {
  let select = tx.selectFrom('events').select(envelopeColumns).where('channel', '=', name)
  if (after !== undefined) select = select.where('seq', '>', after)
  if (before !== undefined) select = select.where('seq', '<', before)
  if (type !== undefined) select = select.where('type', '=', type)
  if (from !== undefined) select = select.where('time', '>=', new Date(from))
  if (to !== undefined) select = select.where('time', '<=', new Date(to))
  return select.orderBy('seq', after === undefined ? 'desc' : 'asc').limit(limit).execute()
}
