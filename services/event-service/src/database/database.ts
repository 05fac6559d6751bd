/**
 * The database port. All access goes through a transaction that carries the tenant, so that row-level security holds; there is
 * no handle outside a transaction. Never await another transaction, network or time inside one: on PGlite (one connection) it
 * would wait for itself.
 */

import type { Transaction } from 'kysely'
import type { fromKysely } from 'pg-boss'
import { SLUG } from '@neo-stack/events'
import type { Duty, Election } from './election.ts'
import type { Schema } from './schema.ts'

/** What pg-boss runs on. */
export type JobsDatabase = ReturnType<typeof fromKysely>

/** An open transaction. */
export type Tx = Transaction<Schema>

/** How a transaction reads. */
export interface TransactionOptions {
  /** All statements see one state of the database (repeatable read, read only). @default false */
  snapshot?: boolean
}

/** A database with the schema of `migrations/`. */
export interface Database {
  /** Runs in a transaction that sees and writes only this tenant's rows. Commits when `run` resolves. */
  inTenant: <T>(tenantId: string, run: (tx: Tx) => Promise<T>, options?: TransactionOptions) => Promise<T>
  /** Runs in a transaction that sees all tenants: sign-in, administration, samplers. */
  inSystem: <T>(run: (tx: Tx) => Promise<T>, options?: TransactionOptions) => Promise<T>
  /** Changes only when the log lost its past (a restored backup); read once at opening. */
  readonly logEpoch: string
  /** What pg-boss runs on. */
  readonly jobs: JobsDatabase
  /** Which kind of queue backend pg-boss is to expect. */
  readonly jobsBackend: 'pglite' | 'postgres'
  /** Where several processes share the database: takes part in choosing the one that does what only one may do. @default this process does */
  readonly elect?: (duty: Duty, onFault: (error: unknown) => void) => Election
  /** Of the processes that share the database and call this one runs at a time; where there is one only, it just runs. */
  readonly alone: <T>(run: () => Promise<T>) => Promise<T>
  /** Looks after the tables: dead rows, statistics for plans. @default the database does so by itself */
  readonly tend?: () => Promise<void>
  /** Rejects when the database does not answer. */
  ping: () => Promise<void>
  close: () => Promise<void>
}

/**
 * The tenant a transaction may be opened for: `*` would be all of them, and comes from nowhere but `inSystem`.
 * @throws {TypeError} for anything that is not an identifier of a tenant
 */
export function assertTenant(tenantId: string): string {
  if (!SLUG.test(tenantId)) throw new TypeError('not an identifier of a tenant')
  return tenantId
}
