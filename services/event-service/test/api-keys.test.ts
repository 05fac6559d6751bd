import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startService, type TestService } from './service.ts'

const actor = { type: 'system', id: 'test' } as const

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('API keys', () => {
  let service: TestService
  beforeAll(async () => { service = await startService({ authLimits: { wrongKeysPerAddress: { points: 5, seconds: 60 } } }) })
  afterAll(() => service.stop())

  const ask = (key: string, remoteAddress = '10.0.0.1'): Promise<Answer> =>
    service.app.inject({ url: '/v1/session', remoteAddress, headers: { authorization: `Bearer ${key}` } })
  const create = (options: { expiresAt?: Date } = {}): Promise<{ id: string, key: string }> =>
    service.identity.apiKeys.create({ tenantId: 'acme', name: 'ci', permissions: ['deploy:read', 'root:everything'], actor, ...options })
  const rowOf = (id: string): Promise<{ hash: string, prefix: string, last_used_at: Date | null }> =>
    service.database.inTenant('acme', tx => tx.selectFrom('api_keys').select(['hash', 'prefix', 'last_used_at']).where('id', '=', id).executeTakeFirstOrThrow())

  it('are 256 random bits, kept as a hash, and recognisable', async () => {
    const { id, key } = await create()
    expect(key).toMatch(/^neo_[\w-]{43}$/)
    const row = await rowOf(id)
    expect(key.startsWith(row.prefix)).toBe(true)
    expect(row.prefix).toHaveLength(12)
    expect(JSON.stringify(row)).not.toContain(key.slice(12))
  })

  it('may do what was granted of what there is', async () => {
    const { id, key } = await create()
    expect((await ask(key)).json()).toEqual({ user: { id, tenantId: 'acme', name: 'ci', roles: [], permissions: ['deploy:read'] } })
  })

  it('leave a row in the audit trail when they are made', async () => {
    const { id, key } = await create()
    const rows = await service.database.inTenant('acme', tx => tx.selectFrom('audit').selectAll().where('target', '=', id).execute())
    expect(rows).toMatchObject([{ action: 'key.created', actor }])
    expect(JSON.stringify(rows)).not.toContain(key.slice(12))
  })

  it('of the demonstration say so in what they publish', async () => {
    const { id, key } = await service.identity.apiKeys.create({ tenantId: 'acme', name: 'demo', permissions: ['deploy:write', 'history:read', 'deploy:read'], isDemo: true, actor })
    const headers = { authorization: `Bearer ${key}` }
    const data = { deploymentId: 'labelled', instanceId: 'labelled', instanceType: 'odoo', simulated: true }
    const published = await service.app.inject({ method: 'POST', url: '/v1/events', headers, payload: { channel: 'tenant:acme:deployments', type: 'deployment_start', data } })
    expect(published.statusCode).toBe(201)
    const { events } = (await service.app.inject({ url: '/v1/history?channel=tenant:acme:deployments', headers })).json<{ events: { actor: unknown }[] }>()
    expect(events.at(-1)?.actor).toEqual({ type: 'demo', id })
  })

  it('end at their time, also when they were used before', async () => {
    const { key } = await create({ expiresAt: new Date(service.now() + 10_000) })
    expect((await ask(key)).statusCode).toBe(200)
    service.advance(10_001)
    expect((await ask(key)).json()).toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  it('end at once when they are revoked, together with their sockets', async () => {
    const { id, key } = await create()
    expect((await ask(key)).statusCode).toBe(200)
    await service.identity.apiKeys.revoke('acme', id)
    expect((await ask(key, '10.0.0.2')).statusCode).toBe(401)
    expect(service.cut).toContainEqual({ tenantId: 'acme', userId: id, reason: 'key revoked' })
    expect(service.identity.revocation.isAllowed(`acme/${id}`)).toBe(false)
  })

  it('of a suspended tenant are refused', async () => {
    const { key } = await create()
    await service.identity.revocation.setTenantState('acme', 'suspended')
    expect((await ask(key, '10.0.0.3')).statusCode).toBe(401)
    await service.identity.revocation.setTenantState('acme', 'active')
    expect((await ask(key)).statusCode).toBe(200)
  })

  it('of a suspended tenant do not use up what others at their address have', async () => {
    const [{ key }, other] = [await create(), service.keyOf('globex')]
    await service.identity.revocation.setTenantState('acme', 'suspended')
    for (let count = 0; count < 70; count++) expect((await ask(key, '10.0.0.4')).statusCode).toBe(401)
    await service.identity.revocation.setTenantState('acme', 'active')
    expect((await service.app.inject({ url: '/v1/tenants/globex/deployments', remoteAddress: '10.0.0.4', headers: { authorization: `Bearer ${other}` } })).statusCode).toBe(200)
  })

  it('remember their last use, once a minute', async () => {
    const { id, key } = await create()
    await ask(key)
    await vi.waitFor(async () => { expect((await rowOf(id)).last_used_at).not.toBeNull() })
    const first = (await rowOf(id)).last_used_at
    service.advance(30_000)
    await ask(key)
    await service.identity.apiKeys.close()
    expect((await rowOf(id)).last_used_at).toEqual(first)
    service.advance(31_000)
    await ask(key)
    await vi.waitFor(async () => { expect((await rowOf(id)).last_used_at).not.toEqual(first) })
  })

  it('that nobody made are refused, and soon not even looked up', async () => {
    const { key } = await create()
    expect((await ask(key, '10.0.9.9')).statusCode).toBe(200)
    const wrong = (index: number): string => `neo_${String(index).padStart(43, '0')}`
    const answers = []
    for (let index = 0; index < 8; index++) answers.push(await ask(wrong(index), '10.0.9.9'))
    expect(answers.map(answer => answer.statusCode)).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
    expect(Number(answers[7]?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask(key, '10.0.9.9')).statusCode).toBe(200)
    expect((await ask(wrong(9), '10.0.9.10')).statusCode).toBe(401)
  })

  it.each(['', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'Bearer neo_short', 'Bearer a b', 'bearer null', `Bearer ${'x'.repeat(9000)}`])(
    'are not found in %j', async authorization => {
      const answer = await service.app.inject({ url: '/v1/session', headers: { authorization } })
      expect(answer.statusCode).toBe(401)
      expect(answer.json()).toMatchObject({ code: 'unauthenticated' })
    })
})
