/** Where a channel's log stands. Read in the transaction of a snapshot, it says which events the snapshot holds. */

import type { Tx } from './database.ts'

/** Position of a channel's log: newest and oldest `seq`, both 0 when it never had an event. */
export interface Position {
  logEpoch: string
  seq: number
  oldestSeq: number
}

/** Reads a channel's position. */
export async function readPosition(tx: Tx, logEpoch: string, channel: string): Promise<Position> {
  const row = await tx.selectFrom('channels').select(['seq', 'oldest_seq']).where('name', '=', channel).executeTakeFirst()
  const seq = Number(row?.seq ?? 0)
  return { logEpoch, seq, oldestSeq: seq === 0 ? 0 : Number(row?.oldest_seq) }
}
