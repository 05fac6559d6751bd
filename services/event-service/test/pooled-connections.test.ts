/**
 * A pooled connection carries nothing of the tenant it last worked for: many tenants' requests interleave over two connections, among them
 * ones that fail inside their transaction, by an error of ours, of the database, a timeout, and a connection that was killed.
 */

import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openPostgres } from '../src/database/postgres.ts'
import type { Database, Tx } from '../src/database/database.ts'
import { copyDatabase, isPostgresInstalled, isRequired } from './postgres-server.ts'

const isHere = isPostgresInstalled || isRequired
const title = (text: string): string => isHere ? text : `${text} (skipped: needs PostgreSQL 15)`

const tenants = Array.from({ length: 20 }, (_, index) => `tenant-${index}`)
const REQUESTS = 2000

interface Carried { role: string | null, tenant: string | null, user: string, isolation: string, mode: string }

describe.skipIf(!isHere)(title('a pooled connection'), () => {
  let url: string
  let database: Database
  const faults: unknown[] = []
  beforeAll(async () => {
    url = await copyDatabase(inject('postgresUrl') ?? '')
    database = await openPostgres({ url, connections: 2, connectWithinMs: 60_000, onFault: fault => { faults.push(fault) } })
    await database.inSystem(tx => tx.insertInto('tenants').values(tenants.map(id => ({ id, name: id }))).execute())
    for (const id of tenants) await database.inTenant(id, tx => tx.insertInto('channels').values({ name: `tenant:${id}:alerts`, tenant_id: id }).execute())
  })
  afterAll(async () => { await database.close() })

  /** What a connection says of itself outside any transaction: what the next one would begin with. */
  const carried = async (): Promise<Carried[]> => {
    const ask = async (): Promise<Carried[]> => (await database.jobs.executeSql(`
      select current_setting('role', true) as role, current_setting('neo.tenant', true) as tenant, current_user = session_user as user,
        current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as mode, pg_sleep(0.01)`) as { rows: Carried[] }).rows
    return (await Promise.all([ask(), ask(), ask(), ask()])).flat()
  }
  const clean = expect.objectContaining({ role: 'none', tenant: expect.toSatisfy((tenant: unknown) => tenant === null || tenant === ''), user: true, isolation: 'read committed', mode: 'off' })

  const seen = async (tx: Tx): Promise<string[]> => (await tx.selectFrom('channels').select('tenant_id').execute()).map(row => row.tenant_id)
  const boom = new Error('boom')

  /** Ways to end a transaction, and what its caller is told. */
  const endings: ((tenant: string) => Promise<unknown>)[] = [
    async tenant => { expect(await database.inTenant(tenant, seen)).toEqual([tenant]) },
    async tenant => { expect(await database.inTenant(tenant, seen, { snapshot: true })).toEqual([tenant]) },
    async () => { expect((await database.inSystem(seen)).length).toBe(tenants.length) },
    async tenant => { await expect(database.inTenant(tenant, async tx => { await seen(tx); throw boom })).rejects.toBe(boom) },
    async tenant => { await expect(database.inTenant(tenant, () => { throw boom })).rejects.toBe(boom) },
    async tenant => { await expect(database.inTenant(tenant, tx => sql`select 1 / 0`.execute(tx))).rejects.toThrow(/division/) },
    async tenant => { await expect(database.inTenant(tenant, tx => sql`set local statement_timeout = 1; select pg_sleep(1)`.execute(tx))).rejects.toMatchObject({ code: 'unavailable', cause: { message: expect.stringContaining('timeout') } }) },
    async tenant => { await expect(database.inTenant(tenant, tx => tx.insertInto('channels').values({ name: 'x', tenant_id: 'tenant-none' }).execute())).rejects.toThrow(/row-level security/) },
    async tenant => { await expect(database.inTenant(tenant, tx => tx.deleteFrom('channels').execute(), { snapshot: true })).rejects.toThrow(/read-only/) },
    async () => { await expect(database.inTenant('*', seen)).rejects.toThrow(TypeError) },
  ]

  it(`begins with no tenant after ${REQUESTS} requests of ${tenants.length} tenants that end in every way`, async () => {
    expect(await carried()).toEqual([clean, clean, clean, clean])
    await Promise.all(Array.from({ length: REQUESTS }, async (_, index) => {
      await endings[(index * 7 + (index >> 3)) % endings.length]?.(tenants[(index * 13) % tenants.length] ?? '')
      if (index % 100 === 0) for (const one of await carried()) expect(one).toEqual(clean)
    }))
    expect(await carried()).toEqual([clean, clean, clean, clean])
    expect(faults).toEqual([])
  })

  it('is replaced when it was killed inside a transaction, and the next tenant sees its own', async () => {
    const killer = new pg.Client({ connectionString: url })
    await killer.connect()
    await expect(database.inTenant('tenant-1', async tx => {
      const { rows: [own] } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
      await killer.query('select pg_terminate_backend($1)', [own?.pid])
      return seen(tx)
    })).rejects.toThrow()
    await killer.end()
    expect(await database.inTenant('tenant-2', seen)).toEqual(['tenant-2'])
    expect(await carried()).toEqual([clean, clean, clean, clean])
  })

  it('would be found out if it carried a tenant', async () => {
    await database.jobs.executeSql('select set_config(\'neo.tenant\', \'tenant-1\', false)')
    expect(await carried()).not.toEqual([clean, clean, clean, clean])
    await database.jobs.executeSql('reset all')
  })
})
