/** Erases a person from a tenant's log: the events stay, with their number and time, what they said does not. */

import { channelOf, type Actor } from '@neo-stack/events'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { appendAudit } from '../plugins/audit.ts'

/** Who is erased, and who asked for it. */
export interface Erasure {
  tenantId: string
  userId: string
  actor: Actor
  now: number
}

/** Events of one transaction. */
const BATCH = 500

/** Erases everywhere that the person acted, was named or was addressed. @returns how many events were emptied */
export async function eraseUser(database: Database, erasure: Erasure): Promise<number> {
  const { tenantId, userId, actor, now } = erasure
  let [erased, batch] = [0, 0]
  do {
    batch = await database.inTenant(tenantId, async tx => {
      if (erased === 0) await appendAudit(tx, { tenantId, actor, action: 'user.erased', target: userId }, now)
      return eraseBatch(tx, erasure)
    })
    erased += batch
  } while (batch === BATCH)
  return erased
}

async function eraseBatch(tx: Tx, { tenantId, userId }: Erasure): Promise<number> {
  const channel = channelOf('user', { tenantId, userId }).name
  const { numAffectedRows } = await sql`update events set data = '{}', plain = '', stems = ''::tsvector, actor = '{"type":"user","id":"erased"}'
    where id in (select id from events where tenant_id = ${tenantId} and data <> '{}'
      and (actor ->> 'id' = ${userId} or channel = ${channel} or position(${userId} in plain) > 0) limit ${BATCH})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
