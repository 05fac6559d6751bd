/** The database port on PGlite: PostgreSQL in process, one connection, kept in a folder or in memory. */

import { setImmediate } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { unaccent } from '@electric-sql/pglite/contrib/unaccent'
import { Kysely, PGliteDialect } from 'kysely'
import { fromPglite } from 'pg-boss'
import { tendTables } from './autovacuum.ts'
import { assertTenant, type Database } from './database.ts'
import { migrate } from './migrations.ts'
import type { Schema } from './schema.ts'
import { createTransact, type Transact } from './transact.ts'

/** Where PGlite keeps its data. */
export interface PgliteOptions {
  /** Folder; in memory when missing. The caller holds its lock: PGlite has none. */
  dataDir?: string
  /** A dump made by {@link dumpPglite}, to start from instead of an empty cluster. */
  loadFrom?: Blob
}

const extensions = { btree_gin, pg_trgm, unaccent }

/** Opens and migrates a PGlite database. */
export async function openPglite({ dataDir, loadFrom }: PgliteOptions = {}): Promise<Database> {
  const pglite = await PGlite.create({ ...dataDir && { dataDir }, ...loadFrom && { loadDataDir: loadFrom }, extensions })
  try {
    await migrate({
      exec: text => pglite.exec(text),
      names: async () => (await pglite.query<{ name: string }>('select name from migrations')).rows.map(row => row.name),
    })
    return await toDatabase(pglite)
  } catch (error) {
    await pglite.close()
    throw error
  }
}

/**
 * A migrated, empty database as an uncompressed dump, to open many copies quickly.
 * @param prepare what else the copies have from the start
 */
export async function dumpPglite(prepare: (database: Database) => Promise<void> = () => Promise.resolve()): Promise<Blob> {
  const pglite = await PGlite.create({ extensions })
  try {
    await migrate({ exec: text => pglite.exec(text), names: () => Promise.resolve([]) })
    await prepare(await toDatabase(pglite))
    return await pglite.dumpDataDir('none')
  } finally {
    await pglite.close()
  }
}

async function toDatabase(pglite: PGlite): Promise<Database> {
  const kysely = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
  const transact = leavingTurns(createTransact(kysely))
  // Statistics from a sample of 30 times as many rows: a hundred, the default, holds the process up for some hundred milliseconds.
  await pglite.query('set default_statistics_target = 20')
  const epoch = await pglite.query<{ value: string }>(`select value from settings where key = 'log_epoch'`)
  let closing: Promise<void> | undefined
  return {
    inTenant: async (tenantId, run, options) => transact(assertTenant(tenantId), run, options),
    inSystem: (run, options) => transact('*', run, options),
    logEpoch: String(epoch.rows[0]?.value),
    jobs: fromPglite(pglite),
    jobsBackend: 'pglite',
    alone: run => run(),
    tend: () => tendTables(pglite),
    ping: async () => { await pglite.query('select 1') },
    close: () => closing ??= kysely.destroy(),
  }
}

/**
 * PGlite answers without ever leaving the process: work that goes on from transaction to transaction would keep timers and sockets
 * waiting until all of it is done. So each transaction ends with a turn of the event loop.
 */
function leavingTurns(transact: Transact): Transact {
  return async (...given) => {
    try {
      return await transact(...given)
    } finally {
      await setImmediate()
    }
  }
}
