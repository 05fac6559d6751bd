import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Tx } from '../src/database/database.ts'
import { openPrepared } from './prepared-database.ts'
import { startService, type TestService } from './service.ts'
import { fillTenantTables, type TenantTable } from './tenant-tables.ts'

const tenantRoutes: readonly ['GET' | 'POST', string, object?][] = [
  ['GET', '/v1/tenants/acme/instances'],
  ['GET', '/v1/tenants/acme/stacks'],
  ['GET', '/v1/tenants/acme/deployments'],
  ['POST', '/v1/tenants/acme/deployments', { instanceType: 'odoo' }],
  ['GET', '/v1/tenants/acme/deployments/secret'],
  ['POST', '/v1/tenants/acme/deployments/secret/cancel'],
  ['POST', '/v1/tenants/acme/deployments/secret/retry'],
  ['GET', '/v1/tenants/acme/deployments/secret/logs'],
  ['POST', '/v1/tenants/acme/deployments/secret/logs', { lines: ['x'] }],
  ['POST', '/v1/tenants/acme/instances/secret/redeploy'],
  ['POST', '/v1/tenants/acme/instances/secret/rollback'],
  ['POST', '/v1/tenants/acme/instances/secret/delete'],
  ['POST', '/v1/tenants/acme/instances/secret/initial-password'],
  ['GET', '/v1/tenants/acme/instances/secret/logs'],
  ['GET', '/v1/tenants/acme/metrics'],
  ['POST', '/v1/tenants/acme/metrics', { cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 }],
  ['GET', '/v1/history?channel=tenant:acme:deployments'],
  ['GET', '/v1/history/search?channel=tenant:acme:deployments'],
  ['GET', '/v1/history/search?tenant=acme'],
  ['GET', '/v1/tenants/acme/history/exports'],
  ['POST', '/v1/tenants/acme/history/erasures', { userId: '0197a000-0000-7000-8000-000000000001' }],
  ['POST', '/v1/events', { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'm' } }],
  ['POST', '/v1/alerts', { tenantId: 'acme', severity: 'info', message: 'm' }],
]

describe('isolation', () => {
  let service: TestService
  beforeAll(async () => {
    service = await startService()
    await service.publishAs({ type: 'service', id: 'test' })({
      channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: 'secret', instanceType: 'odoo', logs: ['secret line'] },
    })
  })
  afterAll(() => service.stop())

  it.each(tenantRoutes)('answers %s %s of another tenant with 404 and tells nothing', async (method, url, payload) => {
    for (const authorization of [(await service.bearer('owner@globex.example')).authorization, `Bearer ${service.keyOf('globex')}`]) {
      const answer = await service.app.inject({ method, url, headers: { authorization }, ...payload && { payload } })
      expect(answer.statusCode, answer.body).toBe(404)
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.body).not.toContain('secret')
    }
  })

  it.each(tenantRoutes)('asks who it is at %s %s', async (method, url, payload) => {
    expect((await service.app.inject({ method, url, ...payload && { payload } })).statusCode).toBe(401)
  })

  it.each(tenantRoutes.filter(([method]) => method === 'POST'))('lets no viewer write at %s %s', async (method, url, payload) => {
    const answer = await service.app.inject({ method, url, headers: await service.bearer('viewer@acme.example'), ...payload && { payload } })
    expect(answer.statusCode, answer.body).toBe(403)
  })

  it('lets an operator read a tenant, never write, and never all tenants at once', async () => {
    const headers = await service.bearer('operator@neo.example')
    expect((await service.app.inject({ url: '/v1/tenants/acme/deployments', headers })).statusCode).toBe(200)
    expect((await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', headers, payload: { instanceType: 'odoo' } })).statusCode).toBe(403)
    expect((await service.app.inject({ url: '/v1/tenants/*/deployments', headers })).statusCode).toBe(400)
    await expect(service.database.inTenant('*', tx => tx.selectFrom('users').selectAll().execute())).rejects.toThrow(TypeError)
  })

  const bad: readonly ['GET' | 'POST', string, unknown, string][] = [
    ['GET', '/v1/tenants/Acme/instances', undefined, 'tenantId'],
    ['GET', '/v1/tenants/acme/deployments?limit=0', undefined, 'limit'],
    ['GET', '/v1/tenants/acme/deployments?status=done', undefined, 'status'],
    ['GET', '/v1/tenants/acme/deployments?cursor=nonsense', undefined, 'cursor'],
    ['GET', '/v1/tenants/acme/deployments?page=2', undefined, 'page'],
    ['GET', '/v1/tenants/acme/deployments/UPPER', undefined, 'deploymentId'],
    ['POST', '/v1/tenants/acme/deployments', {}, 'instanceType'],
    ['POST', '/v1/tenants/acme/deployments', { instanceType: 'oracle' }, 'instanceType'],
    ['POST', '/v1/tenants/acme/deployments', { instanceType: 'odoo', instanceId: 'Not A Slug' }, 'instanceId'],
    ['POST', '/v1/tenants/acme/deployments', { instanceType: 'odoo', config: { version: { deep: 1 } } }, 'config.version'],
    ['POST', '/v1/tenants/acme/deployments', { instanceType: 'odoo', owner: 'me' }, 'owner'],
    ['POST', '/v1/tenants/acme/deployments/a_b/cancel', {}, 'deploymentId'],
    ['POST', '/v1/tenants/acme/deployments/a_b/retry', {}, 'deploymentId'],
    ['GET', '/v1/tenants/acme/deployments/secret/logs?limit=9999', undefined, 'limit'],
    ['GET', '/v1/tenants/acme/deployments/secret/logs?after=-1', undefined, 'after'],
    ['POST', '/v1/tenants/acme/deployments/secret/logs', { lines: [] }, 'lines'],
    ['POST', '/v1/tenants/acme/deployments/secret/logs', { lines: ['x'], from: 0 }, 'from'],
    ['POST', '/v1/events', { channel: 'tenant:acme:deployments', type: 'deployment_progress', data: { deploymentId: 'd', progress: 101 } }, 'data.progress'],
    ['POST', '/v1/events', { channel: 'tenant:acme:deployments', type: 'deployment_progress', data: { deploymentId: 'd', progress: 1, extra: 1 } }, 'data.extra'],
    ['POST', '/v1/events', { channel: 'tenant:acme:nothing', type: 'alert', data: {} }, 'channel'],
    ['POST', '/v1/events/batch', { events: [] }, 'events'],
  ]

  it.each(bad)('names the fault at %s %s with %j', async (method, url, payload, path) => {
    const answer = await service.app.inject({
      method, url, headers: { authorization: `Bearer ${service.keyOf('acme')}` }, ...payload !== undefined && { payload: payload as object },
    })
    expect(answer.statusCode, answer.body).toBe(400)
    expect(answer.json<{ errors: { path: string }[] }>().errors.map(fault => fault.path)).toContain(path)
  })

  it('refuses bodies that are no JSON, of another type, or too large, and lives on', async () => {
    const url = '/v1/tenants/acme/deployments'
    const headers = { authorization: `Bearer ${service.keyOf('acme')}` }
    const send = async (payload: string, type: string): Promise<unknown> =>
      (await service.app.inject({ method: 'POST', url, payload, headers: { ...headers, 'content-type': type } })).json<{ code: string }>().code
    expect(await send('{', 'application/json')).toBe('invalid_json')
    expect(await send('<a/>', 'application/xml')).toBe('unsupported_media_type')
    expect(await send(JSON.stringify({ name: 'x'.repeat(1_100_000) }), 'application/json')).toBe('payload_too_large')
    expect((await service.app.inject({ url: '/livez' })).statusCode).toBe(200)
  })

  it('forces row-level security on every table of a tenant', async () => {
    const { rows } = await service.database.jobs.executeSql(`
      select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
        exists (select from pg_policy p where p.polrelid = c.oid and p.polqual is not null and p.polwithcheck is not null) as has_policy
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p')
        and (c.relname = 'tenants' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))`) as
      { rows: { name: string, enabled: boolean, forced: boolean, has_policy: boolean }[] }
    expect(rows.length).toBeGreaterThan(10)
    expect(rows.filter(row => !row.enabled || !row.forced || !row.has_policy)).toEqual([])
  })

  it('lets no row of another tenant in', async () => {
    await expect(service.database.inTenant('globex', tx => tx.insertInto('channels').values({ name: 'tenant:acme:x', tenant_id: 'acme' }).execute())).rejects.toThrow(/row-level security/)
  })

  it('keeps one state of the database through a snapshot, and writes nothing in it', async () => {
    const level = await service.database.inTenant('acme', async tx =>
      (await sql<{ level: string, mode: string }>`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as mode`.execute(tx)).rows[0],
    { snapshot: true })
    expect(level).toEqual({ level: 'repeatable read', mode: 'on' })
    await expect(service.database.inTenant('acme', tx => tx.deleteFrom('events').execute(), { snapshot: true })).rejects.toThrow(/read-only/)
    const next = await service.database.inTenant('acme', async tx =>
      (await sql<{ level: string }>`select current_setting('transaction_isolation') as level`.execute(tx)).rows[0])
    expect(next).toEqual({ level: 'read committed' })
  })
})

