import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Account, AccountList, ApiKeyCreated, ApiKeyList, Envelope, Session, SessionList, UserCreated } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>
type Headers = Record<string, string>

const users = '/v1/tenants/acme/users'

describe('people of a tenant', () => {
  let service: TestService
  let owner: Headers
  let count = 0
  beforeAll(async () => {
    service = await startService()
    owner = await service.bearer('owner@acme.example')
  })
  afterAll(() => service.stop())
  beforeEach(() => { service.cut.length = 0 })

  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, { headers = owner, payload }: { headers?: Headers, payload?: object } = {}): Promise<Answer> =>
    service.app.inject({ method, url, headers, ...payload && { payload } })
  const invite = async (roles: string[] = ['member']): Promise<Account & { password: string }> => {
    const answer = await call('POST', users, { payload: { email: `Person${++count}@Acme.example`, name: `Pérson ${count}`, roles } })
    expect(answer.statusCode, answer.body).toBe(201)
    const { user, password = '' } = answer.json<UserCreated>()
    return { ...user, password }
  }
  const signIn = async (email: string, password: string, portal = 'api'): Promise<Session & { statusCode: number, headers: Headers, cookies: Record<string, string> }> => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email, password, portal } })
    const session = answer.json<Session>()
    return {
      ...session, statusCode: answer.statusCode, headers: { authorization: `Bearer ${session.accessToken}` },
      cookies: Object.fromEntries(answer.cookies.map(cookie => [cookie.name, cookie.value])),
    }
  }
  /** A person who has replaced the one-time password. */
  const settled = async (roles?: string[]): Promise<Account & { password: string }> => {
    const user = await invite(roles)
    const { headers } = await signIn(user.email, user.password)
    const password = `a longer password ${count}`
    expect((await call('POST', `${users}/me/password`, { headers, payload: { current: user.password, next: password } })).statusCode).toBe(204)
    return { ...user, password }
  }
  const activity = async (): Promise<Envelope[]> => (await call('GET', '/v1/history?channel=tenant:acme:activity&limit=1000')).json<{ events: Envelope[] }>().events
  const trail = (action: string): Promise<{ target: string, actor: unknown, detail: unknown }[]> => service.database.inTenant('acme', tx =>
    tx.selectFrom('audit').select(['target', 'actor', 'detail']).where('action', '=', action).orderBy('n').execute())

  it('are listed by name, found by a part of it, page by page', async () => {
    await invite()
    const all = (await call('GET', users)).json<AccountList>().users
    expect(all.map(({ email }) => email)).toEqual(expect.arrayContaining(['owner@acme.example', 'person1@acme.example']))
    expect(all.find(({ email }) => email === 'owner@acme.example')).toMatchObject({ roles: ['owner'], state: 'active', isPasswordTemporary: false, lastSeenAt: expect.any(String) as string })
    expect((await call('GET', `${users}?q=PERSON%201`)).json<AccountList>().users.map(({ name }) => name)).toEqual(['Pérson 1'])
    const first = (await call('GET', `${users}?limit=2`)).json<AccountList>()
    const second = (await call('GET', `${users}?limit=100&cursor=${first.next ?? ''}`)).json<AccountList>()
    expect([...first.users, ...second.users].map(({ id }) => id)).toEqual(all.map(({ id }) => id))
    expect((await call('GET', `${users}?cursor=x`)).json()).toMatchObject({ errors: [{ path: 'cursor' }] })
  })

  it('are invited with a password that opens nothing but its own change', async () => {
    const user = await invite(['manager'])
    const session = await signIn(user.email, user.password)
    expect(session.user).toMatchObject({ mustChangePassword: true, roles: [], permissions: [] })
    expect((await call('GET', '/v1/tenants/acme/deployments', session)).statusCode).toBe(403)
    expect((await call('POST', `${users}/me/password`, { ...session, payload: { current: user.password, next: 'short' } })).json()).toMatchObject({ errors: [{ path: 'next' }] })
    expect((await call('POST', `${users}/me/password`, { ...session, payload: { current: user.password, next: user.password } })).json()).toMatchObject({ errors: [{ path: 'next' }] })
    expect((await call('POST', `${users}/me/password`, { ...session, payload: { current: 'wrong', next: 'long enough to be one' } })).json()).toMatchObject({ status: 422, code: 'wrong_password' })
    expect((await call('POST', `${users}/me/password`, { ...session, payload: { current: user.password, next: 'long enough to be one' } })).statusCode).toBe(204)
    const refreshed = (await service.app.inject({ method: 'POST', url: '/v1/session/refresh', cookies: session.cookies })).json<Session>()
    expect(refreshed.user).toMatchObject({ roles: ['manager'] })
    expect(refreshed.user.mustChangePassword).toBeUndefined()
    expect((await signIn(user.email, user.password)).statusCode).toBe(401)
    expect((await signIn(user.email, 'long enough to be one')).statusCode).toBe(200)
  })

  it('cannot use a one-time password after a week', async () => {
    const user = await invite()
    service.advance(7 * 24 * 3_600_000 + 1000)
    owner = await service.bearer('owner@acme.example')
    expect((await signIn(user.email, user.password)).statusCode).toBe(401)
  })

  it('have an address of their own in the tenant, and may have it in another', async () => {
    await invite()
    const payload = { email: `PERSON${count}@acme.example`, name: 'Again', roles: ['viewer'] }
    expect((await call('POST', users, { payload })).json()).toMatchObject({ status: 409, code: 'email_taken', errors: [{ path: 'email' }] })
    const there = await call('POST', '/v1/tenants/globex/users', { payload, headers: await service.bearer('owner@globex.example') })
    expect(there.statusCode).toBe(201)
    expect((await signIn(payload.email, there.json<UserCreated>().password ?? '')).user.tenantId).toBe('globex')
  })

  it('are made once under one key, and the password is shown once', async () => {
    const payload = { email: 'once@acme.example', name: 'Once', roles: ['viewer'] }
    const headers = { ...owner, 'idempotency-key': 'once' }
    const [first, second] = [await call('POST', users, { headers, payload }), await call('POST', users, { headers, payload })]
    expect(second.json<UserCreated>()).toEqual({ user: first.json<UserCreated>().user })
    const { password = '' } = first.json<UserCreated>()
    expect(password).not.toBe('')
    const kept = await service.database.inTenant('acme', tx => tx.selectFrom('idempotency_keys').selectAll().execute())
    expect(JSON.stringify(kept)).not.toContain(password)
    expect(JSON.stringify(await service.database.inTenant('acme', tx => tx.selectFrom('audit').selectAll().execute()))).not.toContain(password)
  })

  it('lose every session and token at once when their roles change, and have the new ones after signing in', async () => {
    const user = await settled(['viewer'])
    const session = await signIn(user.email, user.password)
    const answer = await call('PUT', `${users}/${user.id}/roles`, { payload: { roles: ['manager'] } })
    expect(answer.json<Account>().roles).toEqual(['manager'])
    expect((await call('GET', '/v1/session', session)).statusCode).toBe(401)
    expect((await service.app.inject({ method: 'POST', url: '/v1/session/refresh', cookies: session.cookies })).statusCode).toBe(401)
    expect(service.cut).toContainEqual({ tenantId: 'acme', userId: user.id, reason: 'roles changed' })
    const again = await signIn(user.email, user.password)
    expect(again.user.roles).toEqual(['manager'])
    expect((await call('GET', '/v1/session', again)).statusCode).toBe(200)
    expect((await trail('user.roles_changed')).at(-1)).toMatchObject({ target: user.id, detail: { roles: ['manager'], before: ['viewer'] } })
    expect((await activity()).find(({ data }) => data['action'] === 'user.roles_changed')?.data).toMatchObject({ target: user.id, actorName: 'Owner', detail: { roles: ['manager'] } })
  })

  it('are shut out when disabled and let in again when enabled', async () => {
    const user = await settled()
    const session = await signIn(user.email, user.password)
    expect((await call('POST', `${users}/${user.id}/disable`)).json<Account>().state).toBe('disabled')
    expect((await call('GET', '/v1/session', session)).statusCode).toBe(401)
    expect((await signIn(user.email, user.password)).statusCode).toBe(401)
    expect(service.identity.revocation.isAllowed(`acme/${user.id}`)).toBe(false)
    expect((await call('POST', `${users}/${user.id}/enable`)).json<Account>().state).toBe('active')
    expect((await call('GET', '/v1/session', session)).statusCode).toBe(401)
    expect((await signIn(user.email, user.password)).statusCode).toBe(200)
  })

  it('are gone when removed: from the list, from every door, and their address is free', async () => {
    const user = await settled()
    const session = await signIn(user.email, user.password)
    expect((await call('DELETE', `${users}/${user.id}`)).statusCode).toBe(204)
    expect((await call('GET', '/v1/session', session)).statusCode).toBe(401)
    expect((await signIn(user.email, user.password)).statusCode).toBe(401)
    expect((await call('GET', users)).json<AccountList>().users.some(({ id }) => id === user.id)).toBe(false)
    expect((await call('POST', `${users}/${user.id}/enable`)).statusCode).toBe(404)
    expect((await call('POST', users, { payload: { email: user.email, name: 'Next', roles: ['viewer'] } })).statusCode).toBe(201)
  })

  it('keep an active owner, whoever asks, and nobody shuts out themselves', async () => {
    const second = await settled(['owner'])
    const { headers } = await signIn(second.email, second.password)
    const [first] = (await call('GET', `${users}?q=owner@acme`)).json<AccountList>().users
    expect((await call('POST', `${users}/${first?.id ?? ''}/disable`, { headers })).statusCode).toBe(200)
    expect((await call('DELETE', `${users}/${second.id}`, { headers })).json()).toMatchObject({ code: 'unprocessable' })
    const operator = await service.bearer('operator@neo.example')
    expect((await call('POST', `/v1/admin/users/${second.id}/disable`, { headers: operator })).json()).toMatchObject({ status: 409, code: 'last_owner' })
    expect((await call('POST', `${users}/${first?.id ?? ''}/enable`, { headers })).statusCode).toBe(200)
    owner = await service.bearer('owner@acme.example')
    expect((await call('PUT', `${users}/${second.id}/roles`, { payload: { roles: ['viewer'] } })).statusCode).toBe(200)
  })

  it('are an owner\'s to manage, not a manager\'s, nobody else\'s and no operator\'s under this address', async () => {
    const user = await invite()
    const paths: readonly ['GET' | 'POST' | 'PUT' | 'DELETE', string, object?][] = [
      ['GET', users], ['POST', users, { email: 'a@b.example', name: 'A', roles: ['viewer'] }], ['PUT', `${users}/${user.id}/roles`, { roles: ['owner'] }],
      ['POST', `${users}/${user.id}/disable`], ['POST', `${users}/${user.id}/enable`], ['POST', `${users}/${user.id}/reset-password`], ['DELETE', `${users}/${user.id}`],
      ['GET', `${users}/${user.id}/sessions`], ['DELETE', `${users}/${user.id}/sessions`], ['DELETE', `${users}/${user.id}/sessions/${user.id}`],
      ['GET', '/v1/tenants/acme/api-keys'], ['POST', '/v1/tenants/acme/api-keys', { name: 'k', permissions: ['deploy:read'] }], ['DELETE', `/v1/tenants/acme/api-keys/${user.id}`],
    ]
    for (const [email, status] of [['manager@acme.example', 403], ['owner@globex.example', 404], ['operator@neo.example', 403]] as const) {
      const headers = await service.bearer(email)
      for (const [method, url, payload] of paths) {
        const answer = await call(method, url, { headers, ...payload && { payload } })
        expect(answer.statusCode, `${email} ${method} ${url}`).toBe(status)
      }
    }
    expect((await call('GET', users)).json<AccountList>().users.find(({ id }) => id === user.id)).toMatchObject({ state: 'active', roles: ['member'] })
  })

  it('get no operator\'s role, no unknown one and none that the one who gives lacks', async () => {
    const user = await invite()
    expect((await call('PUT', `${users}/${user.id}/roles`, { payload: { roles: ['admin'] } })).json()).toMatchObject({ status: 400, errors: [{ path: 'roles' }] })
    expect((await call('PUT', `${users}/${user.id}/roles`, { payload: { roles: ['root'] } })).statusCode).toBe(400)
    const { key = '' } = (await call('POST', '/v1/tenants/acme/api-keys', { payload: { name: 'people', permissions: ['users:write', 'deploy:read'] } })).json<ApiKeyCreated>()
    const headers = { authorization: `Bearer ${key}` }
    expect((await call('PUT', `${users}/${user.id}/roles`, { headers, payload: { roles: ['owner'] } })).statusCode).toBe(403)
    const [first] = (await call('GET', `${users}?q=owner@acme`)).json<AccountList>().users
    expect((await call('POST', `${users}/${first?.id ?? ''}/reset-password`, { headers })).statusCode).toBe(403)
  })

  it('see and end their own sessions, one or all', async () => {
    const user = await settled()
    const [one, other] = [await signIn(user.email, user.password), await signIn(user.email, user.password, 'tenant')]
    const { sessions } = (await call('GET', `${users}/me/sessions`, other)).json<SessionList>()
    expect(sessions).toHaveLength(3)
    expect(sessions.filter(({ isCurrent }) => isCurrent)).toMatchObject([{ portal: 'tenant', address: '127.0.0.1', userAgent: 'lightMyRequest' }])
    const victim = (await call('GET', `${users}/me/sessions`, one)).json<SessionList>().sessions.find(({ isCurrent }) => isCurrent)
    expect((await call('DELETE', `${users}/me/sessions/${victim?.id ?? ''}`, other)).statusCode).toBe(204)
    expect((await call('GET', '/v1/session', one)).statusCode).toBe(401)
    expect((await call('GET', '/v1/session', other)).statusCode).toBe(200)
    expect(service.cut).toContainEqual({ tenantId: 'acme', userId: user.id, sessionId: victim?.id, reason: 'ended from elsewhere' })
    const own = (await call('GET', `/v1/history?channel=user:acme/${user.id}`, other)).json<{ events: Envelope[] }>().events
    expect(own.at(-1)).toMatchObject({ type: 'session_revoked', data: { sessionId: victim?.id } })
    expect((await call('DELETE', `${users}/me/sessions/${victim?.id ?? ''}`, other)).statusCode).toBe(404)
    expect((await call('DELETE', `${users}/me/sessions`, other)).json()).toEqual({ ended: 2 })
    expect((await call('GET', '/v1/session', other)).statusCode).toBe(401)
  })

  it('cannot end a session of somebody else as their own', async () => {
    const user = await settled()
    const { headers } = await signIn(user.email, user.password)
    const [theirs] = (await call('GET', `${users}/me/sessions`)).json<SessionList>().sessions
    expect((await call('DELETE', `${users}/me/sessions/${theirs?.id ?? ''}`, { headers })).statusCode).toBe(404)
    expect((await call('GET', '/v1/session')).statusCode).toBe(200)
  })

  it('end their other sessions with the password, and keep this one', async () => {
    const user = await settled()
    const [one, other] = [await signIn(user.email, user.password), await signIn(user.email, user.password)]
    await call('POST', `${users}/me/password`, { ...one, payload: { current: user.password, next: 'another long password' } })
    expect((await call('GET', '/v1/session', one)).statusCode).toBe(200)
    expect((await call('GET', '/v1/session', other)).statusCode).toBe(401)
  })

  it('cannot guess a password by changing it', async () => {
    const user = await settled()
    const { headers } = await signIn(user.email, user.password)
    const codes = []
    for (let index = 0; index < 12; index++) codes.push((await call('POST', `${users}/me/password`, { headers, payload: { current: `wrong ${index}`, next: 'another long password' } })).statusCode)
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 422), 429, 429])
  })
})

