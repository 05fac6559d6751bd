/**
 * Trims the log, one channel and one batch at a time: a writer of that channel waits for that one batch, nobody else waits.
 * Readers that were further back are told so by `oldestSeq` and 410.
 */

import { familyPattern, type ChannelFamily } from '@neo-stack/events'
import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'
import { countTrimmed, cutoffOf, retention, type Retention } from './trim.ts'

/** Rules by family. */
export type RetentionRules = typeof retention

/** Rows that one batch deletes at most: some milliseconds. */
const MAX_BATCH = 500

/** Trims one batch of one channel. @returns `batch` when there may be more to trim, else less */
export async function purgeEvents(tx: Tx, batch: number, { now, rules = retention }: { now: number, rules?: RetentionRules }): Promise<number> {
  for (const [family, rule] of Object.entries(rules) as [ChannelFamily, Retention][]) {
    const due = await findDue(tx, family, cutoffOf(rule, now), rule)
    if (due) {
      await trim(tx, due, { rule, now })
      return batch
    }
  }
  return 0
}

interface DueChannel {
  name: string
  oldest_seq: number | string
}

/** A channel of a family over one of its limits. */
async function findDue(tx: Tx, family: ChannelFamily, cutoff: number, { events, bytes }: Retention): Promise<DueChannel | undefined> {
  const { rows } = await sql<DueChannel>`select name, oldest_seq from channels where name ~ ${familyPattern(family)} and seq >= oldest_seq
    and (oldest_time < ${new Date(cutoff)} ${events === undefined ? sql`` : sql`or seq - oldest_seq + 1 > ${events}`} ${bytes === undefined ? sql`` : sql`or bytes > ${bytes}`})
    limit 1`.execute(tx)
  return rows[0]
}

/** Locks the events before their channel, as the indexer does: in the other order the two would wait for each other for ever. */
async function trim(tx: Tx, due: DueChannel, options: { rule: Retention, now: number }): Promise<void> {
  const first = Number(due.oldest_seq)
  const rows = await tx.selectFrom('events').select(['seq', 'time', 'size']).where('channel', '=', due.name).where('seq', '>=', first)
    .orderBy('seq').limit(MAX_BATCH + 1).forUpdate().execute()
  const channel = await tx.selectFrom('channels').select(['seq', 'bytes', 'oldest_seq']).where('name', '=', due.name).forUpdate().executeTakeFirst()
  // Somebody else has trimmed it meanwhile; the next batch looks again.
  if (!channel || Number(channel.oldest_seq) !== first) return
  const aged = rows.slice(0, MAX_BATCH).map(({ time, size }) => ({ time: time.getTime(), size }))
  const gone = countTrimmed(aged, { events: Number(channel.seq) - first + 1, bytes: Number(channel.bytes) }, options)
  // What is due must come to an end, whatever was deleted by hand.
  if (rows.length === 0) gone.events = Number(channel.seq) - first + 1
  const deleted = await tx.deleteFrom('events').where('channel', '=', due.name).where('seq', '<', first + gone.events).returning('id').execute()
  await sql`delete from event_words where id = any(${deleted.map(({ id }) => id)}::uuid[])`.execute(tx)
  await tx.updateTable('channels').where('name', '=', due.name).set({
    oldest_seq: first + gone.events, bytes: rows.length > gone.events ? Math.max(0, Number(channel.bytes) - gone.bytes) : 0, oldest_time: rows[gone.events]?.time ?? null,
    indexed_seq: sql<number>`greatest(indexed_seq, ${first + gone.events - 1}::bigint)`,
  }).execute()
}
