import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnnouncementList, AuditPage, Envelope, Session, TenantCreated, TenantDetail, TenantList, TenantRemoved } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>
type Headers = Record<string, string>

const path = '/v1/admin/tenants'

describe('tenants, for operators', () => {
  let service: TestService
  let operator: Headers
  beforeAll(async () => {
    service = await startService()
    operator = await service.bearer('operator@neo.example')
  })
  afterAll(() => service.stop())
  beforeEach(() => { service.cut.length = 0 })

  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, { headers = operator, payload }: { headers?: Headers, payload?: object } = {}): Promise<Answer> =>
    service.app.inject({ method, url, headers, ...payload && { payload } })
  const create = async (id: string): Promise<TenantCreated> => {
    const answer = await call('POST', path, { payload: { id, name: `Téñant ${id}`, owner: { email: `owner@${id}.example`, name: 'Owner' } } })
    expect(answer.statusCode, answer.body).toBe(201)
    return answer.json<TenantCreated>()
  }
  const signIn = (email: string, password: string): Promise<Answer> => service.app.inject({ method: 'POST', url: '/v1/session', payload: { email, password } })
  /** An owner whose password is their own. */
  const ownerOf = async (id: string): Promise<{ headers: Headers, password: string }> => {
    const { owner } = await create(id)
    const first = await signIn(`owner@${id}.example`, owner?.password ?? '')
    const password = 'a password of their own'
    await call('POST', `/v1/tenants/${id}/users/me/password`, { headers: { authorization: `Bearer ${first.json<Session>().accessToken}` }, payload: { current: owner?.password ?? '', next: password } })
    return { password, headers: { authorization: `Bearer ${(await signIn(`owner@${id}.example`, password)).json<Session>().accessToken}` } }
  }
  const told = async (channel: string): Promise<Envelope[]> => (await call('GET', `/v1/history?channel=${channel}&limit=1000`)).json<{ events: Envelope[] }>().events

  it('are created with an owner, who gets in, and told of', async () => {
    const { headers } = await ownerOf('initech')
    expect((await call('GET', '/v1/tenants/initech/deployments', { headers })).statusCode).toBe(200)
    expect((await told('admin:tenants')).at(-1)).toMatchObject({ type: 'tenant_created', data: { tenant: 'initech', name: 'Téñant initech' } })
    expect((await told('admin:activity')).filter(({ data }) => data['action'] === 'tenant.created').at(-1)?.data).toMatchObject({ target: 'initech', actorName: 'Operator', detail: { tenant: 'initech' } })
    expect((await call('POST', path, { payload: { id: 'initech', name: 'Again' } })).json()).toMatchObject({ status: 409, code: 'tenant_exists' })
    expect((await call('POST', path, { payload: { id: 'platform', name: 'Mine' } })).json()).toMatchObject({ code: 'tenant_exists' })
    const { entries } = (await call('GET', '/v1/tenants/initech/audit', { headers })).json<AuditPage>()
    expect(entries.map(({ action }) => action).toReversed().slice(0, 2)).toEqual(['tenant.created', 'user.created'])
  })

  it('are listed by identifier, found by a part of identifier or name, without the operators\' own', async () => {
    await create('umbrella')
    const { tenants, total } = (await call('GET', path)).json<TenantList>()
    const ids = tenants.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['acme', 'globex', 'umbrella']))
    expect(ids).toEqual(ids.toSorted())
    expect(ids).not.toContain('platform')
    expect(total).toBe(ids.length)
    expect(tenants.find(({ id }) => id === 'acme')).toMatchObject({ name: 'Acme', state: 'active', users: 6 })
    expect((await call('GET', `${path}?q=TENANT%20umb`)).json<TenantList>()).toMatchObject({ total: 1, tenants: [{ id: 'umbrella', users: 1 }] })
    const first = (await call('GET', `${path}?limit=1`)).json<TenantList>()
    const rest = (await call('GET', `${path}?cursor=${first.next ?? ''}`)).json<TenantList>()
    expect([...first.tenants, ...rest.tenants].map(({ id }) => id)).toEqual(ids)
  })

  it('shut every door when suspended, cut the sockets, and work again when resumed', async () => {
    const { headers, password } = await ownerOf('hooli')
    const { key } = await service.identity.apiKeys.create({ tenantId: 'hooli', name: 'k', permissions: ['deploy:read'], actor: { type: 'system', id: 't' } })
    const doors = async (): Promise<number[]> => Promise.all([
      call('GET', '/v1/session', { headers }), call('POST', '/v1/realtime/connection-token', { headers }),
      call('GET', '/v1/session', { headers: { authorization: `Bearer ${key}` } }), signIn('owner@hooli.example', password),
    ].map(async answer => (await answer).statusCode))
    expect(await doors()).toEqual([200, 200, 200, 200])
    const suspended = await call('POST', `${path}/hooli/suspend`, { payload: { reason: 'unpaid' } })
    expect(suspended.json<TenantDetail>().tenant.state).toBe('suspended')
    expect(await doors()).toEqual([401, 401, 401, 401])
    expect(service.ends()).toEqual([{ tenantId: 'hooli', reason: 'tenant suspended' }])
    expect(service.identity.revocation.isAllowed('hooli/anybody')).toBe(false)
    expect((await told('admin:tenants')).at(-1)).toMatchObject({ type: 'tenant_suspended', data: { tenant: 'hooli', reason: 'unpaid' } })
    expect((await call('GET', `${path}?state=suspended`)).json<TenantList>().tenants.map(({ id }) => id)).toEqual(['hooli'])
    expect((await call('POST', `${path}/hooli/resume`)).json<TenantDetail>().tenant.state).toBe('active')
    expect(await doors()).toEqual([200, 200, 200, 200])
    expect((await told('admin:tenants')).at(-1)).toMatchObject({ type: 'tenant_resumed' })
  })

  it('have quotas that hold, and say what they use', async () => {
    await create('pied-piper')
    const answer = await call('PUT', `${path}/pied-piper/quotas`, { payload: { eventsPerSecond: 1, bytesPerSecond: null, storedBytes: null } })
    expect(answer.json<TenantDetail>()).toMatchObject({ quotas: { eventsPerSecond: 1, bytesPerSecond: null }, usage: { users: 1, sessions: 0, apiKeys: 0, deployments: 0 } })
    const { key } = await service.identity.apiKeys.create({ tenantId: 'pied-piper', name: 'k', permissions: ['alerts:write'], actor: { type: 'system', id: 't' } })
    const raise = (): Promise<Answer> => call('POST', '/v1/events', { headers: { authorization: `Bearer ${key}` }, payload: { channel: 'tenant:pied-piper:alerts', type: 'alert', data: { severity: 'info', message: 'm' } } })
    const answers = []
    for (let index = 0; index < 6; index++) answers.push(await raise())
    expect(answers[0]?.statusCode).toBe(201)
    expect(answers.find(({ statusCode }) => statusCode === 429)?.json()).toMatchObject({ code: 'rate_limited', limit: 1 })
    expect((await call('PUT', `${path}/pied-piper/quotas`, { payload: { eventsPerSecond: 0, bytesPerSecond: null, storedBytes: null } })).json()).toMatchObject({ errors: [{ path: 'eventsPerSecond' }] })
  })

  it('leave nothing behind when deleted, in no table, and the others everything', async () => {
    const { headers, password } = await ownerOf('doomed')
    await call('POST', '/v1/tenants/doomed/deployments', { headers, payload: { instanceType: 'odoo', name: 'One' } })
    await call('PUT', '/v1/tenants/doomed/alert-rules', { headers, payload: { rules: [{ name: 'hot', metric: 'cpu', op: '>', threshold: 1, severity: 'info' }] } })
    await service.identity.apiKeys.create({ tenantId: 'doomed', name: 'k', permissions: ['deploy:read'], actor: { type: 'system', id: 't' } })
    await call('PUT', `${path}/doomed/quotas`, { payload: { eventsPerSecond: 9, bytesPerSecond: null, storedBytes: null } })
    const publish = service.publishAs({ type: 'system', id: 'test' })
    await Promise.all(Array.from({ length: 1500 }, (_, index) => publish({ channel: 'tenant:doomed:alerts', type: 'alert', data: { severity: 'info', message: `m${index}` } })))
    const others = async (): Promise<string> => JSON.stringify(await service.database.inTenant('acme', async tx => [
      await tx.selectFrom('users').selectAll().orderBy('id').execute(), await tx.selectFrom('audit').selectAll().orderBy('n').execute(), await tx.selectFrom('api_keys').selectAll().orderBy('id').execute(),
    ]))
    const before = await others()
    const answer = await call('DELETE', `${path}/doomed`)
    expect(answer.statusCode, answer.body).toBe(200)
    const { removed, left } = answer.json<TenantRemoved>()
    expect(Object.values(left).every(count => count === 0), JSON.stringify(left)).toBe(true)
    expect(removed).toMatchObject({ users: 1, api_keys: 1, deployments: 1, alert_rules: 1, tenant_quotas: 1, jobs: 1, tenants: 1 })
    expect(removed['events']).toBeGreaterThanOrEqual(1500)
    const { rows } = await service.database.jobs.executeSql(`select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id'`) as { rows: { name: string }[] }
    expect(Object.keys(left)).toEqual(expect.arrayContaining(rows.map(({ name }) => name)))
    for (const { name } of rows) {
      const found = await service.database.jobs.executeSql(`select count(*)::int as count from ${name} where tenant_id = 'doomed'`) as { rows: { count: number }[] }
      expect(found.rows, name).toEqual([{ count: 0 }])
    }
    expect(await others()).toBe(before)
    expect((await call('GET', '/v1/session', { headers })).statusCode).toBe(401)
    expect((await signIn('owner@doomed.example', password)).statusCode).toBe(401)
    expect(service.cut).toContainEqual({ tenantId: 'doomed', reason: 'tenant deleting' })
    expect((await call('GET', `${path}/doomed`)).statusCode).toBe(404)
    expect((await told('admin:tenants')).at(-1)).toMatchObject({ type: 'tenant_deleted', data: { tenant: 'doomed', removed: { users: 1 } } })
    const { entries } = (await call('GET', '/v1/admin/audit?tenantId=platform&action=tenant.deleted')).json<AuditPage>()
    expect(entries).toMatchObject([{ target: 'doomed', detail: { trail: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string } } }])
    expect((await call('GET', '/v1/admin/audit/verification')).json()).toMatchObject({ isWhole: true })
  })

  it('rest for a while after they were deleted, so that no old token opens a new one', async () => {
    await create('phoenix')
    await call('DELETE', `${path}/phoenix`)
    expect((await call('POST', path, { payload: { id: 'phoenix', name: 'Again' } })).json()).toMatchObject({ code: 'tenant_exists' })
    service.advance(600_001)
    operator = await service.bearer('operator@neo.example')
    expect((await call('POST', path, { payload: { id: 'phoenix', name: 'Again', owner: { email: 'o@phoenix.example', name: 'O' } } })).statusCode).toBe(201)
    expect(service.identity.revocation.isAllowed('phoenix/anybody')).toBe(true)
  })

  it('of the operators themselves cannot be touched', async () => {
    for (const [method, url] of [['DELETE', `${path}/platform`], ['POST', `${path}/platform/suspend`], ['GET', `${path}/platform`]] as const) {
      expect((await call(method, url)).statusCode, url).toBe(404)
    }
  })

  it('are no tenant\'s business', async () => {
    const headers = await service.bearer('owner@acme.example')
    const routes: readonly ['GET' | 'POST' | 'PUT' | 'DELETE', string, object?][] = [
      ['GET', path], ['POST', path, { id: 'mine', name: 'Mine' }], ['GET', `${path}/globex`], ['POST', `${path}/globex/suspend`], ['POST', `${path}/globex/resume`],
      ['PUT', `${path}/globex/quotas`, { eventsPerSecond: null, bytesPerSecond: null, storedBytes: null }], ['DELETE', `${path}/globex`],
      ['GET', '/v1/admin/users'], ['POST', '/v1/admin/users', { email: 'a@b.example', name: 'A', roles: ['admin'] }], ['GET', '/v1/admin/api-keys'], ['GET', '/v1/admin/sessions'],
      ['POST', '/v1/admin/api-keys', { name: 'a', permissions: ['admin:*'] }], ['POST', `/v1/admin/users/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}/disable`],
      ['DELETE', `/v1/admin/api-keys/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`], ['DELETE', `/v1/admin/sessions/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`],
      ['GET', '/v1/admin/announcements'], ['POST', '/v1/admin/announcements', { message: 'm' }], ['DELETE', '/v1/admin/announcements/0190b5a0-7c1e-7000-8000-00000000000a'],
    ]
    for (const [method, url, payload] of routes) {
      expect((await call(method, url, { headers, ...payload && { payload } })).statusCode, `${method} ${url}`).toBe(403)
      expect((await call(method, url, { headers: {}, ...payload && { payload } })).statusCode, `${method} ${url}`).toBe(401)
    }
  })

  it('have people, keys and sessions that operators see and end; each look is written down', async () => {
    const { headers } = await ownerOf('stark')
    const reads = async (): Promise<number> => (await service.database.inTenant('stark', tx => tx.selectFrom('audit').select('n').where('action', '=', 'tenant.read').execute())).length
    const before = await reads()
    const { users } = (await call('GET', '/v1/admin/users?tenantId=stark')).json<{ users: { id: string }[] }>()
    expect(users).toMatchObject([{ tenantId: 'stark', email: 'owner@stark.example' }])
    const { sessions } = (await call('GET', '/v1/admin/sessions?tenantId=stark')).json<{ sessions: { id: string }[] }>()
    expect(sessions.length).toBeGreaterThan(0)
    expect(await reads()).toBe(before + 2)
    for (const { id } of sessions) expect((await call('DELETE', `/v1/admin/sessions/${id}`)).statusCode).toBe(204)
    expect((await call('GET', '/v1/session', { headers })).statusCode).toBe(401)
    const made = await call('POST', '/v1/admin/api-keys', { payload: { tenantId: 'stark', name: 'by hand', permissions: ['deploy:read'] } })
    const { apiKey, key } = made.json<{ apiKey: { id: string }, key: string }>()
    expect((await call('GET', '/v1/session', { headers: { authorization: `Bearer ${key}` } })).json()).toMatchObject({ user: { tenantId: 'stark' } })
    expect((await call('DELETE', `/v1/admin/api-keys/${apiKey.id}`)).statusCode).toBe(204)
    expect((await call('GET', '/v1/session', { headers: { authorization: `Bearer ${key}` } })).statusCode).toBe(401)
  })

  it('hear announcements', async () => {
    const { id } = (await call('POST', '/v1/admin/announcements', { payload: { message: 'Manutenção às 22h' } })).json<{ id: string }>()
    expect((await call('GET', '/v1/admin/announcements')).json<AnnouncementList>().announcements[0]).toMatchObject({ id, message: 'Manutenção às 22h' })
    const heard = await call('GET', '/v1/history?channel=system:announcements', { headers: await service.bearer('viewer@globex.example') })
    expect(heard.json<{ events: Envelope[] }>().events.at(-1)).toMatchObject({ id, type: 'announcement' })
  })

  it('are told that an announcement was taken back, once', async () => {
    const { id } = (await call('POST', '/v1/admin/announcements', { payload: { message: 'Foi engano' } })).json<{ id: string }>()
    for (let n = 0; n < 2; n++) expect((await call('DELETE', `/v1/admin/announcements/${id}`)).statusCode).toBe(204)
    expect((await call('DELETE', `/v1/admin/announcements/${crypto.randomUUID()}`)).statusCode).toBe(404)
    expect((await call('GET', '/v1/admin/announcements')).json<AnnouncementList>().announcements[0]).toMatchObject({ id, withdrawnAt: expect.any(String) as string })
    const { events } = (await call('GET', '/v1/history?channel=system:announcements', { headers: await service.bearer('viewer@globex.example') })).json<{ events: Envelope[] }>()
    expect(events.filter(({ type }) => type === 'announcement_withdrawn').map(({ data }) => data)).toEqual([{ announcementId: id }])
    const { entries } = (await call('GET', '/v1/admin/audit?action=announcement.withdrawn')).json<{ entries: { target: string }[] }>()
    expect(entries.map(({ target }) => target)).toEqual([id])
  })

  it('take an announcement back at once, and it is taken back once', async () => {
    const { id } = (await call('POST', '/v1/admin/announcements', { payload: { message: 'Foi engano também' } })).json<{ id: string }>()
    const answers = await Promise.all([1, 2, 3, 4].map(() => call('DELETE', `/v1/admin/announcements/${id}`)))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204, 204])
    const { events } = (await call('GET', '/v1/history?channel=system:announcements', { headers: await service.bearer('viewer@globex.example') })).json<{ events: Envelope[] }>()
    expect(events.filter(({ type, data }) => type === 'announcement_withdrawn' && data['announcementId'] === id)).toHaveLength(1)
    const { entries } = (await call('GET', '/v1/admin/audit?action=announcement.withdrawn')).json<{ entries: { target: string }[] }>()
    expect(entries.filter(({ target }) => target === id)).toHaveLength(1)
  })

  it('get a second operator, who must set a password first', async () => {
    const { user, password } = (await call('POST', '/v1/admin/users', { payload: { email: 'second@neo.example', name: 'Second', roles: ['admin'] } })).json<{ user: { tenantId: string }, password: string }>()
    expect(user.tenantId).toBe('platform')
    const { accessToken } = (await signIn('second@neo.example', password)).json<Session>()
    expect((await call('GET', path, { headers: { authorization: `Bearer ${accessToken}` } })).statusCode).toBe(403)
    expect((await call('POST', '/v1/admin/users', { payload: { tenantId: 'acme', email: 'x@acme.example', name: 'X', roles: ['admin'] } })).statusCode).toBe(400)
  })
})
