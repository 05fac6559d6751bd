/** Lists by name, page by page: what a person reads and searches, not a log. */

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

/** Columns of a list: what is searched, what it is ordered by (a text that never changes within a page), and what tells equals apart. */
export interface ListColumns {
  words: string
  /** Whether the words are kept without case and accents. @default false */
  isPlain?: boolean
  by: string
  id: string
  /** @default 'asc' */
  direction?: 'asc' | 'desc'
}

const cursorSchema = z.tuple([z.string(), z.string()])

/** Reads a page. @throws {Problem} `invalid_request` for a cursor that is none */
export async function listPage<DB, TB extends keyof DB, Row>(select: SelectQueryBuilder<DB, TB, Row>, { q, limit, cursor }: ListSearch, columns: ListColumns): Promise<{ rows: Row[], next?: string }> {
  const { words, isPlain = false, direction = 'asc' } = columns
  // The order of bytes is the same on every database, and for times too.
  const [by, id] = [columns.by, columns.id].map(name => sql`(${sql.ref(name)}::text collate "C")`) as [RawBuilder<unknown>, RawBuilder<unknown>]
  let query = select.select([by.as('place_by'), id.as('place_id')])
  if (q !== undefined) query = query.where(sql<boolean>`position(neo_plain(${q}) in ${isPlain ? sql.ref(words) : sql`neo_plain(${sql.ref(words)})`}) > 0`)
  if (cursor !== undefined) {
    const [lastBy, lastId] = parseCursor(cursor)
    query = query.where(direction === 'asc' ? sql<boolean>`(${by}, ${id}) > (${lastBy}, ${lastId})` : sql<boolean>`(${by}, ${id}) < (${lastBy}, ${lastId})`)
  }
  const found = await query.orderBy(by, direction).orderBy(id, direction).limit(limit + 1).execute() as (Row & { place_by: string, place_id: string })[]
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { rows, ...found.length > limit && last && { next: Buffer.from(JSON.stringify([last.place_by, last.place_id])).toString('base64url') } }
}

function parseCursor(cursor: string): [string, string] {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new Problem('invalid_request', { errors: [{ path: 'cursor', message: 'is none of ours' }], cause })
  }
}
