/**
 * Kept events on their way to Centrifugo: rows that its PostgreSQL consumer reads, written in the transaction that logs the events.
 * Whatever dies, what was committed is delivered; `idempotency_key` and `version` keep a repeat from being seen.
 */

import { sql } from 'kysely'
import { parseChannel, type Envelope } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { namespaceNames, toPublishCommand, type PublishCommand } from './centrifugo-commands.ts'

/** Partitions of the outbox, each read in order by one node at a time: fixed, because the table refuses others and rows wait in theirs. */
export const OUTBOX_PARTITIONS = 8

/** Where Centrifugo finds the rows. */
export const OUTBOX_TABLE = 'centrifugo_outbox'

/** Where it hears of them; the payload is the partition's number. */
export const OUTBOX_NOTIFICATIONS = 'centrifugo_outbox'

/** A row of the outbox. */
export interface OutboxRow {
  payload: PublishCommand
  partition: number
}

/**
 * The row of an event. Centrifugo deletes what it refuses, so what it would refuse never becomes one.
 * @throws {TypeError} for a channel outside of the grammar or an event that its log did not number: a programming mistake
 */
export function toOutboxRow(event: Envelope): OutboxRow {
  const channel = parseChannel(event.channel)
  if (!channel || !namespaceNames.has(channel.name.slice(0, channel.name.indexOf(':'))) || event.seq === undefined || event.logEpoch === undefined) {
    throw new TypeError(`not an event for the outbox: ${event.type} on ${event.channel}`)
  }
  return { payload: toPublishCommand(event), partition: partitionOf(event.channel) }
}

/** A channel's partition, always the same one: its events stay in order. FNV-1a over the name. */
export function partitionOf(channel: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(channel)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash % OUTBOX_PARTITIONS
}

/** Writes the rows in the events' order and wakes each partition once, both when the transaction commits. */
export async function enqueueEvents(tx: Tx, events: readonly Envelope[]): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(toOutboxRow)
  await sql`with added as (
      insert into centrifugo_outbox (method, payload, partition)
      select 'publish', payload, partition from json_to_recordset(${JSON.stringify(rows)}::json) as row (payload json, partition integer)
    )
    select pg_notify(${OUTBOX_NOTIFICATIONS}, partition::text) from unnest(array[${sql.join([...new Set(rows.map(row => row.partition))])}]::integer[]) as partition`.execute(tx)
}

/** Writes something that is no event, for the canary's channel: it takes the events' way and leaves nothing behind. */
export async function enqueuePublication(tx: Tx, channel: string, data: object): Promise<void> {
  const partition = partitionOf(channel)
  await sql`with added as (insert into centrifugo_outbox (method, payload, partition) values ('publish', ${JSON.stringify({ channel, data })}, ${partition}))
    select pg_notify(${OUTBOX_NOTIFICATIONS}, ${String(partition)})`.execute(tx)
}

/** Rows that wait and the age of the oldest in seconds, 0 when none does: above some seconds nobody reads the outbox. */
export async function outboxBacklog(database: Database): Promise<{ rows: number, oldestSeconds: number }> {
  const { rows } = await database.inSystem(tx => sql<{ count: number | string, age: number | string | null }>`
    select count(*) as count, extract(epoch from clock_timestamp() - min(created_at)) as age from centrifugo_outbox`.execute(tx))
  return { rows: Number(rows[0]?.count ?? 0), oldestSeconds: Math.max(0, Number(rows[0]?.age ?? 0)) }
}
