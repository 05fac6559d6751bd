/** Where a backup is restored: an embedded database that nobody else has open, or a PostgreSQL whose processes may run. */

import pg from 'pg'
import type { Database } from '../database/database.ts'
import { LOCK_WITHIN, pastLocks } from '../database/locks.ts'
import { openPostgres } from '../database/postgres.ts'
import { makeQueue, type Ask } from '../database/tables.ts'

/** `database`: embedded, opened by the caller alone. `url`: of PostgreSQL, as its owner. */
export type RestoreTo = { database: Database } | { url: string }

/**
 * Processes that run hold some tables and wait for others: two that wait for each other never go on, and PostgreSQL ends one of them
 * after a second. So no lock is waited for that long; they go on, and the restore begins anew: 30 s in all.
 */
const TRIES = 50
const PAUSE_MS = 100

/** Runs in one transaction of the owner, with this build's tables in place. */
export async function withTarget<T>(to: RestoreTo, run: (ask: Ask, isShared: boolean) => Promise<T>): Promise<T> {
  if ('database' in to) {
    await makeQueue(to.database)
    return inTransaction(async <R>(text: string, values?: unknown[]) => (await to.database.jobs.executeSql(text, values)).rows as R[], ask => run(ask, false))
  }
  const schema = await openPostgres({ url: to.url, connections: 2 })
  await makeQueue(schema).finally(schema.close)
  const client = new pg.Client({ connectionString: to.url, application_name: 'neo-restore' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await inTransaction(async <R>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as R[], ask => run(ask, true))
  } finally {
    await client.end()
  }
}

function inTransaction<T>(ask: Ask, run: (ask: Ask) => Promise<T>): Promise<T> {
  return pastLocks(async () => {
    await ask('begin')
    await ask(`set local lock_timeout = '${LOCK_WITHIN}'`)
    const result = await run(ask)
    await ask('commit')
    return result
  }, { tries: TRIES, pauseMs: PAUSE_MS, rollBack: () => ask('rollback') })
}
