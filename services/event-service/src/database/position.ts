/** Where a channel's log stands. Read in the transaction of a snapshot, it says which events the snapshot holds. */

import { sql, type AliasedRawBuilder } from 'kysely'
import type { Tx } from './database.ts'

/** Position of a channel's log: newest and oldest `seq`, both 0 when it never had an event. */
export interface Position {
  logEpoch: string
  seq: number
  oldestSeq: number
}

/** The epoch of the rows it is read with, as their `log_epoch`; see {@link readPosition}. */
export const epochColumn: AliasedRawBuilder<string, 'log_epoch'> = sql<string>`(select value #>> '{}' from settings where key = 'log_epoch')`.as('log_epoch')

/**
 * Reads a channel's position. The epoch is the database's, not the process': where a backup was restored a moment ago this one may not know
 * it yet, and whoever took the restored log for the former would never ask again.
 */
export async function readPosition(tx: Tx, channel: string): Promise<Position> {
  const { rows: [row] } = await sql<{ epoch: string, seq: string | number | null, oldest: string | number | null }>`
    select value #>> '{}' as epoch, seq, oldest_seq as oldest from settings left join channels on name = ${channel} where key = 'log_epoch'`.execute(tx)
  const seq = Number(row?.seq ?? 0)
  return { logEpoch: String(row?.epoch), seq, oldestSeq: seq === 0 ? 0 : Number(row?.oldest) }
}
