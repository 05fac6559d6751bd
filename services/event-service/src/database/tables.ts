/** What moving, backing up and restoring share: the tables of a database, their columns, their rows and a sum over them. */

import { DEPLOYMENT_QUEUE } from '@neo-stack/events'
import { createJobs } from '../deployments/jobs.ts'
import type { Database } from './database.ts'

/** Runs one statement as the database's owner. */
export type Ask = <T>(text: string, values?: unknown[]) => Promise<T[]>

/** Each side's own: what was migrated, and rows that wait for Centrifugo. */
const LEFT_OUT = ['migrations', 'centrifugo_outbox']

/** The one table of the queue that is kept; its others follow from the code. */
const QUEUE_TABLE = 'pgboss.job'

/**
 * Which of a table's rows are taken along, as a condition. Of the queue those of deployments: what other queues hold – letters, words to
 * operators, questions to deployers – is found again by whoever put it there, and a row may not come before its queue.
 */
export const takenOf = (name: string): string => name === QUEUE_TABLE ? `name = '${DEPLOYMENT_QUEUE}'` : 'true'

/** A table's rows in a number and a sum over their hashes, whatever their order. */
export interface Digest { rows: number, sum: string }

/** Gives the database the queue's tables as this build wants them. */
export async function makeQueue(database: Database): Promise<void> {
  const jobs = await createJobs(database)
  await jobs.stop()
}

/** Tables by name, each after those that it refers to. */
export async function listTables(ask: Ask): Promise<string[]> {
  const tables = await ask<{ name: string, refers_to: string[] }>(`
    select c.relname::text as name, array(select distinct r.confrelid::regclass::text from pg_constraint r where r.conrelid = c.oid and r.contype = 'f' and r.confrelid <> c.oid) as refers_to
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by c.relname`)
  const left = tables.filter(({ name }) => !LEFT_OUT.includes(name))
  const order: string[] = []
  while (left.length > 0) {
    const next = left.findIndex(table => table.refers_to.every(name => order.includes(name)))
    order.push(...left.splice(Math.max(next, 0), 1).map(({ name }) => name))
  }
  return [...order, QUEUE_TABLE]
}

/** A table's columns that are not computed, in the order of their names. */
export async function listColumns(ask: Ask, name: string): Promise<string[]> {
  const columns = await ask<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attname`, [name])
  return columns.map(column => column.name)
}

/** Where rows go. */
export interface RowsTarget { ask: Ask, name: string, columns: string }

/** Adds rows, given as a JSON array. */
export async function insertRows({ ask, name, columns }: RowsTarget, rows: string | undefined): Promise<void> {
  await ask(`insert into ${name} (${columns}) overriding system value select ${columns} from json_populate_recordset(null::${name}, $1::json)`, [rows])
}

/** Sums a table up. Both sides must speak of times in the same zone. */
export async function digestTable({ ask, name, columns }: RowsTarget): Promise<Digest> {
  const [found] = await ask<Digest>(`
    select count(*)::int as rows, coalesce(sum(('x' || left(md5(row_to_json(t)::text), 15))::bit(60)::bigint), 0)::text as sum from (select ${columns} from ${name} where ${takenOf(name)}) t`)
  return found ?? { rows: 0, sum: '0' }
}
