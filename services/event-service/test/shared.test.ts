import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { RevocationTarget } from '../src/auth/revocation.ts'
import { startRevocationSync } from '../src/auth/revocation-sync.ts'
import { openSharedKeys, openSharedSecret, rotateSharedKeys } from '../src/auth/shared-keys.ts'
import { createTokens } from '../src/auth/tokens.ts'
import { openPostgres } from '../src/database/postgres.ts'
import type { Database } from '../src/database/database.ts'
import { copyDatabase, isPostgresInstalled, isRequired } from './postgres-server.ts'
import { startService, type TestService } from './service.ts'

const isHere = isPostgresInstalled || isRequired

describe.skipIf(!isHere)(isHere ? 'two processes on one database' : 'two processes on one database (skipped: needs PostgreSQL 15)', () => {
  let services: TestService[]
  let databases: Database[]
  beforeAll(async () => {
    const url = await copyDatabase(inject('postgresUrl') ?? '')
    databases = await Promise.all([openPostgres({ url, connections: 4 }), openPostgres({ url, connections: 4 })])
    const [first, second] = databases
    const keys = await openSharedKeys({ database: first as Database })
    services = [await startService({ database: first as Database, keys, realtimeSeconds: 60 }), await startService({ database: second as Database, keys: await openSharedKeys({ database: second as Database }), realtimeSeconds: 60 })]
  })
  afterAll(async () => {
    for (const service of services) await service.stop()
    for (const database of databases) await database.close()
  })

  it('take each other\'s tokens', async () => {
    const headers = await services[0]?.bearer('owner@acme.example') ?? {}
    expect((await services[1]?.app.inject({ url: '/v1/session', headers }))?.statusCode).toBe(200)
  })

  it('choose one of them to do what only one may do, and another when it ends', async () => {
    const [one, other] = databases.map(database => database.elect?.('installation', () => undefined))
    const leaders = (): boolean[] => [one?.isLeader() ?? false, other?.isLeader() ?? false]
    // The services take part too, so that nobody here leads before they end.
    expect(leaders()).toEqual([false, false])
    await Promise.all([one?.close(), other?.close()])
  })

  it('tell how many are connected in one of them only: together they would tell everybody twice', async () => {
    const tellers = async (): Promise<number> => {
      const texts = await Promise.all(services.map(async ({ app }) => (await app.inject('/metrics')).body))
      return texts.filter(text => /^active_connections 3$/m.test(text) && /^active_channels 5$/m.test(text)).length
    }
    await expect.poll(tellers, { timeout: 20_000 }).toBe(1)
    const texts = await Promise.all(services.map(async ({ app }) => (await app.inject('/metrics')).body))
    expect(texts.filter(text => /^active_(?:connections|channels) /m.test(text))).toHaveLength(1)
  })

  it('sample instances in one of them only, and at once in the other when it ends', async () => {
    const [one, other] = databases.map(database => database.elect?.('instances', () => undefined))
    const leaders = (): (boolean | undefined)[] => [one?.isLeader(), other?.isLeader()]
    await expect.poll(() => leaders().filter(Boolean).length, { timeout: 20_000 }).toBe(1)
    const [leader, follower] = one?.isLeader() ? [one, other] : [other, one]
    await leader?.close()
    await expect.poll(() => follower?.isLeader(), { timeout: 20_000 }).toBe(true)
    await follower?.close()
  })

  it('refuse at both doors whom one of them revoked', async () => {
    const answer = await services[0]?.app.inject({ method: 'POST', url: '/v1/session', payload: { email: 'member@acme.example', password: services[0]?.passwordOf('member@acme.example') } })
    const { accessToken, user } = answer?.json<{ accessToken: string, user: { id: string, tenantId: string } }>() ?? { accessToken: '', user: { id: '', tenantId: '' } }
    const status = async (): Promise<number | undefined> => (await services[1]?.app.inject({ url: '/v1/session', headers: { authorization: `Bearer ${accessToken}` } }))?.statusCode
    expect(await status()).toBe(200)
    await services[0]?.identity.revocation.revokeUser({ tenantId: user.tenantId, userId: user.id }, 'role changed')
    await expect.poll(status, { timeout: 20_000 }).toBe(401)
    await expect.poll(() => services[1]?.cut.filter(({ sessionId }) => sessionId !== undefined).length, { timeout: 20_000 }).toBeGreaterThan(0)
  })

  it('cut again, each of them, whoever may come back with a token that still runs', async () => {
    await services[0]?.identity.revocation.setTenantState('globex', 'suspended')
    const cuts = (index: number): number => services[index]?.cut.filter(({ tenantId, userId }) => tenantId === 'globex' && userId === undefined).length ?? 0
    await expect.poll(() => cuts(0) > 1 && cuts(1) > 1, { timeout: 20_000 }).toBe(true)
    await services[0]?.identity.revocation.setTenantState('globex', 'active')
  })

  it('rotate keys without refusing a token: everybody knows a key before anybody signs with it', async () => {
    let clock = Date.now()
    const now = (): number => clock
    const [a, b] = await Promise.all(databases.map(database => openSharedKeys({ database, now, everyMs: 3_600_000 })))
    if (!a || !b) throw new Error('needs both')
    const before = a.signing.kid
    const old = await createTokens({ keys: a, now }).signConnection({ kind: 'user', tenantId: 'acme', userId: 'u', roles: [], permissions: [] })
    await rotateSharedKeys({ database: databases[0] as Database, now })
    await Promise.all([a.reload(), b.reload()])
    expect([a.signing.kid, b.signing.kid]).toEqual([before, before])
    expect(a.jwks.keys).toHaveLength(2)
    clock += 30_001
    await a.reload()
    expect(a.signing.kid).not.toBe(before)
    const young = await createTokens({ keys: a, now }).signConnection({ kind: 'user', tenantId: 'acme', userId: 'u', roles: [], permissions: [] })
    // b has not looked again: it takes both all the same.
    for (const { token } of [old, young]) await expect(createTokens({ keys: b, now }).verify('connection', token)).resolves.toMatchObject({ sub: 'acme/u' })
    a.close()
    b.close()
  })

  it('have one secret, whoever offers another', async () => {
    const open = (offer: string) => (database: Database): Promise<string> => openSharedSecret({ database, name: 'instances', offer })
    const [first = '', second] = await Promise.all(databases.map((database, index) => open(`offer ${index}`)(database)))
    expect(first).toMatch(/^offer [01]$/)
    expect(second).toBe(first)
    expect(await open('a later one')(databases[1] as Database)).toBe(first)
  })

  it('keep the private keys from tenants\' transactions', async () => {
    for (const table of ['signing_keys', 'installation_secrets']) {
      await expect(databases[0]?.inSystem(tx => tx.selectFrom(table as never).selectAll().execute())).rejects.toThrow(/permission denied/)
    }
  })
})