describe('API keys over HTTP', () => {
  let service: TestService
  let owner: Headers
  beforeAll(async () => {
    service = await startService()
    owner = await service.bearer('owner@acme.example')
  })
  afterAll(() => service.stop())
  const path = '/v1/tenants/acme/api-keys'
  const make = (payload: object, headers = owner): Promise<Answer> => service.app.inject({ method: 'POST', url: path, headers, payload })

  it('are shown once, listed by their prefix, and used', async () => {
    const { apiKey, key = '' } = (await make({ name: 'ci', permissions: ['logs:write', 'deploy:read'] })).json<ApiKeyCreated>()
    expect(apiKey).toMatchObject({ name: 'ci', prefix: key.slice(0, 12), permissions: ['logs:write', 'deploy:read'] })
    expect((await service.app.inject({ url: '/v1/session', headers: { authorization: `Bearer ${key}` } })).statusCode).toBe(200)
    await service.identity.apiKeys.close()
    const list = await service.app.inject({ url: path, headers: owner })
    expect(list.body).not.toContain(key.slice(12))
    expect(list.json<ApiKeyList>().apiKeys.find(({ id }) => id === apiKey.id)).toMatchObject({ prefix: apiKey.prefix, lastUsedAt: expect.any(String) as string })
  })

  it('are refused at once when revoked, and once', async () => {
    const { apiKey, key = '' } = (await make({ name: 'short', permissions: ['deploy:read'] })).json<ApiKeyCreated>()
    const revoke = (): Promise<Answer> => service.app.inject({ method: 'DELETE', url: `${path}/${apiKey.id}`, headers: owner })
    expect((await revoke()).statusCode).toBe(204)
    expect((await service.app.inject({ url: '/v1/session', headers: { authorization: `Bearer ${key}` } })).statusCode).toBe(401)
    expect((await revoke()).statusCode).toBe(404)
    const list = (await service.app.inject({ url: path, headers: owner })).json<ApiKeyList>().apiKeys
    expect(list.find(({ id }) => id === apiKey.id)?.revokedAt).toEqual(expect.any(String))
    expect((await service.database.inTenant('acme', tx => tx.selectFrom('audit').select('target').where('action', '=', 'key.revoked').execute()))).toEqual([{ target: apiKey.id }])
  })

  it('end at their time, which lies ahead', async () => {
    expect((await make({ name: 'late', permissions: ['deploy:read'], expiresAt: '2001-01-01T00:00:00Z' })).json()).toMatchObject({ status: 400, errors: [{ path: 'expiresAt' }] })
    const { apiKey } = (await make({ name: 'long', permissions: ['deploy:read'], expiresAt: '2999-01-01T00:00:00Z' })).json<ApiKeyCreated>()
    expect(apiKey.expiresAt).toBe('2999-01-01T00:00:00.000Z')
  })

  it('never get more than their maker has', async () => {
    expect((await make({ name: 'root', permissions: ['admin:*'] })).json()).toMatchObject({ status: 400, errors: [{ path: 'permissions' }] })
    const { key = '' } = (await make({ name: 'maker', permissions: ['keys:write'] })).json<ApiKeyCreated>()
    const headers = { authorization: `Bearer ${key}` }
    expect((await make({ name: 'more', permissions: ['billing:write'] }, headers)).statusCode).toBe(403)
    expect((await make({ name: 'same', permissions: ['keys:write'] }, headers)).statusCode).toBe(201)
  })

  it('of one idempotency key are one key', async () => {
    const headers = { ...owner, 'idempotency-key': 'k1' }
    const [first, second] = [(await make({ name: 'i', permissions: ['deploy:read'] }, headers)).json<ApiKeyCreated>(), (await make({ name: 'i', permissions: ['deploy:read'] }, headers)).json<ApiKeyCreated>()]
    expect(second).toEqual({ apiKey: first.apiKey })
  })
})
