import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { channelOf } from '@neo-stack/events'
import { createEventService } from '../src/app.ts'
import { createKeySet, type KeySet } from '../src/auth/keys.ts'
import { openSharedKeys } from '../src/auth/shared-keys.ts'
import type { Database } from '../src/database/database.ts'
import { moveToPostgres, MoveError, type MovedTable } from '../src/database/move.ts'
import { openPglite } from '../src/database/pglite.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { verifyAllAudit } from '../src/tenants/audit.ts'
import { copyDatabase, isPostgresInstalled, isRequired } from './postgres-server.ts'
import { createSilentRealtime, startService } from './service.ts'

const isHere = isPostgresInstalled || isRequired
const channel = channelOf('alerts', { tenantId: 'acme' })

async function rowsOf(database: Database, table: string): Promise<number> {
  const { rows } = await database.jobs.executeSql(`select count(*)::int as rows from ${table}`)
  return (rows as { rows: number }[])[0]?.rows ?? -1
}

describe.skipIf(!isHere)(isHere ? 'an embedded database that moves to PostgreSQL' : 'an embedded database that moves to PostgreSQL (skipped: needs PostgreSQL 15)', () => {
  let from: Database
  let to: Database
  let url: string
  let keys: KeySet
  let moved: MovedTable[]
  let headers: { authorization: string }

  beforeAll(async () => {
    from = await openPglite()
    keys = await createKeySet()
    const service = await startService({ database: from, keys })
    headers = await service.bearer('owner@acme.example')
    const publish = { authorization: `Bearer ${service.keyOf('acme')}` }
    const events = Array.from({ length: 700 }, (_, n) => ({ channel: channel.name, type: 'alert', data: { severity: 'info', message: `Ação № ${n} "✓" \\ end` } }))
    expect((await service.app.inject({ method: 'POST', url: '/v1/events/batch', headers: publish, payload: { events } })).statusCode).toBe(201)
    expect((await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', headers, payload: { instanceType: 'odoo', name: 'Waits' } })).statusCode).toBe(202)
    const key = await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/api-keys', headers, payload: { name: 'Worker', permissions: ['alerts:read'] } })
    expect(key.statusCode).toBe(201)
    await service.close()
    url = await copyDatabase(inject('postgresUrl') ?? '')
    moved = await moveToPostgres({ from, to: url, keys: keys.toJSON(), secrets: { instances: 'kept' } })
    to = await openPostgres({ url, connections: 4 })
  })
  afterAll(async () => {
    await to?.close()
    await from?.close()
  })

  it('has every row of every table there', async () => {
    const there = Object.fromEntries(await Promise.all(moved.map(async ({ name }) => [name, await rowsOf(to, name)] as const)))
    const here: Record<string, number> = {}
    for (const { name } of moved) here[name] = await rowsOf(from, name)
    // These come from the key files.
    expect(there).toEqual({ ...here, signing_keys: 1, installation_secrets: 2 })
    expect(here).toMatchObject({ 'events': expect.toSatisfy((rows: number) => rows > 700), 'pgboss.job': 1, 'tenants': expect.toSatisfy((rows: number) => rows > 1) })
  })

  it('keeps the chain of the audit trail whole', async () => {
    const chains = await verifyAllAudit(to)
    expect(chains).toEqual(await verifyAllAudit(from))
    expect(chains.every(({ isWhole }) => isWhole)).toBe(true)
    expect(chains.find(({ tenantId }) => tenantId === 'acme')?.entries).toBeGreaterThan(0)
  })

  it('goes on in the same log, for whoever was signed in, with the job that waited', async () => {
    expect(to.logEpoch).toBe(from.logEpoch)
    const service = await createEventService({ database: to, keys: await openSharedKeys({ database: to }), realtime: createSilentRealtime() })
    try {
      expect((await service.app.inject({ url: '/v1/session', headers })).statusCode).toBe(200)
      const before = (await service.app.inject({ url: `/v1/history?channel=${channel.name}&limit=1`, headers })).json<{ seq: number }>().seq
      const next = await service.app.inject({ method: 'POST', url: '/v1/alerts', headers, payload: { tenantId: 'acme', severity: 'info', message: 'After the move' } })
      expect(next.statusCode).toBe(201)
      expect((await service.app.inject({ url: `/v1/history?channel=${channel.name}&limit=1`, headers })).json<{ seq: number }>().seq).toBe(before + 1)
      expect((await service.jobs.backlog()).states.waiting).toBe(1)
    } finally {
      await service.close()
    }
  })

  it('is refused where something is already', async () => {
    const before = await rowsOf(to, 'events')
    await expect(moveToPostgres({ from, to: url, keys: keys.toJSON() })).rejects.toThrow(/not empty/)
    expect(await rowsOf(to, 'events')).toBe(before)
  })

  it('moves nothing when a table would not be the same', async () => {
    const other = await copyDatabase(inject('postgresUrl') ?? '')
    const target = await openPostgres({ url: other, connections: 2 })
    try {
      await target.jobs.executeSql(`create function forge() returns trigger language plpgsql as $$ begin new.name := 'Forged'; return new; end $$`)
      await target.jobs.executeSql('create trigger forge before insert on users for each row execute function forge()')
      await expect(moveToPostgres({ from, to: other, keys: keys.toJSON() })).rejects.toThrow(MoveError)
      expect(await rowsOf(target, 'users')).toBe(0)
    } finally {
      await target.close()
    }
  })
})
