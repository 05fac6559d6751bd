import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import pg from 'pg'
import { channelOf } from '@neo-stack/events'
import { openPostgres } from '../src/database/postgres.ts'
import type { Database } from '../src/database/database.ts'
import { Problem } from '../src/errors.ts'
import { createWritePath, type WritePath } from '../src/publish/write-path.ts'
import { enqueueEvents, outboxBacklog, OUTBOX_PARTITIONS, partitionOf, toOutboxRow } from '../src/realtime/outbox.ts'
import { copyDatabase, isPostgresInstalled, isRequired } from './postgres-server.ts'
import { eventOn } from './realtime-contract.ts'

describe('the outbox row of an event', () => {
  it('says what Centrifugo needs to publish it once and in order', () => {
    const event = eventOn('tenant:acme:deployments', 7)
    expect(toOutboxRow(event)).toEqual({
      partition: partitionOf('tenant:acme:deployments'),
      payload: { channel: 'tenant:acme:deployments', data: event, idempotency_key: event.id, version: 7, version_epoch: 'e1' },
    })
  })

  it.each([['nowhere:else', 1], ['session:s', 1], ['tenant:acme:metrics', undefined], ['', 1]])('is none for %j with seq %j: Centrifugo would refuse and delete it', (channel, seq) => {
    expect(() => toOutboxRow(eventOn(channel, seq))).toThrow(TypeError)
  })

  it('spreads channels over all partitions and keeps each on its own', () => {
    const partitions = Array.from({ length: 400 }, (_, index) => partitionOf(`tenant:t${index}:deployments`))
    expect(new Set(partitions).size).toBe(OUTBOX_PARTITIONS)
    expect(partitionOf('tenant:t7:deployments')).toBe(partitions[7])
  })
})

const isHere = isPostgresInstalled || isRequired

describe.skipIf(!isHere)(isHere ? 'the outbox' : 'the outbox (skipped: needs PostgreSQL 15)', () => {
  let database: Database
  let listener: pg.Client
  let writePath: WritePath
  const heard: string[] = []
  const delivered: string[] = []
  beforeAll(async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    database = await openPostgres({ url })
    await database.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    listener = new pg.Client({ connectionString: url })
    await listener.connect()
    await listener.query('listen centrifugo_outbox')
    listener.on('notification', ({ payload = '' }) => { heard.push(payload) })
    writePath = createWritePath({
      database, projections: new Map(), realtime: { enqueue: enqueueEvents, deliver: events => { delivered.push(...events.map(({ type }) => type)); return Promise.resolve() } },
    })
  })
  afterAll(async () => {
    await writePath.close()
    await listener.end()
    await database.close()
  })

  const alerts = channelOf('alerts', { tenantId: 'acme' })
  const actor = { type: 'system', id: 't' } as const
  const alert = (message: string): Parameters<WritePath['write']>[0]['events'][number] => ({ channel: alerts, type: 'alert', data: { severity: 'info', message }, actor })
  const rows = async (): Promise<{ seq: number, partition: number }[]> =>
    (await database.jobs.executeSql(`select (payload -> 'data' ->> 'seq')::integer as seq, partition from centrifugo_outbox order by id`) as { rows: { seq: number, partition: number }[] }).rows

  it('gets every kept event in the order of seq, with one notification per partition', async () => {
    await writePath.write({ tenantId: 'acme', events: Array.from({ length: 50 }, (_, index) => alert(`${index}`)) })
    expect(await rows()).toEqual(Array.from({ length: 50 }, (_, index) => ({ seq: index + 1, partition: partitionOf(alerts.name) })))
    await expect.poll(() => heard).toEqual([`${partitionOf(alerts.name)}`])
    expect(delivered).toEqual([])
  })

  it('gets nothing of a transaction that fails, and nothing that no log keeps', async () => {
    await expect(writePath.write({ tenantId: 'acme', events: [alert('lost')], within: () => Promise.reject(new Problem('forbidden')) })).rejects.toThrow()
    await writePath.write({ tenantId: 'acme', events: [{ channel: channelOf('metrics', { tenantId: 'acme' }), type: 'metrics_update', data: {}, actor }] })
    expect(await rows()).toHaveLength(50)
    expect(delivered).toEqual(['metrics_update'])
  })

  it('says how long the oldest row has waited', async () => {
    await database.jobs.executeSql(`update centrifugo_outbox set created_at = now() - interval '7 seconds' where id = (select min(id) from centrifugo_outbox)`)
    expect((await outboxBacklog(database)).oldestSeconds).toBeGreaterThanOrEqual(7)
    await database.jobs.executeSql('delete from centrifugo_outbox')
    expect(await outboxBacklog(database)).toEqual({ rows: 0, oldestSeconds: 0 })
  })

  it('takes no row of a partition that nobody reads', async () => {
    await expect(database.jobs.executeSql(`insert into centrifugo_outbox (method, payload, partition) values ('publish', '{}', ${OUTBOX_PARTITIONS})`)).rejects.toThrow(/check/)
  })

  it('shows no tenant what it holds of others', async () => {
    await expect(database.inTenant('acme', tx => tx.selectFrom('centrifugo_outbox' as never).selectAll().execute())).rejects.toThrow(/permission denied/)
  })
})
