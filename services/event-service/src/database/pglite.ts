/** The database port on PGlite: PostgreSQL in process, one connection, kept in a folder or in memory. */

import { setImmediate } from 'node:timers/promises'
import { Kysely, PGliteDialect } from 'kysely'
import { fromPglite } from 'pg-boss'
import { tendTables } from './autovacuum.ts'
import { assertTenant, type Database } from './database.ts'
import { migrate } from './migrations.ts'
import { createPgliteCopies, rememberRows } from './pglite-copies.ts'
import { createPglite, type PgliteFolder } from './pglite-create.ts'
import { connectTo, inThisThread, type EmbeddedPostgres } from './pglite-connection.ts'
import { startPgliteThread } from './pglite-thread.ts'
import type { Schema } from './schema.ts'
import { createTransact, type Transact } from './transact.ts'

/** Where PGlite keeps its data, and where it runs. */
export interface PgliteOptions extends PgliteFolder {
  /** Runs it in a thread of its own: what takes long keeps no socket and no timer waiting, for some 0.1 s more at the start. @default false */
  inThread?: boolean
  /** Told when the thread ended by itself: nothing is read or written any more. @default every statement says so */
  onLost?: (error: Error) => void
}

/** Opens and migrates a PGlite database. */
export async function openPglite({ inThread = false, onLost, ...folder }: PgliteOptions = {}): Promise<Database> {
  const pglite = inThread ? await startPgliteThread(folder, onLost) : connectTo(inThisThread(await createPglite(folder)))
  try {
    await migrate({
      exec: text => pglite.exec(text),
      names: async () => (await pglite.query<{ name: string }>('select name from migrations')).rows.map(row => row.name),
    })
    return await toDatabase(pglite, { isInThread: inThread })
  } catch (error) {
    await pglite.close()
    throw error
  }
}

/**
 * A migrated, empty database as an uncompressed dump, to open many copies quickly.
 * @param prepare what else the copies have from the start
 * @param options.isForCopies for {@link createCopies}
 */
export async function dumpPglite(prepare: (database: Database) => Promise<void> = () => Promise.resolve(), { isForCopies = false }: { isForCopies?: boolean } = {}): Promise<Blob> {
  const pglite = connectTo(inThisThread(await createPglite()))
  try {
    await migrate({ exec: text => pglite.exec(text), names: () => Promise.resolve([]) })
    await prepare(await toDatabase(pglite))
    if (isForCopies) await pglite.exec(rememberRows)
    return await pglite.dumpDataDir()
  } finally {
    await pglite.close()
  }
}

/**
 * Gives out copies of such a dump, one after the other or several at once. A closed one is put back and given out again: that takes
 * some milliseconds, a new one most of a second.
 */
export function createCopies(dump: () => Promise<Blob>): () => Promise<Database> {
  const copies = createPgliteCopies(async () => createPglite({ loadFrom: await dump() }))
  return async () => toDatabase(await copies.take())
}

async function toDatabase(pglite: EmbeddedPostgres, { isInThread = false } = {}): Promise<Database> {
  const kysely = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
  const open = createTransact(kysely, { isOrdered: true })
  const transact = isInThread ? open : leavingTurns(open)
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
    close: () => closing ??= closeBoth(kysely, pglite),
  }
}

/** Kysely closes PGlite itself unless it never asked it anything. */
async function closeBoth(kysely: Kysely<Schema>, pglite: EmbeddedPostgres): Promise<void> {
  await kysely.destroy()
  if (!pglite.closed) await pglite.close()
}

/**
 * In this thread PGlite answers without ever leaving it: work that goes on from transaction to transaction would keep timers and sockets
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
