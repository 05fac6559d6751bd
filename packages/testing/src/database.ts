/** Databases for tests: each a copy of one migrated, empty one that this process makes once. */

import { dumpPglite, openPglite, type Database } from '@neo-stack/event-service'

let template: Promise<Blob> | undefined

/** Opens a database of its own in memory. */
export async function openTestDatabase(): Promise<Database> {
  template ??= dumpPglite()
  return await openPglite({ loadFrom: await template })
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
