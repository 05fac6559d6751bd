/** The database port on PGlite: PostgreSQL in process, one connection, kept in a folder or in memory. */

import { setImmediate } from 'node:timers/promises'
import { Kysely, PGliteDialect } from 'kysely'
import { fromPglite } from 'pg-boss'
import { tendTables } from './autovacuum.ts'
import { assertTenant, type Database } from './database.ts'
import { migrate } from './migrations.ts'
import { createPgliteCopies, rememberRows } from './pglite-copies.ts'
import { createPglite, imageAfter, type PgliteFolder } from './pglite-create.ts'
import type { PgliteImage } from './pglite-image.ts'
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

/** Databases that nobody connects to, half of an image. */
const dropTemplates = [
  `update pg_database set datistemplate = false where datname in ('template0', 'template1')`,
  'drop database template0',
  'drop database template1',
]

/**
 * A migrated, empty database as an image, to open many copies quickly.
 * @param prepare what else the copies have from the start
 * @param options.isForCopies for {@link createCopies}
 */
export async function imagePglite(prepare: (database: Database) => Promise<void> = () => Promise.resolve(), { isForCopies = false }: { isForCopies?: boolean } = {}): Promise<PgliteImage> {
  const image = await imageAfter(async opened => {
    // What is prepared closes its database when it has done; this one ends afterwards.
    const pglite = connectTo({ ...inThisThread(opened), close: () => Promise.resolve() })
    await migrate({ exec: text => pglite.exec(text), names: () => Promise.resolve([]) })
    await prepare(await toDatabase(pglite))
    if (isForCopies) await opened.exec(rememberRows)
    for (const statement of dropTemplates) await opened.exec(statement)
  })
  // Opened once: PostgreSQL then leaves a file of what it knows of its own tables, which every later one would make first.
  return imageAfter(() => Promise.resolve(), image)
}

/**
 * Gives out copies of such an image, one after the other or several at once. A closed one is put back and given out again: that takes
 * some milliseconds, a new one a quarter of a second.
 */
export function createCopies(image: () => Promise<PgliteImage>): () => Promise<Database> {
  const copies = createPgliteCopies(async () => createPglite({ image: await image() }))
  return async () => toDatabase(await copies.take())
}

async function toDatabase(pglite: EmbeddedPostgres, { isInThread = false } = {}): Promise<Database> {
  const kysely = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
  const open = createTransact(kysely, { beginsSnapshots: false })
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
