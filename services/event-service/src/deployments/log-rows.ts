/** SQL of log lines: they stand in the stored chunks. */

import { sql } from 'kysely'
import type { LogLine } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'

/** Which lines to read. */
export interface LogQuery {
  /** Lines above this number. @default the last `limit` lines */
  after?: number | undefined
  limit: number
  /** No line above this number. @default the last one */
  to?: number | undefined
  /** Only lines that contain this, upper or lower case. */
  grep?: string | undefined
}

/** Selects lines of a log's channel, oldest first; `last` is the number of its last line. */
export async function selectLines(tx: Tx, channel: string, { after, limit, last, to = last, grep }: LogQuery & { last: number }): Promise<LogLine[]> {
  const floor = after ?? (grep === undefined ? Math.max(0, Math.min(to, last) - limit) : 0)
  const downwards = after === undefined
  const { rows } = await sql<{ line: LogLine }>`
    select line from events, jsonb_array_elements(data -> 'lines') line
    where channel = ${channel} and type = 'deployment_log'
      and (data ->> 'from')::bigint >= ${await chunkOf(tx, channel, floor + 1)} ${grep === undefined ? sql`and (data ->> 'from')::bigint <= ${Math.min(floor + limit, to)}` : sql``}
      and (line ->> 'n')::bigint > ${floor} and (line ->> 'n')::bigint <= ${to} ${grep === undefined ? sql`` : sql`and ${contains(grep)}`}
    order by (line ->> 'n')::bigint ${downwards ? sql`desc` : sql`asc`} limit ${limit}`.execute(tx)
  const lines = rows.map(row => row.line)
  return downwards ? lines.reverse() : lines
}

/** Number of the last line before a time; 0 when there is none. */
export async function lineBefore(tx: Tx, channel: string, since: string): Promise<number> {
  const { rows } = await sql<{ n: number | string | null }>`
    select (data ->> 'from')::bigint - 1 + (
      select count(*) from jsonb_array_elements(data -> 'lines') line where (line ->> 'time')::timestamptz < ${since}::timestamptz
    ) as n from events
    where channel = ${channel} and type = 'deployment_log' and (data -> 'lines' -> 0 ->> 'time')::timestamptz < ${since}::timestamptz
    order by (data ->> 'from')::bigint desc limit 1`.execute(tx)
  return Number(rows[0]?.n ?? 0)
}

/** Number of the first line of the chunk that holds a line. */
async function chunkOf(tx: Tx, channel: string, line: number): Promise<number> {
  const { rows } = await sql<{ from: number | string }>`
    select (data ->> 'from')::bigint as from from events
    where channel = ${channel} and type = 'deployment_log' and (data ->> 'from')::bigint <= ${line}
    order by (data ->> 'from')::bigint desc limit 1`.execute(tx)
  return Number(rows[0]?.from ?? 1)
}

/** The collation knows the case of letters beyond ASCII, which the database's own may not. */
function contains(text: string): ReturnType<typeof sql<boolean>> {
  return sql<boolean>`strpos(lower((line ->> 'text') collate "und-x-icu"), lower(${text}::text collate "und-x-icu")) > 0`
}
