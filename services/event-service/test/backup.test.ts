import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { channelOf } from '@neo-stack/events'
import { createEventService } from '../src/app.ts'
import { createKeySet, type KeySet } from '../src/auth/keys.ts'
import { openSharedKeys } from '../src/auth/shared-keys.ts'
import { BackupError, checkBackupFile } from '../src/backup/file.ts'
import { restoreBackup } from '../src/backup/restore.ts'
import type { RestoreTo } from '../src/backup/target.ts'
import { verifyDatabase } from '../src/backup/verify.ts'
import { writeBackup, type BackupSummary } from '../src/backup/write.ts'
import type { Database } from '../src/database/database.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { copyDatabase } from './postgres-server.ts'
import { openPrepared } from './prepared-database.ts'
import { createSilentRealtime, startService, type TestService } from './service.ts'

const alerts = channelOf('alerts', { tenantId: 'acme' }).name

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

interface Target { database: Database, to: RestoreTo, close: () => Promise<void> }

/** An empty database of the kind the project tests. */
async function openEmpty(): Promise<Target> {
  const server = inject('postgresUrl')
  const url = server === undefined ? undefined : await copyDatabase(server)
  const database = url === undefined ? await openPrepared() : await openPostgres({ url, connections: 3 })
  return { database, to: url === undefined ? { database } : { url }, close: database.close }
}

/** The epoch is read when a database is opened. */
async function epochOf(database: Database): Promise<unknown> {
  return ((await database.jobs.executeSql(`select value from settings where key = 'log_epoch'`)).rows as { value: unknown }[])[0]?.value
}

async function countOf(database: Database, table: string): Promise<number> {
  return ((await database.jobs.executeSql(`select count(*)::int as count from ${table}`)).rows as { count: number }[])[0]?.count ?? -1
}

