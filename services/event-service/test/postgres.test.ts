import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { Published } from '@neo-stack/events'
import { channelOf, type Channel } from '@neo-stack/events'
import { sql } from 'kysely'
import pg from 'pg'
import { openPostgres } from '../src/database/postgres.ts'
import { probePostgres } from '../src/database/probe.ts'
import { HistoryService } from '../src/history/history-service.ts'
import { createActs } from '../src/publish/acts.ts'
import { createIds } from '../src/publish/ids.ts'
import { appendEvents, lockChannels } from '../src/publish/log.ts'
import { createWritePath, type WritePath } from '../src/publish/write-path.ts'
import { databaseContract } from './database-contract.ts'
import { openPrepared } from './prepared-database.ts'
import { copyDatabase, isPostgresInstalled, isRequired, startPostgres, type PostgresServer } from './postgres-server.ts'
import { removeTenant } from '../src/tenants/removal.ts'
import type { Database, Tx } from '../src/database/database.ts'

const isHere = isPostgresInstalled || isRequired
const title = (text: string): string => isHere ? text : `${text} (skipped: needs PostgreSQL 15)`

describe.skipIf(!isHere)(title('the database port on PostgreSQL'), () => { databaseContract(openPrepared) })

describe.skipIf(!isHere)(title('two processes on one PostgreSQL'), () => {
  let databases: Database[]
  let paths: WritePath[]
  beforeAll(async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    databases = await Promise.all([openPostgres({ url }), openPostgres({ url })])
    await databases[0]?.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    paths = databases.map(database => createWritePath({ database, projections: new Map(), realtime: { deliver: () => Promise.resolve() } }))
  })
  afterAll(async () => {
    await Promise.all(paths.map(path => path.close()))
    await Promise.all(databases.map(database => database.close()))
  })

  const write = async (index: number, key?: string): Promise<Published[]> => await paths[index % 2]?.write({
    tenantId: 'acme', events: [{ channel: channelOf('alerts', { tenantId: 'acme' }), type: 'alert', data: { severity: 'info', message: 'm' }, actor: { type: 'system', id: 't' } }],
    ...key !== undefined && { key: { scope: 's', key, bodyHash: 'a' } },
  }) as Published[]

  it('migrate one after the other and number one channel without hole or double', async () => {
    const answers = await Promise.all(Array.from({ length: 400 }, (_, index) => write(index)))
    const seqs = answers.flat().map(({ seq = 0 }) => seq).sort((a, b) => a - b)
    expect(seqs).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
  })

  it('answer the same key with one event', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => write(index, 'same')))
    expect(new Set(answers.flat().map(({ id }) => id)).size).toBe(1)
  })
})

