/** The event log's SQL: locking channels, numbering, inserting, and answers kept for idempotency. */

import { sql, type RawBuilder } from 'kysely'
import type { Tx } from '../database/database.ts'
import { PREPARED } from '../database/prepared.ts'
import { encodeData } from './encoded.ts'
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
  const { rows } = await sql<{ name: string, seq: string | number }>`${PREPARED} select name, seq from channels where name = any(${names}::text[]) order by name for update`.execute(tx)
  return new Map(rows.map(row => [row.name, Number(row.seq)]))
}

/** Inserts numbered events and moves their channels' `seq`. Their words follow (history/indexer.ts). */
export async function appendEvents(tx: Tx, events: readonly NumberedEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(({ id, seq, time, channel, data }) => ({ id, seq, time, channel: channel.name, json: encodeData(data), size: Buffer.byteLength(encodeData(data)) }))
  const { shared, places } = toShared(events)
  const list = (items: readonly (string | number)[]): RawBuilder<unknown> => sql`unnest(string_to_array(${items.join(',')}, ','))`
  const moved = [...Map.groupBy(rows, row => row.channel)].map(([name, own]) =>
    ({ name, seq: own.at(-1)?.seq, bytes: own.reduce((sum, row) => sum + row.size, 0), time: own[0]?.time }))
  // One statement: on PGlite each costs as much as several rows. Lists beside each other, and what events share only once: reading a JSON
  // object for each event cost a third of the insert.
  await sql`${PREPARED} with added as (
      insert into events (id, tenant_id, channel, seq, type, time, actor, data, size, traceparent)
      select id::uuid, tenant_id, channel, seq::bigint, type, time::timestamptz, actor, data, size::integer, traceparent
      from rows from (${list(rows.map(({ id }) => id))}, ${list(rows.map(({ seq }) => seq))}, ${list(rows.map(({ time }) => time))}, ${list(rows.map(({ size }) => size))}, ${list(places)},
        jsonb_array_elements(${`[${rows.map(({ json }) => json).join(',')}]`}::jsonb)) as row (id, seq, time, size, place, data)
      join json_to_recordset(${JSON.stringify(shared)}::json) as shared (place text, tenant_id text, channel text, type text, actor jsonb, traceparent text) using (place))
    update channels set seq = moved.seq, bytes = channels.bytes + moved.bytes, oldest_time = coalesce(channels.oldest_time, moved.time)
    from json_to_recordset(${JSON.stringify(moved)}::json) as moved (name text, seq bigint, bytes bigint, time timestamptz) where channels.name = moved.name`.execute(tx)
}

/** What events have in common, each once, and where in it each event finds its own. */
function toShared(events: readonly NumberedEvent[]): { shared: object[], places: number[] } {
  const shared: object[] = []
  const known = new Map<string, number>()
  const find = ({ channel: { name, tenantId }, type, actor, traceparent }: NumberedEvent): number => {
    const key = JSON.stringify([name, type, actor, traceparent])
    const place = known.get(key) ?? shared.push({ place: String(shared.length), tenant_id: tenantId, channel: name, type, actor, traceparent }) - 1
    known.set(key, place)
    return place
  }
  const places: number[] = []
  // Those of a batch are alike.
  for (const [index, event] of events.entries()) places.push(index > 0 && isLike(event, events[index - 1]) ? places[index - 1] ?? 0 : find(event))
  return { shared, places }
}

const isLike = (one: NumberedEvent, other: NumberedEvent | undefined): boolean =>
  one.channel === other?.channel && one.type === other.type && one.actor === other.actor && one.traceparent === other.traceparent

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
