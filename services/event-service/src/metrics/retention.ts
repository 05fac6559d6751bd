/** How long samples and their tiers are kept. */

import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'
import { TIERS } from './tiers.ts'

/** Removes samples and points of coarser tiers that are older than their tier keeps, a batch at a time. @returns how many were removed */
export async function purgeSamples(tx: Tx, batch: number, now: number): Promise<number> {
  const [finest, ...coarser] = TIERS
  const before = Math.floor(now / 1000)
  let { numAffectedRows: removed = 0n } = await sql`delete from metric_samples where ctid in (
    select ctid from metric_samples where at < ${before - finest.keep} limit ${batch})`.execute(tx)
  for (const { step, keep } of coarser) {
    if (Number(removed) >= batch) return batch
    const { numAffectedRows: more = 0n } = await sql`delete from metric_tiers where ctid in (
      select ctid from metric_tiers where step = ${step} and at < ${before - keep} limit ${batch - Number(removed)})`.execute(tx)
    removed += more
  }
  return Number(removed)
}
