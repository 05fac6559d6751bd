/**
 * Deletes a tenant with everything of it, in small transactions, and proves it: the rows left are counted in every table that the
 * database's catalogue knows to have a tenant. What was begun and broken off goes on when it is asked for again.
 */

import { sql } from 'kysely'
import { PLATFORM_TENANT, type TenantRemoved } from '@neo-stack/events'
import { toAct, type Asked } from '../asked.ts'
import type { Tx } from '../database/database.ts'
import { getTenant, lockTenant, toEvent, type TenantsOptions } from './tenants.ts'

/** Rows of one transaction. */
const BATCH = 1000

/** Rows that lie elsewhere than in tables with a tenant: jobs in the queue. */
export interface Elsewhere {
  name: string
  /** @returns how many rows were removed */
  remove: (tenantId: string) => Promise<number>
  count: (tenantId: string) => Promise<number>
}

/** Deletes a tenant. @throws {Problem} `not_found` */
export async function removeTenant(options: TenantsOptions & { elsewhere: readonly Elsewhere[] }, asked: Asked): Promise<TenantRemoved> {
  const { database, elsewhere } = options
  const { tenantId } = asked
  const name = await shutTenant(options, asked)
  const tables = await database.inSystem(listTables)
  const removed: Record<string, number> = {}
  for (const table of tables) removed[table] = await removeRows(options, table, tenantId)
  for (const other of elsewhere) removed[other.name] = await other.remove(tenantId)
  await finish(options, asked, { name, tables, removed })
  const left = await database.inSystem(tx => countAll(tx, tables, tenantId))
  for (const other of elsewhere) left[other.name] = await other.count(tenantId)
  return { tenantId, removed, left }
}

async function shutTenant({ database, perform, banTenant }: TenantsOptions, asked: Asked): Promise<string> {
  const { tenant: { name, state } } = await getTenant(database, asked.tenantId)
  if (state === 'deleting') return name
  const ban = banTenant(asked.tenantId, 'deleting')
  await perform({ ...toAct(asked), action: 'tenant.deletion_started', target: asked.tenantId }, {
    run: async tx => {
      await lockTenant(tx, asked.tenantId)
      await ban.store(tx)
    },
  })
  await ban.enforce()
  return name
}

async function removeRows({ database }: TenantsOptions, table: string, tenantId: string): Promise<number> {
  let [total, batch] = [0, BATCH]
  while (batch === BATCH) {
    batch = await database.inTenant(tenantId, tx => removeBatch(tx, table, tenantId))
    total += batch
  }
  return total
}

async function removeBatch(tx: Tx, table: string, tenantId: string): Promise<number> {
  const { numAffectedRows } = await sql`delete from ${sql.table(table)} where ctid in (select ctid from ${sql.table(table)} where tenant_id = ${tenantId} limit ${BATCH})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

interface Ending {
  name: string
  tables: readonly string[]
  removed: Record<string, number>
}

/** What was written meanwhile, the trail and the tenant itself go in one transaction; the operators' trail keeps where the tenant's ended. */
async function finish({ database, perform }: TenantsOptions, asked: Asked, { name, tables, removed }: Ending): Promise<void> {
  const { tenantId } = asked
  const trail = await database.inTenant(tenantId, tx => tx.selectFrom('audit_heads').select(['n', 'hash']).where('tenant_id', '=', tenantId).executeTakeFirst())
  Object.assign(removed, { audit: Number(trail?.n ?? 0), tenants: 1 })
  await perform({ ...toAct(asked), tenantId: PLATFORM_TENANT, action: 'tenant.deleted', target: tenantId, detail: { name } }, {
    run: async tx => {
      // Nobody can refer to the tenant any more from here on, and nobody writes to its channels: whoever does has locked the channel first. One
      // who then refers to the tenant itself meets this the other way round: the database ends one of the two, which is tried again.
      await lockTenant(tx, tenantId)
      await tx.selectFrom('channels').select('name').where('tenant_id', '=', tenantId).orderBy('name').forUpdate().execute()
      for (const table of tables) while (await removeBatch(tx, table, tenantId) === BATCH) continue
      await sql`select neo_remove_audit(${tenantId})`.execute(tx)
      await tx.deleteFrom('tenants').where('id', '=', tenantId).execute()
    },
    auditDetail: () => ({ removed, trail: trail ?? null }),
    events: [toEvent('tenant_deleted', { tenant: tenantId, name, removed })],
  })
}

/** Every table with a tenant but the trail's, those that refer to others before them. */
async function listTables(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ name: string, refers: string[] }>`select c.relname as name,
      array(select distinct f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid where k.conrelid = c.oid and k.contype = 'f' and f.oid <> c.oid) as refers
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not in ('audit', 'audit_heads') order by c.relname`.execute(tx)
  const sorted: string[] = []
  let rest = rows
  while (rest.length > 0) {
    const free = rest.filter(({ name }) => !rest.some(other => other.refers.includes(name)))
    if (free.length === 0) throw new TypeError('tables refer to each other in a circle')
    sorted.push(...free.map(({ name }) => name))
    rest = rest.filter(table => !free.includes(table))
  }
  return sorted
}

async function countAll(tx: Tx, tables: readonly string[], tenantId: string): Promise<Record<string, number>> {
  const left: Record<string, number> = {}
  for (const table of [...tables, 'audit', 'audit_heads']) left[table] = await countRows(tx, table, sql`tenant_id = ${tenantId}`)
  left['tenants'] = await countRows(tx, 'tenants', sql`id = ${tenantId}`)
  return left
}

async function countRows(tx: Tx, table: string, condition: ReturnType<typeof sql>): Promise<number> {
  const { rows: [row] } = await sql<{ count: string }>`select count(*) as count from ${sql.table(table)} where ${condition}`.execute(tx)
  return Number(row?.count)
}