describe('following what others revoked', () => {
  const start = (fresh: RevocationTarget[][], isRevoked: () => boolean = () => true): { cut: RevocationTarget[], faults: unknown[], stop: () => Promise<void>, advance: (ms: number) => void } => {
    let clock = 1_000_000
    const [cut, faults]: [RevocationTarget[], unknown[]] = [[], []]
    const sync = startRevocationSync({
      revocation: { reload: () => Promise.resolve(fresh.shift() ?? []), isRevoked, onRevoked: () => undefined },
      disconnect: target => { cut.push(target); return Promise.reject(new Error('away')) }, tokenSeconds: 60, everyMs: 1, now: () => clock, onFault: error => { faults.push(error) },
    })
    return { cut, faults, stop: sync.stop, advance: ms => { clock += ms } }
  }

  it('cuts each second until the last token has ended, whatever fails', async () => {
    const { cut, faults, stop, advance } = start([[{ tenantId: 'acme', userId: 'ana' }]])
    await vi.waitFor(() => { expect(cut).toHaveLength(1) })
    for (let second = 1; second <= 64; second++) {
      advance(1000)
      await vi.waitFor(() => { expect(cut).toHaveLength(second + 1) })
    }
    advance(2000)
    await stop()
    expect(faults).toHaveLength(65)
    expect(cut).toHaveLength(65)
  })

  it('goes on reading who is revoked, and cuts the next one, while a cut is not answered', async () => {
    const fresh: RevocationTarget[][] = [[{ tenantId: 'acme', userId: 'ana' }], [], [], [{ tenantId: 'acme', userId: 'rui' }]]
    const answers = Promise.withResolvers<undefined>()
    const cut: RevocationTarget[] = []
    let looks = 0
    const sync = startRevocationSync({
      revocation: { reload: () => Promise.resolve(fresh[looks++] ?? []), isRevoked: () => true, onRevoked: () => undefined },
      disconnect: target => { cut.push(target); return answers.promise }, tokenSeconds: 60, everyMs: 1,
    })
    await vi.waitFor(() => { expect(looks).toBeGreaterThan(8) })
    expect(cut).toEqual([{ tenantId: 'acme', userId: 'ana' }, { tenantId: 'acme', userId: 'rui' }])
    answers.resolve(undefined)
    await sync.stop()
  })

  it('goes on cutting after who is revoked could not be said for a while', async () => {
    let isKnown = false
    const cut: RevocationTarget[] = []
    const faults: unknown[] = []
    let clock = 1_000_000
    const fresh: RevocationTarget[][] = [[{ tenantId: 'acme', userId: 'ana' }]]
    const sync = startRevocationSync({
      revocation: { reload: () => Promise.resolve(fresh.shift() ?? []), onRevoked: () => undefined, isRevoked: () => {
        if (!isKnown) throw new Error('not read')
        return true
      } },
      disconnect: target => { cut.push(target); return Promise.resolve() }, tokenSeconds: 60, everyMs: 1, now: () => clock, onFault: error => { faults.push(error) },
    })
    await vi.waitFor(() => { expect(faults.length).toBeGreaterThan(2) })
    isKnown = true
    clock += 1000
    await vi.waitFor(() => { expect(cut).toHaveLength(2) })
    await sync.stop()
  })

  it('leaves alone who was let in again', async () => {
    let isRevoked = true
    const { cut, stop, advance } = start([[{ tenantId: 'acme' }]], () => isRevoked)
    await vi.waitFor(() => { expect(cut).toHaveLength(1) })
    isRevoked = false
    advance(1000)
    await vi.waitFor(() => { advance(1000) })
    await stop()
    expect(cut).toHaveLength(1)
  })
})
