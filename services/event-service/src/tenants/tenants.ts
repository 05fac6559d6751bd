/** Tenants as operators see them: create, suspend, resume, quotas. What shuts a tenant out cuts its sockets at once. */

import { sql } from 'kysely'
import {
  channelOf, PLATFORM_TENANT, type CreateTenant, type EventTypeName, type Tenant, type TenantDetail, type TenantList, type TenantQuotas,
} from '@neo-stack/events'
import { toAct, toKey, type Asked } from '../asked.ts'
import type { Database, Tx } from '../database/database.ts'
import { listPage, type ListSearch } from '../database/lists.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import type { DraftEvent } from '../publish/write-path.ts'

/** Stored in the act's transaction, put in force after it. */
export interface TenantBan {
  store: (tx: Tx) => Promise<void>
  enforce: () => Promise<void>
}

/** What tenants are kept with. */
export interface TenantsOptions {
  database: Database
  perform: Perform
  banTenant: (tenantId: string, state: Tenant['state']) => TenantBan
  now: () => number
}

/** Which tenants. */
export interface TenantSearch extends ListSearch {
  state?: Tenant['state'] | undefined
}

/** An identifier rests this long after its tenant was deleted, in milliseconds: no token of the old one may open the new one. */
const REST_MS = 600_000

const columns = ['tenants.id', 'tenants.name', 'tenants.state', 'tenants.created_at'] as const

interface Row {
  id: string
  name: string
  state: Tenant['state']
  created_at: Date
  users: string | number
  stored_bytes: string | number
}

const toTenant = ({ id, name, state, created_at: createdAt, users, stored_bytes: storedBytes }: Row): Tenant =>
  ({ id, name, state, createdAt: createdAt.toISOString(), users: Number(users), storedBytes: Number(storedBytes) })

const select = (tx: Tx) => tx.selectFrom('tenants').select(columns).select([
  sql<string>`(select count(*) from users where users.tenant_id = tenants.id and users.state <> 'removed')`.as('users'),
  sql<string>`(select coalesce(sum(bytes), 0) from channels where channels.tenant_id = tenants.id)`.as('stored_bytes'),
]).where('tenants.id', '!=', PLATFORM_TENANT)

/** A page of tenants, by identifier, and how many there are. */
export function listTenants(database: Database, { state, ...search }: TenantSearch): Promise<TenantList> {
  return database.inSystem(async tx => {
    const all = state === undefined ? select(tx) : select(tx).where('state', '=', state)
    const { rows, next } = await listPage(all, search, { words: 'tenants.plain', isPlain: true, by: 'tenants.id', id: 'tenants.id' })
    let count = tx.selectFrom('tenants').select(({ fn }) => fn.countAll<string>().as('total')).where('id', '!=', PLATFORM_TENANT)
    if (state !== undefined) count = count.where('state', '=', state)
    if (search.q !== undefined) count = count.where(sql<boolean>`position(neo_plain(${search.q}) in plain) > 0`)
    const { total } = await count.executeTakeFirstOrThrow()
    return { tenants: rows.map(toTenant), total: Number(total), ...next !== undefined && { next } }
  }, { snapshot: true })
}

/** One tenant with its limits and what it uses. @throws {Problem} `not_found` */
export function getTenant(database: Database, tenantId: string): Promise<TenantDetail> {
  return database.inSystem(async tx => {
    const row = await select(tx).where('id', '=', tenantId).executeTakeFirst()
    if (!row) throw new Problem('not_found', { detail: 'There is no such tenant.' })
    const quotas = await tx.selectFrom('tenant_quotas').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst()
    const { rows: [used] } = await sql<Record<'events' | 'sessions' | 'api_keys' | 'deployments', string>>`select
      (select count(*) from events where tenant_id = ${tenantId}) as events,
      (select count(*) from sessions where tenant_id = ${tenantId} and revoked_at is null and expires_at > now()) as sessions,
      (select count(*) from api_keys where tenant_id = ${tenantId} and revoked_at is null) as api_keys,
      (select count(*) from deployments where tenant_id = ${tenantId}) as deployments`.execute(tx)
    const tenant = toTenant(row)
    const toLimit = (limit: number | string | bigint | null | undefined): number | null => limit === null || limit === undefined ? null : Number(limit)
    return {
      tenant,
      quotas: { eventsPerSecond: quotas?.events_per_second ?? null, bytesPerSecond: toLimit(quotas?.bytes_per_second), storedBytes: toLimit(quotas?.stored_bytes) },
      usage: {
        events: Number(used?.events), storedBytes: tenant.storedBytes, users: tenant.users,
        sessions: Number(used?.sessions), apiKeys: Number(used?.api_keys), deployments: Number(used?.deployments),
      },
    }
  }, { snapshot: true })
}