describe('a backup', () => {
  let folder: string
  let service: TestService
  let keys: KeySet
  let file: string
  let written: BackupSummary
  let headers: { authorization: string }
  const named = (name: string): string => path.join(folder, name)

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'neo-backup-'))
    keys = await createKeySet()
    service = await startService({ database: await openPrepared(), keys })
    headers = await service.bearer('owner@acme.example')
    const events = Array.from({ length: 600 }, (_, n) => ({ channel: alerts, type: 'alert', data: { severity: 'info', message: `Ação № ${n} "✓" \\ ${String(2 ** 53)} end` } }))
    expect((await service.app.inject({ method: 'POST', url: '/v1/events/batch', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { events } })).statusCode).toBe(201)
    expect((await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', headers, payload: { instanceType: 'odoo', name: 'Waits' } })).statusCode).toBe(202)
    // A critical alert is told to operators by a job of another queue.
    expect((await service.app.inject({ method: 'POST', url: '/v1/alerts', headers, payload: { tenantId: 'acme', severity: 'critical', message: 'Down' } })).statusCode).toBe(201)
    await vi.waitFor(async () => { expect(await countOf(service.database, 'pgboss.job')).toBeGreaterThan(1) }, { timeout: 20_000, interval: 50 })
    file = named('first.backup')
    written = await writeBackup(service.database, { file, keys: keys.toJSON(), files: { 'instance-key.json': { key: 'k' } } })
  })
  afterAll(async () => {
    await service?.close()
    await service?.database.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is one file for its owner alone, whole or not there, and replaces none', async () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(`${file}.part`)).toBe(false)
    expect(written.rows).toBeGreaterThan(600)
    await expect(writeBackup(service.database, { file, keys: keys.toJSON() })).rejects.toThrow(/exists already/)
    expect(await checkBackupFile(file)).toMatchObject({ logEpoch: service.database.logEpoch, files: { 'instance-key.json': { key: 'k' } } })
  })

  it('is restored row by row into an empty database, under another epoch, with its chain, its job and its keys', async () => {
    const target = await openEmpty()
    try {
      const restored = await restoreBackup({ file, to: target.to })
      expect(restored).toMatchObject({ rows: written.rows, tables: written.tables, faults: [], hasReplaced: false, keys: keys.toJSON() })
      expect(restored.events).toBeGreaterThan(600)
      expect(restored.logEpoch).not.toBe(service.database.logEpoch)
      expect(await epochOf(target.database)).toBe(restored.logEpoch)
      expect(await verifyDatabase(target.database)).toMatchObject({ faults: [], auditEntries: await countOf(service.database, 'audit') })
      const own = 'url' in target.to ? await openSharedKeys({ database: target.database }) : keys
      if ('url' in target.to) expect(own.toJSON().secret).toBe(keys.secret)
      const again = await createEventService({ database: target.database, keys: own, realtime: createSilentRealtime() })
      expect((await again.app.inject({ url: '/v1/session', headers })).statusCode).toBe(200)
      expect((await again.jobs.backlog()).states.waiting).toBe(1)
      const { seq } = (await again.app.inject({ url: `/v1/history?channel=${alerts}&limit=1`, headers })).json<{ seq: number }>()
      const next = await again.app.inject({ method: 'POST', url: '/v1/alerts', headers, payload: { tenantId: 'acme', severity: 'info', message: 'After' } })
      expect(next.json()).toMatchObject({ seq: seq + 1 })
      await again.close()
      if ('close' in own) (own as { close: () => void }).close()
    } finally {
      await target.close()
    }
  })

  it('replaces what is there only where that is said, keeps it in a backup, and turns no revocation and no session back', async () => {
    const before = named('before.backup')
    const later = await service.bearer('member@acme.example')
    const { apiKey: { id } } = (await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/api-keys', headers, payload: { name: 'Worker', permissions: ['alerts:read'] } })).json<{ apiKey: { id: string } }>()
    const second = named('second.backup')
    await writeBackup(service.database, { file: second, keys: keys.toJSON() })
    expect((await service.app.inject({ method: 'DELETE', url: `/v1/tenants/acme/api-keys/${id}`, headers })).statusCode).toBeLessThan(300)
    const target = await openEmpty()
    try {
      const now = named('now.backup')
      await writeBackup(service.database, { file: now, keys: keys.toJSON() })
      await restoreBackup({ file: now, to: target.to })
      const events = await countOf(target.database, 'events')
      await expect(restoreBackup({ file, to: target.to })).rejects.toThrow(/not empty.*--replace/)
      expect(await countOf(target.database, 'events')).toBe(events)

      const secret = 'insert into installation_secrets (name, value) values ($1, $2)'
      if ('url' in target.to) for (const name of ['instances', 'other']) await target.database.jobs.executeSql(secret, [name, 'before'])
      const restored = await restoreBackup({ file: second, to: target.to, secretsOf: () => ({ instances: 'of the backup' }), replacing: { file: before, keys: keys.toJSON() } })
      if ('url' in target.to) {
        const { rows: kept } = await target.database.jobs.executeSql(`select name, value from installation_secrets where name <> 'refresh' order by name`)
        expect(kept).toEqual([{ name: 'instances', value: 'of the backup' }, { name: 'other', value: 'before' }])
      }
      expect(restored).toMatchObject({ hasReplaced: true, faults: [] })
      const { rows } = await target.database.jobs.executeSql('select revoked_at from api_keys where id = $1', [id]) as { rows: { revoked_at: unknown }[] }
      expect(rows[0]?.revoked_at).toBeTruthy()
      const again = await createEventService({ database: target.database, keys, realtime: createSilentRealtime() })
      expect((await again.app.inject({ url: '/v1/session', headers: later })).statusCode).toBe(200)
      await again.close()
      // What was replaced is not lost.
      await restoreBackup({ file: before, to: target.to, replacing: { file: named('again.backup'), keys: keys.toJSON() } })
      expect(await countOf(target.database, 'events')).toBe(events)
    } finally {
      await target.close()
    }
  })

  it('leaves the database as it was when it is cut off, damaged, forged, of another version or of another build', async () => {
    const target = await openEmpty()
    try {
      const whole = readFileSync(file)
      const lines = gunzipSync(whole).toString()
      const change = (from: string | RegExp, to: string): Buffer => gzipSync(lines.replace(from, to))
      const flipped = Buffer.from(whole)
      flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 0xff
      const bad: Record<string, [content: Buffer, says: RegExp]> = {
        'empty': [Buffer.alloc(0), /cut off/],
        'half': [whole.subarray(0, whole.length >> 1), /cut off/],
        'one byte short': [whole.subarray(0, -1), /cut off/],
        'no last line': [gzipSync(lines.slice(0, lines.trimEnd().lastIndexOf('\n') + 1)), /cut off/],
        'no end of a line': [gzipSync(lines.slice(0, -20)), /cut off/],
        'flipped': [flipped, /damaged|cut off/],
        'one letter': [change('Ação № 7 ', 'Ação № 8 '), /damaged/],
        'text': [Buffer.from('select 1;'), /no backup/],
        'other json': [gzipSync('{"a":1}\n'), /no backup/],
        'version 2': [change('"version":1', '"version":2'), /version 2 .* reads version 1/],
        'newer': [change('"migrations":[', '"migrations":["9999-future",'), /damaged/],
        'something after it': [gzipSync(`${lines}{"rows":[]}\n`), /damaged/],
      }
      for (const [name, [content, says]] of Object.entries(bad)) {
        writeFileSync(named('bad'), content)
        const failed = await restoreBackup({ file: named('bad'), to: target.to }).catch((error: unknown) => error)
        expect(failed, name).toBeInstanceOf(BackupError)
        expect((failed as Error).message, name).toMatch(says)
      }
      await expect(restoreBackup({ file: named('missing'), to: target.to })).rejects.toThrow(/There is no file/)
      expect(await countOf(target.database, 'users')).toBe(0)
      expect(await epochOf(target.database)).toBe(target.database.logEpoch)
      await restoreBackup({ file, to: target.to })
    } finally {
      await target.close()
    }
  })

  it('of a newer and of an older build says so', async () => {
    const forge = (from: string | RegExp, to: string): string => {
      const [header = '', ...rest] = gunzipSync(readFileSync(file)).toString().split('\n')
      const lines = [header.replace(from, to), ...rest.slice(0, -2)]
      const text = `${lines.join('\n')}\n`
      writeFileSync(named('build'), gzipSync(`${text}${JSON.stringify({ sha256: hashOf(text) })}\n`))
      return named('build')
    }
    const to = { database: service.database }
    await expect(restoreBackup({ file: forge('"migrations":[', '"migrations":["9999-future",'), to })).rejects.toThrow(/newer build \(it knows 9999-future\)/)
    await expect(restoreBackup({ file: forge('"0140-exams",', ''), to })).rejects.toThrow(/older build \(it lacks 0140-exams\)/)
  })

  it('of data that does not hang together is refused, and verification names what is wrong', async () => {
    const broken = await openPrepared()
    const other = await startService({ database: broken, keys })
    const bearer = await other.bearer('owner@acme.example')
    for (const message of ['One', 'Two', 'Three']) await other.app.inject({ method: 'POST', url: '/v1/alerts', headers: bearer, payload: { tenantId: 'acme', severity: 'info', message } })
    await other.app.inject({ method: 'POST', url: '/v1/tenants/acme/api-keys', headers: bearer, payload: { name: 'Worker', permissions: ['alerts:read'] } })
    await other.close()
    await broken.jobs.executeSql(`select set_config('neo.tenant', '*', false)`)
    await broken.jobs.executeSql(`with asked as (select set_config('neo.tenant', '*', true)) delete from events using asked where channel = '${alerts}' and seq = 2`)
    await broken.jobs.executeSql('alter table audit disable trigger user')
    await broken.jobs.executeSql(`with asked as (select set_config('neo.tenant', '*', true)) update audit set target = 'forged' from asked where tenant_id = 'acme' and n = 1`)
    const { faults } = await verifyDatabase(broken)
    expect(faults).toContainEqual(`The log of ${alerts} should hold 1 to 3 without a hole and holds 2 events.`)
    expect(faults).toContainEqual('The audit trail of acme is broken at entry 1.')
    await writeBackup(broken, { file: named('broken.backup'), keys: keys.toJSON() })
    const target = await openEmpty()
    await expect(restoreBackup({ file: named('broken.backup'), to: target.to })).rejects.toThrow(/does not hang together/)
    expect(await countOf(target.database, 'users')).toBe(0)
    await target.close()
    await broken.close()
  })
})
