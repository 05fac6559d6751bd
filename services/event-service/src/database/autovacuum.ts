/**
 * What PostgreSQL's autovacuum does, for PGlite, which has no process for it: without it no table ever has statistics, and plans
 * that are good for a hundred rows are kept for a million. Source: PostgreSQL 17 documentation, 24.1.6.
 */

import type { EmbeddedPostgres } from './pglite-connection.ts'

/** How a table has changed since it was last looked after. */
export interface TableState {
  rows: number
  /** Rows that nobody sees any more. */
  dead: number
  /** Rows changed since the last statistics. */
  changed: number
}

/** Thresholds as PostgreSQL has them by default. */
const THRESHOLD = 50
const DEAD_SHARE = 0.2
const CHANGED_SHARE = 0.1

/** What is due for a table. Pure. */
export function careFor({ rows, dead, changed }: TableState): 'vacuum analyze' | 'analyze' | undefined {
  if (dead > THRESHOLD + DEAD_SHARE * rows) return 'vacuum analyze'
  return changed > THRESHOLD + CHANGED_SHARE * rows ? 'analyze' : undefined
}

/** Looks after every table that has changed much; each is one statement, so others come in between. Only for PGlite outside of a transaction. */
export async function tendTables(pglite: EmbeddedPostgres): Promise<void> {
  // PostgreSQL counts up its figures once a second; those of this moment are wanted.
  await pglite.query('select pg_stat_force_next_flush()')
  const { rows: tables } = await pglite.query<TableState & { name: string }>(`select format('%I.%I', schemaname, relname) as name,
    n_live_tup::float as rows, n_dead_tup::float as dead, n_mod_since_analyze::float as changed from pg_stat_user_tables`)
  for (const { name, ...state } of tables) {
    const care = careFor(state)
    if (care) await pglite.query(`${care} ${name}`)
  }
}
