import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Principal } from '@neo-stack/events'
import { createKeySet, rotateKeySet, type KeySet } from '../src/auth/keys.ts'
import { createTokens } from '../src/auth/tokens.ts'
import { openPostgres } from '../src/database/postgres.ts'
import type { Database } from '../src/database/database.ts'
import { createCentrifugoRealtime } from '../src/realtime/centrifugo.ts'
import { sessionChannel } from '../src/realtime/centrifugo-commands.ts'
import { centrifugoEnvironment, createCentrifugoConfig } from '../src/realtime/centrifugo-config.ts'
import { enqueueEvents, outboxBacklog } from '../src/realtime/outbox.ts'
import type { Realtime } from '../src/realtime/realtime.ts'
import { copyDatabase, isPostgresInstalled, isRequired } from './postgres-server.ts'
import { centrifugoBinary, freePort, isInstalled, startCentrifugo, startRedis, type ServerProcess } from './processes.ts'
import { ana, bob, channel, Client, describeRealtime, eventOn, type RealtimeSubject } from './realtime-contract.ts'

const missing = [...centrifugoBinary ? [] : ['Centrifugo'], ...isInstalled('redis-server') ? [] : ['redis-server'], ...isPostgresInstalled ? [] : ['PostgreSQL 15']]
const isHere = missing.length === 0 || isRequired
const title = (text: string): string => isHere ? text : `${text} (skipped: needs ${missing.join(', ')})`

const principalOf = (user: string): Principal => {
  const [tenantId = '', userId = ''] = user.split('/')
  return { kind: 'user', tenantId, userId, roles: [], permissions: [] }
}

