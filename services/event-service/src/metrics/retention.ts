/** How long samples are kept. */

import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'

/** Seconds that samples are kept: 6 h. */
export const KEEP_SECONDS = 21_600

/** Removes samples older than {@link KEEP_SECONDS}, a batch at a time. @returns how many were removed */
export async function purgeSamples(tx: Tx, batch: number, now: number): Promise<number> {
  const before = Math.floor(now / 1000) - KEEP_SECONDS
  const { numAffectedRows } = await sql`delete from metric_samples where ctid in (
    select ctid from metric_samples where at < ${before} limit ${batch})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
