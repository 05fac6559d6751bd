import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRecord } from '../src/presence/record.ts'
import { createRedisStore, probeRedis, redisAcl } from '../src/presence/redis.ts'
import type { PresenceStore } from '../src/presence/store.ts'
import { isRequired } from './postgres-server.ts'
import { isInstalled, startRedis } from './processes.ts'
import { presenceStoreContract } from './presence-contract.ts'

const isHere = isInstalled('redis-server') || isRequired

describe.skipIf(!isHere)(isHere ? 'Redis' : 'Redis (skipped: needs redis-server)', () => {
  let folder: string
  let redis: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'redis-acl-'))
    const file = path.join(folder, 'users.acl')
    writeFileSync(file, `user default on nopass ~* &* +@all\nuser events on >secret ${redisAcl}\n`)
    redis = await startRedis(file)
  })
  afterAll(async () => {
    await redis.stop()
    rmSync(folder, { recursive: true })
  })

  let count = 0
  const open = (prefix: string): PresenceStore => createRedisStore({ url: `redis://events:secret@127.0.0.1:${redis.port}`, prefix: `neo:presence:${prefix}:` })
  presenceStoreContract('on Redis, as a user with few rights', () => Promise.resolve(open(`test-${count++}`)))

  const ana = { tenantId: 'acme', userId: '018f0000-0000-7000-8000-00000000000a' }
  const made = createRecord(ana.userId, { userName: 'Ana', hideLastSeen: false }, 1000)

  it('is one store for two processes: no change is lost, each due record goes to one of them', async () => {
    const stores = [open('two'), open('two')] as const
    await stores[0].change(ana, () => ({ ...made, activeAt: 0, lookAt: 2000 }))
    await Promise.all(Array.from({ length: 40 }, (_, index) => stores[index % 2 === 0 ? 0 : 1].change(ana, known => known && { ...known, activeAt: known.activeAt + 1 })))
    expect((await stores[1].list('acme', 1)).records).toMatchObject([{ activeAt: 40 }])
    expect((await Promise.all(stores.map(store => store.takeDue(2000)))).flat()).toEqual([ana])
    await Promise.all(stores.map(store => store.close()))
  })

  it('ends every record by itself, and lists it no more', async () => {
    const store = open('ttl')
    const cli = (...command: string[]): string => execFileSync('redis-cli', ['-p', String(redis.port), ...command]).toString().trim()
    await store.change(ana, () => made)
    const key = `neo:presence:ttl:acme:user:${ana.userId}`
    expect(Number(cli('pttl', key))).toBeGreaterThan(80_000_000)
    cli('pexpire', key, '1')
    await expect.poll(async () => (await store.list('acme', 1)).records).toEqual([])
    expect(cli('scard', 'neo:presence:ttl:acme:users')).toBe('0')
    await store.close()
  })

  it.each([['keys', '*'], ['get', 'centrifugo.x'], ['flushall'], ['config', 'get', '*'], ['publish', 'c', 'm'], ['acl', 'list']])('refuses its user %s', (...command) => {
    const answer = execFileSync('redis-cli', ['-p', String(redis.port), '--user', 'events', '--pass', 'secret', '--no-auth-warning', ...command]).toString()
    expect(answer).toMatch(/NOPERM/)
  })

  it('is unavailable when nobody answers, and soon', async () => {
    const store = createRedisStore({ url: 'redis://127.0.0.1:1' })
    await expect(store.change(ana, known => known)).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
  })

  it('can be looked at by the same user, and says so when it is away or the password is wrong', async () => {
    expect((await probeRedis(`redis://events:secret@127.0.0.1:${redis.port}`)).tookMs).toBeGreaterThan(0)
    await expect(probeRedis(`redis://events:wrong@127.0.0.1:${redis.port}`)).rejects.toThrow(/WRONGPASS/)
    await expect(probeRedis('redis://127.0.0.1:1')).rejects.toThrow()
  })
})