describe.skipIf(!isHere)(title('Centrifugo'), () => {
  let database: Database
  let databaseUrl: string
  let redis: Awaited<ReturnType<typeof startRedis>>
  let jwks: Server
  let keys: KeySet
  beforeAll(async () => {
    keys = await createKeySet()
    databaseUrl = await copyDatabase(inject('postgresUrl') ?? '')
    database = await openPostgres({ url: databaseUrl })
    await database.jobs.executeSql('alter role neo_centrifugo login')
    redis = await startRedis()
    jwks = createServer((_request, response) => { response.setHeader('content-type', 'application/json').end(JSON.stringify(keys.jwks)) }).listen(0, '127.0.0.1')
    await once(jwks, 'listening')
  })
  afterAll(async () => {
    jwks.close()
    await redis.stop()
    await database.close()
  })

  interface Subject extends RealtimeSubject {
    api: string
    node: ServerProcess
  }

  const start = async (wrap: (realtime: Realtime) => Realtime = realtime => realtime): Promise<Subject> => {
    const [port, internalPort] = [await freePort(), await freePort()]
    const environment = centrifugoEnvironment({
      name: `node-${port}`, host: '127.0.0.1', port, internalPort, apiKey: 'key', jwksUrl: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/`,
      redisUrl: `redis://127.0.0.1:${redis.port}`, databaseUrl: databaseUrl.replace('neo@', 'neo_centrifugo@'), allowedOrigins: ['https://portal.example'],
    })
    // Nothing of another test is left or remembered: an event with an older version than the last one is not delivered.
    await database.jobs.executeSql('delete from centrifugo_outbox')
    const node = await startCentrifugo(createCentrifugoConfig(), { ...environment, CENTRIFUGO_ENGINE_REDIS_PREFIX: `test-${port}` })
    const api = `http://127.0.0.1:${internalPort}`
    const realtime = createCentrifugoRealtime({ nodes: [api], key: 'key', usersOf: tenantId => Promise.resolve(tenantId === 'acme' ? [ana, bob] : []) })
    const tokens = (): ReturnType<typeof createTokens> => createTokens({ keys, sessionChannel })
    return {
      api, node, realtime: wrap(realtime), url: `ws://127.0.0.1:${port}/connection/websocket`,
      signConnection: async (user, sessionId) => (await tokens().signConnection({ ...principalOf(user), ...sessionId !== undefined && { sessionId } })).token,
      signSubscription: async (user, name) => (await tokens().signSubscription(principalOf(user), name)).token,
      shutDown: () => node.stop(),
      stop: async () => {
        await realtime.close()
        await node.stop()
      },
    }
  }

  describeRealtime('its server API', () => start())

  /** What is kept goes through the outbox, as the write path does it. */
  const byOutbox = (realtime: Realtime): Realtime => ({
    ...realtime,
    deliver: async events => {
      await database.inTenant('acme', tx => enqueueEvents(tx, events.filter(({ seq }) => seq !== undefined)))
      await realtime.deliver(events.filter(({ seq }) => seq === undefined))
    },
  })
  describeRealtime('its outbox consumer', () => start(byOutbox))

  it('reads the outbox empty, in order over many channels, woken by the notification', async () => {
    const subject = await start(byOutbox)
    const channels = Array.from({ length: 8 }, (_, index) => `tenant:acme:deployments:run-${index}`)
    const clients = channels.map(name => {
      const client = new Client(subject, ana)
      client.subscribe(name, () => subject.signSubscription(ana, name))
      client.centrifuge.connect()
      return client
    })
    await Promise.all(clients.map(client => client.until(() => client.saw('subscribed'))))
    for (let seq = 1; seq <= 200; seq++) await subject.realtime.deliver(channels.map(name => eventOn(name, seq)))
    await Promise.all(clients.map(client => client.until(() => client.seqs.includes(200))))
    for (const client of clients) {
      expect(client.seqs).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
      client.centrifuge.disconnect()
    }
    await expect.poll(async () => (await outboxBacklog(database)).rows).toBe(0)
    await subject.stop()
  })

  it('may read and delete what waits in the outbox, and nothing else of the database', async () => {
    const url = databaseUrl.replace('neo@', 'neo_centrifugo@')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await expect(client.query('select count(*) from centrifugo_outbox')).resolves.toBeDefined()
    for (const text of [
      'select * from events', 'select * from users', `insert into centrifugo_outbox (method, payload, partition) values ('publish', '{}', 0)`,
      'update centrifugo_outbox set partition = 1', 'truncate centrifugo_outbox',
    ]) await expect(client.query(text), text).rejects.toThrow(/permission denied/)
    expect((await client.query<{ idle: string }>(`select current_setting('idle_in_transaction_session_timeout') as idle`)).rows).toEqual([{ idle: '10s' }])
    await client.end()
  })

  it('refuses no token while keys rotate', async () => {
    const subject = await start()
    const before = keys
    for (const round of [1, 2, 3]) {
      keys = await rotateKeySet(keys)
      const old = createTokens({ keys: before, sessionChannel })
      for (const sign of [() => subject.signConnection(ana), async () => (await old.signConnection(principalOf(ana))).token]) {
        const client = new Client({ ...subject, signConnection: sign }, ana)
        client.centrifuge.connect()
        await client.until(() => client.saw('connected') || client.saw('disconnected'))
        expect(client.saw('connected'), `round ${round}`).toBe(true)
        client.centrifuge.disconnect()
      }
    }
    await subject.stop()
  })

  it('finds its configuration right', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'centrifugo-'))
    const file = path.join(folder, 'config.json')
    writeFileSync(file, JSON.stringify(createCentrifugoConfig()))
    const check = (given: Record<string, string>): { status: number | null, said: string } => {
      const { status, stdout, stderr } = spawnSync(centrifugoBinary ?? '', ['checkconfig', '-c', file, '--strict'], { env: given })
      return { status, said: `${stdout.toString()}${stderr.toString()}` }
    }
    const env = centrifugoEnvironment({
      name: 'one', host: '127.0.0.1', port: 8000, internalPort: 9000, apiKey: 'key', jwksUrl: 'http://127.0.0.1/', redisUrl: 'redis://127.0.0.1:6379',
      databaseUrl: 'postgres://neo_centrifugo@127.0.0.1/neo', allowedOrigins: ['https://portal.example'],
    })
    expect(check(env)).toMatchObject({ status: 0 })
    // The check sees what is missing and what is unknown.
    expect(check({}).said).toMatch(/DSN/)
    writeFileSync(file, JSON.stringify({ ...createCentrifugoConfig(), chanel: { namespaces: [] } }))
    expect(check(env).said).toMatch(/chanel/)
    rmSync(folder, { recursive: true })
  })

  it('gives no channel to who has no token for it, whatever its namespace', async () => {
    const subject = await start()
    for (const name of [channel, 'admin:metrics', 'system:announcements', `user:${ana}`, sessionChannel('s')]) {
      const client = new Client(subject, ana)
      const subscription = client.centrifuge.newSubscription(name)
      const refused = new Promise<number>(resolve => { subscription.once('error', ({ error }) => { resolve(error.code) }).once('unsubscribed', ({ code }) => { resolve(code) }) })
      subscription.subscribe()
      client.centrifuge.connect()
      expect(await refused, name).toBe(103)
      client.centrifuge.disconnect()
    }
    await subject.stop()
  })
})
