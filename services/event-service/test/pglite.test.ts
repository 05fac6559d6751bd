import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { careFor } from '../src/database/autovacuum.ts'
import type { Database } from '../src/database/database.ts'
import { openPglite } from '../src/database/pglite.ts'
import { startPgliteThread } from '../src/database/pglite-thread.ts'
import { databaseContract } from './database-contract.ts'
import { openPrepared } from './prepared-database.ts'

describe('the database port on PGlite', () => { databaseContract(openPrepared) })

describe('the database port on PGlite in a thread', () => {
  databaseContract(() => openPrepared({ inThread: true }))

  it('keeps timers and sockets going while a statement takes long', async () => {
    const database = await openPrepared({ inThread: true })
    let ticks = 0
    const ticking = setInterval(() => { ticks++ }, 5)
    await database.inSystem(tx => sql`select count(*) from generate_series(1, 3000000)`.execute(tx))
    clearInterval(ticking)
    await database.close()
    expect(ticks).toBeGreaterThan(5)
  })

  it('says what PostgreSQL says of a fault, and goes on', async () => {
    const database = await openPrepared({ inThread: true })
    const add = (): Promise<unknown> => database.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    await add()
    await expect(add()).rejects.toMatchObject({ code: '23505', constraint: 'tenants_pkey' })
    await expect(database.inSystem(tx => sql`select oops`.execute(tx))).rejects.toMatchObject({ code: '42703', message: /oops/ })
    await expect(database.ping()).resolves.toBeUndefined()
    await database.close()
  })

  it('refuses a transaction that cannot begin, whoever waits for it to begin', async () => {
    const pglite = await startPgliteThread({})
    await pglite.close()
    await expect(pglite.transaction(tx => tx.query('select 1'))).rejects.toThrow(/closed/)
    await expect(pglite.transaction(() => Promise.resolve())).rejects.toThrow(/closed/)
  })

  it('refuses whatever comes after its end, and ends once', async () => {
    const database = await openPrepared({ inThread: true })
    await Promise.all([database.close(), database.close()])
    await expect(database.ping()).rejects.toThrow()
  })

  it('says why it cannot open a folder', async () => {
    await expect(openPglite({ dataDir: '/dev/null/nowhere', inThread: true })).rejects.toThrow()
  })
})

describe('work that goes from one transaction to the next on PGlite', () => {
  it('leaves the event loop its turns', async () => {
    const database = await openPrepared()
    let turns = 0
    let next: NodeJS.Immediate
    const count = (): void => {
      turns++
      next = setImmediate(count)
    }
    next = setImmediate(count)
    for (let transaction = 0; transaction < 20; transaction++) await database.inSystem(tx => sql`select 1`.execute(tx))
    clearImmediate(next)
    await database.close()
    expect(turns).toBeGreaterThanOrEqual(20)
  })
})

describe('a table of PGlite', () => {
  it.each([
    ['is left alone while little has changed', { rows: 1000, dead: 250, changed: 150 }, undefined],
    ['gets statistics when a tenth has changed', { rows: 1000, dead: 0, changed: 151 }, 'analyze'],
    ['loses its dead rows when they are a fifth', { rows: 1000, dead: 251, changed: 251 }, 'vacuum analyze'],
    ['is left alone when it is small', { rows: 0, dead: 50, changed: 50 }, undefined],
  ] as const)('%s', (_title, state, care) => {
    expect(careFor(state)).toBe(care)
  })
})

describe('tending PGlite', () => {
  let database: Database
  beforeAll(async () => { database = await openPrepared() })
  afterAll(() => database.close())

  const stateOf = (table: string): Promise<unknown> => database.inSystem(async tx => {
    const { rows: [row] } = await sql`select reltuples::float as rows, n_dead_tup::float as dead from pg_class join pg_stat_user_tables on relid = pg_class.oid where pg_class.relname = ${table}`.execute(tx)
    return row
  })

  it('gives tables their statistics and takes dead rows away', async () => {
    await database.inSystem(async tx => {
      await tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute()
      await sql`insert into channels (name, tenant_id) select 'tenant:acme:alerts' || n, 'acme' from generate_series(1, 300) as n`.execute(tx)
    })
    await database.inSystem(tx => sql`update channels set bytes = 1`.execute(tx))
    await database.tend?.()
    expect(await stateOf('channels')).toEqual({ rows: 300, dead: 0 })
  })
})
