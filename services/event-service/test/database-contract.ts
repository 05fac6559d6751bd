import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'

/** What every adapter of the database port does. */
export function databaseContract(open: () => Promise<Database>): void {
  let database: Database
  beforeAll(async () => {
    database = await open()
    await database.inSystem(tx => tx.insertInto('tenants').values([{ id: 'acme', name: 'Acme' }, { id: 'globex', name: 'Globex' }]).execute())
  })
  afterAll(() => database.close())

  const addChannel = (tenantId: string, name: string, owner = tenantId): Promise<unknown> =>
    database.inTenant(tenantId, tx => tx.insertInto('channels').values({ name, tenant_id: owner }).execute())
  const countChannels = (tenantId: string): Promise<number> =>
    database.inTenant(tenantId, async tx => (await tx.selectFrom('channels').select('name').execute()).length)

  it('sees and writes only the rows of the tenant', async () => {
    await addChannel('acme', 'a')
    await addChannel('globex', 'g')
    expect(await countChannels('acme')).toBe(1)
    await expect(addChannel('globex', 'x', 'acme')).rejects.toThrow(/row-level security/)
    expect(await database.inSystem(async tx => (await tx.selectFrom('channels').select('name').orderBy('name').execute()).map(({ name }) => name))).toEqual(['a', 'g'])
  })

  it.each(['*', '', 'Acme', 'a\'; drop table events', 'a b'])('opens no transaction for %j', async tenantId => {
    await expect(database.inTenant(tenantId, () => Promise.resolve())).rejects.toThrow(TypeError)
  })

  it('takes all back when the transaction fails', async () => {
    await expect(database.inTenant('acme', async tx => {
      await tx.insertInto('channels').values({ name: 'lost', tenant_id: 'acme' }).execute()
      throw new Error('no')
    })).rejects.toThrow('no')
    expect(await countChannels('acme')).toBe(1)
  })

  it('runs as a role that owns nothing and cannot pass over a policy', async () => {
    const { rows } = await database.inTenant('acme', tx => sql<{ super: boolean, bypass: boolean, owned: number | string }>`
      select rolsuper as super, rolbypassrls as bypass, (select count(*) from pg_class where relowner = pg_roles.oid) as owned
      from pg_roles where rolname = current_user`.execute(tx))
    expect(rows.map(row => ({ ...row, owned: Number(row.owned) }))).toEqual([{ super: false, bypass: false, owned: 0 }])
    await expect(database.inTenant('acme', tx => sql`alter table events disable row level security`.execute(tx))).rejects.toThrow(/owner/)
  })

  it('leaks no tenant from one transaction into the next, whatever became of it', async () => {
    await Promise.all(Array.from({ length: 300 }, async (_, index) => {
      const tenantId = index % 2 === 0 ? 'acme' : 'globex'
      const seen = await database.inTenant(tenantId, async tx => {
        const rows = await tx.selectFrom('channels').select('tenant_id').execute()
        if (index % 7 === 0) throw new Error('broken on purpose')
        return rows
      }).catch(() => [])
      expect(seen.every(row => row.tenant_id === tenantId)).toBe(true)
    }))
    const { rows } = await database.jobs.executeSql(`select coalesce(current_setting('neo.tenant', true), '') as tenant`) as { rows: { tenant: string }[] }
    expect(rows).toEqual([{ tenant: '' }])
  })

  it('reads one state in a snapshot and writes nothing in it', async () => {
    const { rows } = await database.inTenant('acme', tx => sql<{ level: string, mode: string }>`
      select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as mode`.execute(tx), { snapshot: true })
    expect(rows).toEqual([{ level: 'repeatable read', mode: 'on' }])
    await expect(database.inTenant('acme', tx => tx.deleteFrom('channels').execute(), { snapshot: true })).rejects.toThrow(/read-only/)
  })

  it('gives JSON, times and lists as they were put in', async () => {
    const time = new Date('2025-12-06T14:30:05.123Z')
    const id = '0197a000-0000-7000-8000-000000000001'
    await database.inTenant('acme', tx => tx.insertInto('audit').values({
      id, tenant_id: 'acme', time, actor: JSON.stringify({ type: 'system', id: 'ção' }), action: 'a', target: 't', detail: JSON.stringify({ deep: [1, null, 'ü'] }),
    }).execute())
    const row = await database.inTenant('acme', tx => tx.selectFrom('audit').selectAll().where('id', '=', id).executeTakeFirst())
    expect(row).toMatchObject({ time, actor: { type: 'system', id: 'ção' }, detail: { deep: [1, null, 'ü'] } })
  })

  it('has an epoch and answers', async () => {
    expect(database.logEpoch).toMatch(/^[0-9a-f]{8}$/)
    await expect(database.ping()).resolves.toBeUndefined()
  })

  it('tells who listens what is notified, until they have heard enough', async () => {
    const told: string[] = []
    const listening = await database.jobs.listen?.('neo_contract', payload => { told.push(payload) }, () => undefined)
    const notify = async (payload: string): Promise<void> => { await database.jobs.executeSql('select pg_notify($1, $2)', ['neo_contract', payload]) }
    await expect.poll(async () => {
      await notify('first')
      return told[0]
    }).toBe('first')
    await listening?.close()
    await notify('second')
    await database.ping()
    expect(told).not.toContain('second')
  })
}