/** Creates a tenant. @throws {Problem} `tenant_exists` */
export async function createTenant({ database, perform, banTenant, now }: TenantsOptions, asked: Asked, { id, name }: CreateTenant): Promise<Tenant> {
  await perform({ ...toAct(asked), action: 'tenant.created', target: id, detail: { name } }, {
    run: async tx => {
      const deleted = await tx.selectFrom('audit').select('id').where('tenant_id', '=', PLATFORM_TENANT).where('action', '=', 'tenant.deleted').where('target', '=', id)
        .where('time', '>', new Date(now() - REST_MS)).executeTakeFirst()
      if (deleted) throw new Problem('tenant_exists')
      const made = await tx.insertInto('tenants').values({ id, name, created_at: new Date(now()) }).onConflict(conflict => conflict.doNothing()).returning('id').executeTakeFirst()
      if (!made) throw new Problem('tenant_exists')
      return { id }
    },
    events: [toEvent('tenant_created', { tenant: id, name })],
    key: toKey(asked, 'tenants', { id, name }),
  })
  // A tenant of this identifier that was deleted long ago is still refused here.
  await banTenant(id, 'active').enforce()
  return (await getTenant(database, id)).tenant
}

/** Shuts a tenant out, or lets it in again. @throws {Problem} `not_found` */
export async function setTenantState({ database, perform, banTenant }: TenantsOptions, asked: Asked, { state, reason }: { state: 'active' | 'suspended', reason?: string | undefined }): Promise<TenantDetail> {
  const { tenantId } = asked
  const { tenant: { name, state: before } } = await getTenant(database, tenantId)
  assertOpen(before)
  if (before === state) return getTenant(database, tenantId)
  const ban = banTenant(tenantId, state)
  const [action, type] = state === 'active' ? ['tenant.resumed', 'tenant_resumed'] as const : ['tenant.suspended', 'tenant_suspended'] as const
  await perform({ ...toAct(asked), action, target: tenantId, detail: { ...reason !== undefined && { reason } } }, {
    run: async tx => {
      assertOpen((await lockTenant(tx, tenantId)).state)
      await ban.store(tx)
    },
    events: [toEvent(type, { tenant: tenantId, name, ...reason !== undefined && { reason } })],
  })
  await ban.enforce()
  return getTenant(database, tenantId)
}

/** Puts a tenant's limits in place of what it had. @throws {Problem} `not_found` */
export async function putQuotas({ database, perform }: TenantsOptions, asked: Asked, quotas: TenantQuotas): Promise<TenantDetail> {
  const { tenantId } = asked
  const row = { events_per_second: quotas.eventsPerSecond, bytes_per_second: quotas.bytesPerSecond, stored_bytes: quotas.storedBytes }
  await perform({ ...toAct(asked), action: 'tenant.quotas_changed', target: tenantId, detail: { ...quotas } }, {
    run: async tx => {
      await lockTenant(tx, tenantId)
      await tx.insertInto('tenant_quotas').values({ tenant_id: tenantId, ...row }).onConflict(conflict => conflict.column('tenant_id').doUpdateSet(row)).execute()
    },
  })
  return getTenant(database, tenantId)
}

/** Reads a tenant and keeps it as it is until the transaction ends. @throws {Problem} `not_found` */
export async function lockTenant(tx: Tx, tenantId: string): Promise<{ name: string, state: Tenant['state'] }> {
  const row = await tx.selectFrom('tenants').select(['name', 'state']).where('id', '=', tenantId).where('id', '!=', PLATFORM_TENANT).forUpdate().executeTakeFirst()
  if (!row) throw new Problem('not_found', { detail: 'There is no such tenant.' })
  return row
}

function assertOpen(state: Tenant['state']): void {
  if (state === 'deleting') throw new Problem('unprocessable', { detail: 'The tenant is being deleted.' })
}

/** An event on the channel that tells operators of tenants. */
export function toEvent(type: EventTypeName, data: Record<string, unknown>): Omit<DraftEvent, 'actor'> {
  return { channel: channelOf('admin-tenants'), type, data }
}
