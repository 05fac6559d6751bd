/** How every adapter opens a transaction: as `neo_app`, which owns nothing, and bound to its tenant until it ends. */

import { sql, type Kysely, type TransactionBuilder } from 'kysely'
import { PLATFORM_TENANT } from '@neo-stack/events'
import type { Tx, TransactionOptions } from './database.ts'
import { PREPARED } from './prepared.ts'
import type { Schema } from './schema.ts'

/** Runs in a transaction of a tenant, `*` being all of them. */
export type Transact = <T>(tenant: string, run: (tx: Tx) => Promise<T>, options?: TransactionOptions) => Promise<T>

/** Transactions of a database. @param beginsSnapshots whether its dialect can begin one: PGlite's ignores isolation and access mode */
export function createTransact(kysely: Kysely<Schema>, { beginsSnapshots }: { beginsSnapshots: boolean }): Transact {
  const begin = (snapshot: boolean): TransactionBuilder<Schema> => snapshot && beginsSnapshots
    ? kysely.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
    : kysely.transaction()
  return (tenant, run, { snapshot = false } = {}) => begin(snapshot).execute(async tx => {
    // PostgreSQL refuses it after a first query.
    if (snapshot && !beginsSnapshots) await sql`set transaction isolation level repeatable read, read only`.execute(tx)
    await sql`${PREPARED} select set_config('role', 'neo_app', true), set_config('neo.tenant', ${tenant}, true)`.execute(tx)
    return run(tx)
  })
}

/**
 * Lets a transaction of the tenant `platform` reach every tenant's rows while `run` works: an operator's act writes the operators' log and
 * a tenant's rows together. A failure of `run` must end the transaction.
 */
export async function withAllTenants<T>(tx: Tx, run: () => Promise<T>): Promise<T> {
  const { rows: [before] } = await sql<{ tenant: string }>`select current_setting('neo.tenant') as tenant, set_config('neo.tenant', '*', true)`.execute(tx)
  if (before?.tenant !== PLATFORM_TENANT) throw new TypeError('only the operators\' transactions reach every tenant')
  const result = await run()
  await sql`select set_config('neo.tenant', ${PLATFORM_TENANT}, true)`.execute(tx)
  return result
}
