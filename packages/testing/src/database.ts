/** Databases for tests: each a copy of one migrated, empty one that is made once. */

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { digestMigrations, dumpPglite, openPglite, type Database } from '@neo-stack/event-service'

/** Where the dump is kept from one process to the next, and what names the versions of what made it. */
const cache = new URL('../../../node_modules/.cache/neo-testing/', import.meta.url)
const lock = new URL('../../../package-lock.json', import.meta.url)

let template: Promise<Blob> | undefined

/** Opens a database of its own in memory. */
export async function openTestDatabase(): Promise<Database> {
  template ??= readTemplate()
  return await openPglite({ loadFrom: await template })
}

/** The dump that another process has made of the same migrations with the same packages, or a new one. */
async function readTemplate(): Promise<Blob> {
  const packages = await readFile(lock).catch(() => undefined)
  if (!packages) return dumpPglite()
  const file = new URL(`${createHash('sha256').update(packages).update(digestMigrations()).digest('hex').slice(0, 32)}.tar`, cache)
  const kept = await readFile(file).catch(() => undefined)
  if (kept) return new Blob([kept])
  const dump = await dumpPglite()
  // Whole or not at all: others may be reading. A folder that cannot be written costs the next process a few seconds.
  const draft = new URL(`${randomUUID()}.part`, cache)
  await mkdir(cache, { recursive: true }).then(async () => writeFile(draft, Buffer.from(await dump.arrayBuffer()))).then(() => rename(draft, file)).catch(() => undefined)
  return dump
}

/** What one database transaction added to the event log. */
export interface WrittenTransaction {
  /** Tenants whose events it wrote; more than one is a fault. */
  tenants: string[]
  channels: string[]
  events: number
}

/** Every transaction that added events, by the number PostgreSQL keeps with each row. */
export async function readTransactions(database: Database): Promise<WrittenTransaction[]> {
  const rows = await database.inSystem(tx => tx.selectFrom('events')
    // A system column, which the schema's types do not know.
    .select(({ cast, ref }) => ['tenant_id', 'channel', cast<string>(ref('xmin' as 'id'), 'text').as('transaction')]).execute())
  const grouped = Map.groupBy(rows, ({ transaction }) => transaction)
  return [...grouped.values()].map(group => ({
    tenants: [...new Set(group.map(row => row.tenant_id))], channels: [...new Set(group.map(row => row.channel))], events: group.length,
  }))
}
