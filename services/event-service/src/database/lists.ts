/** Lists by name or by time, page by page: what a person reads and searches, not a log. */

import { sql, type RawBuilder, type SelectQueryBuilder } from 'kysely'
import * as z from 'zod'
import { Problem } from '../errors.ts'

/** Which rows. */
export interface ListSearch {
  /** A part of the words; case and accents don't matter. */
  q?: string | undefined
  limit: number
  /** `next` of the page before. */
  cursor?: string | undefined
}

/** Columns of a list: what is searched, what it is ordered by (which never changes within a page), and what tells equals apart. */
export interface ListColumns {
  words: string
  /** Whether the words are kept without case and accents. @default false */
  isPlain?: boolean
  by: string
  /** What `by` is: a text, in the order of its bytes and upwards, or a time, the newest first. @default 'text' */
  kind?: 'text' | 'time'
  id: string
}

/** How a kind of list is ordered: its direction, and its columns as they are compared, as they stand in a cursor and as they come back. */
interface Order {
  direction: 'asc' | 'desc'
  by: RawBuilder<unknown>
  id: RawBuilder<unknown>
  place: RawBuilder<unknown>
  after: (lastBy: string, lastId: string) => RawBuilder<boolean>
  cursor: z.ZodType<readonly [string, string]>
}

function textOrder(columns: ListColumns): Order {
  // The order of bytes is the same on every database.
  const [by, id] = [columns.by, columns.id].map(name => sql`(${sql.ref(name)}::text collate "C")`) as [RawBuilder<unknown>, RawBuilder<unknown>]
  return { direction: 'asc', by, id, place: by, after: (lastBy, lastId) => sql`(${by}, ${id}) > (${lastBy}, ${lastId})`, cursor: z.tuple([z.string(), z.string()]) }
}

/** A time as it stands in a cursor: PostgreSQL knows no year 0. */
const PLACE = /^(?!0000)\d{4}-.*\.\d{6}Z$/

function timeOrder(columns: ListColumns): Order {
  const [by, id] = [sql.ref(columns.by), sql.ref(columns.id)]
  return {
    direction: 'desc', by, id,
    // Finer than a Date is.
    place: sql`to_char(${by} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    after: (lastBy, lastId) => sql`(${by}, ${id}) < (${lastBy}::timestamptz, ${lastId}::uuid)`,
    cursor: z.tuple([z.iso.datetime().regex(PLACE), z.uuid()]),
  }
}

/** Reads a page. @throws {Problem} `invalid_request` for a cursor that is none */
export async function listPage<DB, TB extends keyof DB, Row>(select: SelectQueryBuilder<DB, TB, Row>, { q, limit, cursor }: ListSearch, columns: ListColumns): Promise<{ rows: Row[], next?: string }> {
  const { words, isPlain = false, kind = 'text' } = columns
  const order = kind === 'time' ? timeOrder(columns) : textOrder(columns)
  let query = select.select([order.place.as('place_by'), sql`${sql.ref(columns.id)}::text`.as('place_id')])
  if (q !== undefined) query = query.where(sql<boolean>`position(neo_plain(${q}) in ${isPlain ? sql.ref(words) : sql`neo_plain(${sql.ref(words)})`}) > 0`)
  if (cursor !== undefined) query = query.where(order.after(...parseCursor(cursor, order)))
  const found = await query.orderBy(order.by, order.direction).orderBy(order.id, order.direction).limit(limit + 1).execute() as (Row & { place_by: string, place_id: string })[]
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { rows, ...found.length > limit && last && { next: Buffer.from(JSON.stringify([last.place_by, last.place_id])).toString('base64url') } }
}

function parseCursor(text: string, { cursor }: Order): readonly [string, string] {
  try {
    return cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (cause) {
    throw new Problem('invalid_request', { errors: [{ path: 'cursor', message: 'is none of ours' }], cause })
  }
}
