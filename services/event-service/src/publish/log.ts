/** The event log's SQL: locking channels, numbering, inserting, and answers kept for idempotency. */

import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'
import { encodeData, encodeWith } from './encoded.ts'
import type { PendingEvent } from './projection.ts'

/** An event with its number, ready to insert. */
export interface NumberedEvent extends PendingEvent {
  seq: number
}

/** How long an idempotency key answers with the first result. */
const IDEMPOTENCY_HOURS = 24

/** An answer that was given under an idempotency key. */
export interface KeptAnswer {
  scope: string
  key: string
  bodyHash: string
  answer: unknown
}

/**
 * Creates the channels that are missing and locks all of them, in the order of names so that two transactions never wait for
 * each other. Whoever holds the lock owns the next `seq`.
 * @returns the last `seq` per channel
 */
export async function lockChannels(tx: Tx, tenantId: string, names: readonly string[]): Promise<Map<string, number>> {
  const sorted = [...new Set(names)].sort()
  if (sorted.length === 0) return new Map()
  const locked = await lockExisting(tx, sorted)
  if (locked.size === sorted.length) return locked
  await tx.insertInto('channels').values(sorted.map(name => ({ name, tenant_id: tenantId }))).onConflict(conflict => conflict.doNothing()).execute()
  return await lockExisting(tx, sorted)
}

async function lockExisting(tx: Tx, names: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.selectFrom('channels').select(['name', 'seq']).where('name', 'in', names).orderBy('name').forUpdate().execute()
  return new Map(rows.map(row => [row.name, Number(row.seq)]))
}

/** Inserts numbered events, as one parameter, and moves their channels' `seq`. Their words follow (history/indexer.ts). */
export async function appendEvents(tx: Tx, events: readonly NumberedEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(toRow)
  const moved = [...Map.groupBy(rows, row => row.channel)].map(([name, own]) =>
    sql`(${name}::text, ${own.at(-1)?.seq}::bigint, ${own.reduce((sum, row) => sum + row.size, 0)}::bigint, ${own[0]?.time}::timestamptz)`)
  // One statement: on PGlite each costs as much as several rows.
  await sql`with added as (
      insert into events (id, tenant_id, channel, seq, type, time, actor, data, size, traceparent)
      select id, tenant_id, channel, seq, type, time, actor, data, size, traceparent
      from json_to_recordset(${`[${rows.map(({ data, ...row }) => encodeWith(row, data)).join(',')}]`}::json) as row (id uuid, tenant_id text, channel text, seq bigint, type text,
        time timestamptz, actor jsonb, data jsonb, size integer, traceparent text))
    update channels set seq = moved.seq, bytes = channels.bytes + moved.bytes, oldest_time = coalesce(channels.oldest_time, moved.time)
    from (values ${sql.join(moved)}) as moved (name, seq, bytes, time) where channels.name = moved.name`.execute(tx)
}

/** A row of `events` as it is inserted. */
interface NewRow {
  id: string
  tenant_id: string
  channel: string
  seq: number
  type: string
  time: string
  actor: unknown
  data: Record<string, unknown>
  size: number
  traceparent?: string
}

const toRow = (event: NumberedEvent): NewRow => ({
  id: event.id, tenant_id: event.channel.tenantId, channel: event.channel.name, seq: event.seq, type: event.type, time: event.time,
  actor: event.actor, data: event.data, size: Buffer.byteLength(encodeData(event.data)),
  ...event.traceparent !== undefined && { traceparent: event.traceparent },
})

/** Looks up answers younger than {@link IDEMPOTENCY_HOURS}; forgets older ones under the same keys. */
export async function findAnswers(tx: Tx, tenantId: string, keys: readonly { scope: string, key: string }[]): Promise<KeptAnswer[]> {
  if (keys.length === 0) return []
  const pairs = sql.join(keys.map(({ scope, key }) => sql`(${scope}, ${key})`))
  await sql`delete from idempotency_keys where tenant_id = ${tenantId} and (scope, key) in (${pairs})
    and created_at < now() - make_interval(hours => ${IDEMPOTENCY_HOURS})`.execute(tx)
  const rows = await tx.selectFrom('idempotency_keys').select(['scope', 'key', 'body_hash', 'answer'])
    .where('tenant_id', '=', tenantId).where(sql<boolean>`(scope, key) in (${pairs})`).execute()
  return rows.map(row => ({ scope: row.scope, key: row.key, bodyHash: row.body_hash, answer: row.answer }))
}

/** Keeps answers under their keys. */
export async function keepAnswers(tx: Tx, tenantId: string, answers: readonly KeptAnswer[]): Promise<void> {
  if (answers.length === 0) return
  await tx.insertInto('idempotency_keys').values(answers.map(({ scope, key, bodyHash, answer }) => ({
    tenant_id: tenantId, scope, key, body_hash: bodyHash, answer: JSON.stringify(answer),
  }))).execute()
}

/** Forgets answers older than {@link IDEMPOTENCY_HOURS}, a batch at a time. @returns how many were forgotten */
export async function purgeAnswers(tx: Tx, batch: number): Promise<number> {
  const { numAffectedRows } = await sql`delete from idempotency_keys where ctid in (select ctid from idempotency_keys
    where created_at < now() - make_interval(hours => ${IDEMPOTENCY_HOURS}) limit ${batch})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
