/** HistoryService: the event log of every channel that keeps one, written through the write path and read by number or time. */

import type { Channel, EventTypeName, Actor, Envelope, History } from '@neo-stack/events'
import type { Selectable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { readPosition } from '../database/position.ts'
import type { Schema } from '../database/schema.ts'
import { Problem } from '../errors.ts'
import type { Submission, WritePath } from '../publish/write-path.ts'

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

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000

/** See the head of this file. */
export class HistoryService {
  readonly #database: Database
  readonly #writePath: WritePath

  constructor(database: Database, writePath: WritePath) {
    this.#database = database
    this.#writePath = writePath
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
    const { logEpoch } = this.#database
    return this.#database.inTenant(channel.tenantId, async tx => {
      const position = await readPosition(tx, logEpoch, channel.name)
      if (range.after !== undefined && range.after < position.oldestSeq - 1) {
        throw new Problem('history_trimmed', { extra: { oldestSeq: position.oldestSeq } })
      }
      return { ...await readPage(tx, channel, { range, logEpoch }), ...position }
    }, { snapshot: true })
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

type EventRow = Selectable<Schema['events']>

function selectEvents(tx: Tx, { name }: Channel, { after, before, limit = DEFAULT_LIMIT, type, from, to }: HistoryRange): Promise<EventRow[]> {
  let select = tx.selectFrom('events').selectAll().where('channel', '=', name)
  if (after !== undefined) select = select.where('seq', '>', after)
  if (before !== undefined) select = select.where('seq', '<', before)
  if (type !== undefined) select = select.where('type', '=', type)
  if (from !== undefined) select = select.where('time', '>=', new Date(from))
  if (to !== undefined) select = select.where('time', '<=', new Date(to))
  return select.orderBy('seq', after === undefined ? 'desc' : 'asc').limit(limit).execute()
}

function toEnvelope({ id, tenant_id: tenantId, channel, seq, type, time, actor, data }: EventRow, logEpoch: string): Envelope {
  return {
    id, type: type as EventTypeName, channel, tenantId, seq: Number(seq), logEpoch, time: time.toISOString(),
    ...actor && { actor: actor satisfies Actor }, data,
  }
}