describe('the policy of each table with a tenant', () => {
  let database: Database
  let tables: TenantTable[]
  beforeAll(async () => {
    database = await openPrepared({ isNew: true })
    tables = await fillTenantTables(database, ['acme', 'globex'])
  })
  afterAll(() => database?.close())

  /** Whose rows are seen, by table. */
  const see = async (tx: Tx): Promise<Record<string, string[]>> => {
    const seen: Record<string, string[]> = {}
    for (const { name, column } of tables) {
      const { rows } = await sql<{ tenant: string }>`select distinct ${sql.ref(column)} as tenant from ${sql.table(name)} order by 1`.execute(tx)
      seen[name] = rows.map(({ tenant }) => tenant)
    }
    return seen
  }
  const everywhere = (tenants: string[]): Record<string, string[]> => Object.fromEntries(tables.map(({ name }) => [name, tenants]))

  // First: what a transaction has set is empty in its connection afterwards, never unset again.
  it('shows nothing in a connection that was never told a tenant', async () => {
    const looks = tables.map(({ name }) => `if exists (select from ${name}) then raise exception 'a row of ${name} is seen'; end if;`)
    await database.jobs.executeSql(`do $do$ begin
      if current_setting('neo.tenant', true) is not null then raise exception 'the setting is set'; end if;
      if not exists (select from sessions) then raise exception 'the owner sees rows'; end if;
      set local role neo_app; ${looks.join(' ')} end $do$`)
  })

  it('shows a tenant its own rows and none of another', async () => {
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['users', 'sessions', 'audit', 'instances', 'deployments', 'tenants']))
    expect(await database.inTenant('acme', see)).toEqual(everywhere(['acme']))
    expect(await database.inTenant('globex', see)).toEqual(everywhere(['globex']))
  })

  it('shows all rows where all tenants are asked for, and nothing where the setting is empty', async () => {
    for (const [name, tenants] of Object.entries(await database.inSystem(see))) expect(tenants, name).toEqual(expect.arrayContaining(['acme', 'globex']))
    expect(await database.inTenant('acme', async tx => {
      await sql`select set_config('neo.tenant', '', true)`.execute(tx)
      return see(tx)
    })).toEqual(everywhere([]))
  })
})
