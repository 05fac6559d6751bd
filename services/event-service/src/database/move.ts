/**
 * Moves everything that an embedded database holds to PostgreSQL, row by row: one transaction, compared table by table before it
 * commits. The log keeps its epoch and its numbers, so that feeds go on where they were.
 */

import pg from 'pg'
import type { KeySetJson } from '../auth/keys.ts'
import type { Database } from './database.ts'
import { openPostgres } from './postgres.ts'
import { digestTable, insertRows, listColumns, listTables, makeQueue, takenOf, type Ask } from './tables.ts'

/** What is moved, and where to. */
export interface MoveOptions {
  /** Nobody else writes to it meanwhile. */
  from: Database
  /** Address of a PostgreSQL that holds nothing yet, as its owner. */
  to: string
  /** Keys that tokens were signed and secrets sealed with: nobody is signed out. */
  keys: KeySetJson
  /** Further secrets of the installation by their names. @default none */
  secrets?: Readonly<Record<string, string>>
  /** Told of each table that was moved. */
  onMoved?: (table: MovedTable) => void
}

/** A table whose rows are the same on both sides. */
export interface MovedTable { name: string, rows: number }

/** The move was not made; the target is as it was. */
export class MoveError extends Error {
  override readonly name = 'MoveError'
}

/** Rows of one statement. */
const BATCH = 500

/** Moves all tables. @throws {MoveError} when the target holds something or a table is not the same afterwards */
export async function moveToPostgres({ from, to, keys, secrets = {}, onMoved = () => undefined }: MoveOptions): Promise<MovedTable[]> {
  await makeQueue(from)
  const schema = await openPostgres({ url: to })
  await makeQueue(schema).finally(schema.close)
  const source: Ask = async <T>(text: string, values?: unknown[]) => (await from.jobs.executeSql(text, values)).rows as T[]
  const client = new pg.Client({ connectionString: to })
  await client.connect()
  try {
    const target: Ask = async <T>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as T[]
    await target('begin')
    await prepare(source, target)
    const moved: MovedTable[] = []
    for (const name of await listTables(source)) {
      const rows = await moveTable({ source, target, name })
      moved.push({ name, rows })
      onMoved({ name, rows })
    }
    await moveKeys(target, keys, secrets)
    await target('alter table audit enable trigger audit_chain')
    await target('commit')
    return moved
  } finally {
    // Without the commit everything is as it was.
    await client.end()
  }
}

/** The first one signs. */
async function moveKeys(target: Ask, { secret, keys }: KeySetJson, secrets: Readonly<Record<string, string>>): Promise<void> {
  for (const named of Object.entries({ ...secrets, refresh: secret })) await target('insert into installation_secrets (name, value) values ($1, $2)', named)
  for (const [age, jwk] of keys.entries()) await target(`insert into signing_keys (kid, jwk, signs_from) values ($1, $2, now() - $3 * interval '1 second')`, [jwk.kid, JSON.stringify(jwk), age])
}

async function prepare(source: Ask, target: Ask): Promise<void> {
  await source(`set timezone to 'UTC'`)
  await target(`set local timezone to 'UTC'`)
  await target(`select set_config('neo.tenant', '*', true)`)
  const [held] = await target<{ name: string }>(`select 'users' as name from users union all select 'events' from events union all select 'audit' from audit limit 1`)
  if (held) throw new MoveError(`The database to move to is not empty: its table ${held.name} holds rows; give an empty one.`)
  // What the schema's making put there; the source has its own.
  for (const name of ['settings', 'signing_keys', 'installation_secrets', 'tenants']) await target(`delete from ${name}`)
  // The chain is moved as it is, not linked anew.
  await target('alter table audit disable trigger audit_chain')
}

interface TableMove { source: Ask, target: Ask, name: string }

async function moveTable({ source, target, name }: TableMove): Promise<number> {
  const there = new Set(await listColumns(source, name))
  const columns = (await listColumns(target, name)).filter(column => there.has(column)).join(', ')
  for (let after: string | undefined = '(0,0)'; after !== undefined;) {
    const batch: { rows: string, last: string | null }[] = await source(
      `select json_agg(row_to_json(t))::text as rows, max(place)::text as last from (select ctid as place, * from ${name} where ctid > $1::tid and ${takenOf(name)} order by ctid limit ${BATCH}) t`, [after])
    after = batch[0]?.last ?? undefined
    if (after !== undefined) await insertRows({ ask: target, name, columns }, batch[0]?.rows)
  }
  const [was, is] = [await digestTable({ ask: source, name, columns }), await digestTable({ ask: target, name, columns })]
  if (was.rows !== is.rows || was.sum !== is.sum) throw new MoveError(`The table ${name} is not the same after the move (${was.rows} rows there, ${is.rows} here): nothing was moved.`)
  return is.rows
}
