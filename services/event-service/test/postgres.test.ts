import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Published } from '@neo-stack/events'
import { channelOf } from '@neo-stack/events'
import { openPostgres } from '../src/database/postgres.ts'
import { createWritePath, type WritePath } from '../src/publish/write-path.ts'
import { databaseContract } from './database-contract.ts'
import { openPrepared } from './prepared-database.ts'
import { copyDatabase, isPostgresInstalled, isRequired, startPostgres, type PostgresServer } from './postgres-server.ts'
import type { Database } from '../src/database/database.ts'

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
