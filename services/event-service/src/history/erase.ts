/** Erases a person from a tenant's log: the events stay, with their number and time, what they said does not. */

import { channelOf, type Actor } from '@neo-stack/events'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Perform } from '../publish/acts.ts'

/** Who is erased, and who asked for it. */
export interface Erasure {
  tenantId: string
  userId: string
  actor: Actor
}

/** Events of one transaction. */
const BATCH = 500

/**
 * Erases everywhere that the person acted, was named or was addressed; the event that tells of it names nobody.
 * @returns how many events were emptied
 */
export async function eraseUser({ database, perform }: { database: Database, perform: Perform }, erasure: Erasure): Promise<number> {
  const { tenantId, userId, actor } = erasure
  const { result: first } = await perform({ tenantId, actor, action: 'user.erased', target: tenantId }, {
    run: tx => eraseBatch(tx, erasure), auditDetail: () => ({ userId }),
  })
  let [erased, batch] = [first, first]
  while (batch === BATCH) {
    batch = await database.inTenant(tenantId, tx => eraseBatch(tx, erasure))
    erased += batch
  }
  return erased
}

async function eraseBatch(tx: Tx, { tenantId, userId }: Erasure): Promise<number> {
  const channel = channelOf('user', { tenantId, userId }).name
  const { rows } = await sql<{ id: string }>`update events set data = '{}', actor = '{"type":"user","id":"erased"}'
    where id in (select id from events where tenant_id = ${tenantId} and data <> '{}'
      and (actor ->> 'id' = ${userId} or channel = ${channel} or position(${userId} in data::text) > 0) limit ${BATCH}) returning id`.execute(tx)
  // After the events: whoever was about to index one has done so, or finds it empty.
  await sql`update event_words set plain = '', stems = '' where id = any(${rows.map(({ id }) => id)}::uuid[])`.execute(tx)
  return rows.length
}
