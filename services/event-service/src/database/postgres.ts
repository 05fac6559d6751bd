/**
 * The database port on PostgreSQL ≥ 15. Transactions run as `neo_app`, which owns nothing; only migrations and the job queue use
 * the role of the connection itself.
 */

import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { Problem } from '../errors.ts'
import { assertTenant, type Database } from './database.ts'
import { startElection } from './election.ts'
import { isConnectionFault } from './faults.ts'
import { listenOn } from './listener.ts'
import { LOCK_WITHIN, pastLocks } from './locks.ts'
import { migrate } from './migrations.ts'
import { nameOf } from './prepared.ts'
import type { Schema } from './schema.ts'
import { createTransact, type Transact } from './transact.ts'

/** Where PostgreSQL is. */
export interface PostgresOptions {
  /** For example `postgres://user:password@host:5432/database`; the role may create roles and owns the database. */
  url: string
  /** Connections of this process. @default 10 */
  connections?: number
  /** Milliseconds to wait for a connection before answering `unavailable`. @default 2_500 */
  connectWithinMs?: number
  /** Told of connections that broke while idle; the pool opens others. */
  onFault?: (error: unknown) => void
}

/** Of any two processes that migrate, or that do what only one may do, one waits for the other. */
const MIGRATION_LOCK = 7_263_518
const ALONE_LOCK = 7_263_520

/** Longest statement and longest pause inside a transaction, in milliseconds; compiling a statement takes longer than any of ours. */
const SESSION = '-c statement_timeout=30000 -c idle_in_transaction_session_timeout=10000 -c jit=off'

/** Opens and migrates a PostgreSQL database. */
export async function openPostgres({ url, connections = 10, connectWithinMs = 2500, onFault = () => undefined }: PostgresOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url, max: connections, connectionTimeoutMillis: connectWithinMs, options: SESSION, application_name: 'neo-event-service',
  })
  pool.on('error', onFault)
  // One that breaks while it is used rejects its statement; that it tells so besides would end the process if nobody listened.
  pool.on('connect', client => { client.on('error', () => undefined) })
  try {
    await migrateUnderLock(pool)
    return await toDatabase(pool, { url, onFault })
  } catch (error) {
    await pool.end()
    throw error
  }
}

async function underLock<T>(pool: pg.Pool, lock: number, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    await client.query('select pg_advisory_lock($1)', [lock])
    return await run(client)
  } finally {
    // Ends the session and with it the lock and the settings.
    client.release(true)
  }
}

async function migrateUnderLock(pool: pg.Pool): Promise<void> {
  await underLock(pool, MIGRATION_LOCK, client => migrate({
    exec: text => execPatiently(client, text),
    names: async () => (await client.query<{ name: string }>('select name from migrations')).rows.map(row => row.name),
  }))
}

/** A migration may take the locks of a table that a backup or an export reads: for so long those are let pass. */
const TRIES = 240
const PAUSE_MS = 500

async function execPatiently(client: pg.PoolClient, text: string): Promise<void> {
  await client.query(`set lock_timeout = '${LOCK_WITHIN}'`)
  await pastLocks(() => client.query(text), { tries: TRIES, pauseMs: PAUSE_MS, rollBack: () => client.query('rollback') })
}

/** The pool as Kysely uses it: connections prepare the statements that ask for it. */
function preparing(pool: pg.Pool): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  const toPreparing = (client: pg.PoolClient): PostgresPoolClient => {
    const query = (text: string, values: readonly unknown[]): Promise<pg.QueryResult> => client.query({ text, values: [...values], name: nameOf(text) })
    return { query: query as unknown as PostgresPoolClient['query'], release: error => { client.release(error) } }
  }
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect()
      const found = known.get(client) ?? toPreparing(client)
      known.set(client, found)
      return found
    },
  }
}

async function toDatabase(pool: pg.Pool, { url, onFault }: { url: string, onFault: (error: unknown) => void }): Promise<Database> {
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: preparing(pool) }) })
  const open = createTransact(kysely, { beginsSnapshots: true })
  const transact: Transact = (...given) => open(...given).catch((error: unknown) => {
    throw isConnectionFault(error) ? new Problem('unavailable', { retryAfter: 1, cause: error }) : error
  })
  const epoch = await pool.query<{ value: string }>(`select value from settings where key = 'log_epoch'`)
  let closing: Promise<void> | undefined
  return {
    inTenant: async (tenantId, run, options) => transact(assertTenant(tenantId), run, options),
    inSystem: (run, options) => transact('*', run, options),
    logEpoch: String(epoch.rows[0]?.value),
    jobs: {
      executeSql: (text: string, values?: unknown[]) => pool.query(text, values),
      listen: (channel: string, onNotification: (payload: string) => void, onReconnect: () => void) => listenOn({ url, channel, onNotification, onReconnect, onFault }),
    },
    jobsBackend: 'postgres',
    elect: (duty, tell) => startElection({ url, duty, onFault: tell }),
    alone: run => underLock(pool, ALONE_LOCK, run),
    ping: async () => { await pool.query('select 1') },
    close: () => closing ??= kysely.destroy(),
  }
}