describe.skipIf(!isHere)(title('a tenant that is deleted while another process writes to it'), () => {
  it('leaves no event behind: the last step waits for who has the channel, and who comes later finds no tenant', async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    const [remover, writer] = await Promise.all([openPostgres({ url }), openPostgres({ url })])
    await remover.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    const channel = channelOf('alerts', { tenantId: 'acme' })
    const nextId = createIds()
    const append = async (tx: Tx): Promise<void> => {
      const numbers = await lockChannels(tx, 'acme', [channel.name])
      await appendEvents(tx, [{ id: nextId(Date.now()), channel, type: 'alert', time: new Date().toISOString(), actor: { type: 'system', id: 't' }, data: {}, seq: (numbers.get(channel.name) ?? 0) + 1 }])
    }
    const late = Promise.withResolvers<undefined>()
    let writing: Promise<void> | undefined
    const path = createWritePath({ database: remover, projections: new Map(), realtime: { deliver: () => Promise.resolve() } })
    const removing = removeTenant({
      database: remover, perform: createActs({ writePath: path, now: Date.now }), now: Date.now,
      // Who was let in before the ban.
      banTenant: (id, state) => ({ store: async tx => { await tx.updateTable('tenants').set({ state }).where('id', '=', id).execute() }, enforce: () => Promise.resolve() }),
      elsewhere: [{
        name: 'jobs', count: () => Promise.resolve(0),
        // Its rows were removed by now; the last step comes next.
        remove: async () => {
          await writer.inTenant('acme', append)
          const isBegun = Promise.withResolvers<undefined>()
          writing = writer.inTenant('acme', async tx => {
            await append(tx)
            isBegun.resolve(undefined)
            await late.promise
          })
          await isBegun.promise
          return 0
        },
      }],
    }, { tenantId: 'acme', isOperators: true, address: '127.0.0.1', principal: { kind: 'user', userId: 'o', tenantId: 'platform', roles: [], permissions: [] } })
    await vi.waitFor(async () => {
      const { rows } = await remover.jobs.executeSql(`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
      expect(rows).toHaveLength(1)
    }, 8000)
    late.resolve(undefined)
    await writing
    expect((await removing).left).toMatchObject({ events: 0, channels: 0, tenants: 0 })
    await expect(writer.inTenant('acme', append)).rejects.toMatchObject({ code: '23503' })
    await path.close()
    await Promise.all([remover.close(), writer.close()])
  })
})

describe.skipIf(!isHere)(title('a migration while somebody reads for long'), () => {
  it('lets readers pass, and is made once the reader has ended', async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    const [reader, other] = await Promise.all([new pg.Client(url), new pg.Client(url)].map(async client => {
      await client.connect()
      return client
    }))
    await reader?.query(`alter table events drop column traceparent; delete from migrations where name = '0180-traces'`)
    await reader?.query('begin; select from events limit 1')
    let isOpen = false
    const opening = openPostgres({ url }).then(database => {
      isOpen = true
      return database
    })
    const waitingOf = async (): Promise<unknown> => (await other?.query(`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`))?.rowCount
    await expect.poll(waitingOf, { timeout: 10_000 }).toBe(1)
    await other?.query('select from events limit 1')
    expect(isOpen).toBe(false)
    await reader?.query('commit')
    await (await opening).close()
    await Promise.all([reader?.end(), other?.end()])
  }, 30_000)
})

describe.skipIf(!isHere)(title('a look at PostgreSQL'), () => {
  it('tells its version and clock, and which migrations are missing or of a newer version, without making any', async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    const before = await probePostgres(url)
    expect(before).toMatchObject({ missingExtensions: [], unknown: [] })
    expect(before.version).toBeGreaterThanOrEqual(150_000)
    expect(Math.abs(before.now - Date.now())).toBeLessThan(60_000)
    const database = await openPostgres({ url })
    await database.jobs.executeSql("insert into migrations (name) values ('9999-later')")
    await database.jobs.executeSql("delete from migrations where name = '0001-foundation' or name = (select max(name) from migrations where name < '9999')")
    await database.close()
    const after = await probePostgres(url)
    expect(after.unknown).toEqual(['9999-later'])
    expect(after.pending.length).toBeGreaterThan(0)
    expect(await probePostgres(url)).toMatchObject({ pending: after.pending })
    await expect(probePostgres('postgres://nobody@127.0.0.1:1/none')).rejects.toThrow()
  })
})

describe.skipIf(!isHere)(title('transactions that commit in another order than they began'), () => {
  it('are never skipped by a reader that goes on after the last event it saw', async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    const databases = await Promise.all(Array.from({ length: 3 }, () => openPostgres({ url })))
    await databases[0]?.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    const [reading, ...writing] = databases
    const paths = writing.map(database => createWritePath({ database, projections: new Map(), realtime: { deliver: () => Promise.resolve() } }))
    const channels = [channelOf('alerts', { tenantId: 'acme' }), channelOf('billing', { tenantId: 'acme' })]
    const history = new HistoryService(reading as Database, paths[0] as WritePath)
    let isDone = false
    const follow = async (index: number): Promise<number[]> => {
      const seen: number[] = []
      for (let last = isDone; ; last = isDone) {
        const { events } = await history.getHistory(channels[index] as Channel, { after: seen.at(-1) ?? 0, limit: 1000 })
        seen.push(...events.map(({ seq = 0 }) => seq))
        if (last && events.length === 0) return seen
      }
    }
    const readers = channels.map((_, index) => follow(index))
    // Each writes to both channels, one after the other or the other way round, and keeps its transaction open for a while of its own.
    const write = async (index: number): Promise<unknown> => paths[index % 2]?.write({
      tenantId: 'acme',
      events: (index % 3 === 0 ? channels : channels.toReversed()).map(channel => ({ channel, type: 'alert', data: { severity: 'info', message: `${index}` }, actor: { type: 'system', id: 't' } })),
      within: async tx => { await sql`select pg_sleep(${Math.random() * 0.004})`.execute(tx) },
    })
    for (let start = 0; start < 200; start += 8) await Promise.all(Array.from({ length: 8 }, (_, index) => write(start + index)))
    isDone = true
    const all = Array.from({ length: 200 }, (_, index) => index + 1)
    expect(await Promise.all(readers)).toEqual([all, all])
    await Promise.all(paths.map(path => path.close()))
    await Promise.all(databases.map(database => database.close()))
  })
})

describe.skipIf(!isHere)(title('a PostgreSQL that goes away'), () => {
  let server: PostgresServer
  beforeAll(async () => { server = await startPostgres() })
  afterAll(() => server.stop())

  it('is unavailable at once, and says so as such', async () => {
    const database = await openPostgres({ url: server.url, connectWithinMs: 1000 })
    await server.stop()
    await expect(database.inTenant('acme', () => Promise.resolve())).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 })
    await expect(database.ping()).rejects.toThrow()
    await database.close()
  })
})
