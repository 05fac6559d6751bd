import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Session } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

const email = 'member@acme.example'
const cookieName = 'neo_refresh_tenant'
const ours = { origin: 'http://localhost', host: 'localhost:80' }

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('sessions', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())
  beforeEach(() => { service.cut.length = 0 })

  const signIn = (payload: Record<string, unknown> = {}, cookies: Record<string, string> = {}): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: '/v1/session', cookies, payload: { email, password: service.passwordOf(email), portal: 'tenant', ...payload } })
  const refresh = (token: string, headers: Record<string, string> = ours, portal = 'tenant'): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: '/v1/session/refresh', headers, cookies: { [`neo_refresh_${portal}`]: token }, payload: { portal } })
  const tokenIn = (answer: Answer): string => answer.cookies.find(cookie => cookie.name === cookieName)?.value ?? ''
  const whoAmI = (answer: Answer): Promise<Answer> =>
    service.app.inject({ url: '/v1/session', headers: { authorization: `Bearer ${answer.json<Session>().accessToken}` } })

  it('signs in whatever the case of the e-mail and says who it is', async () => {
    const answer = await signIn({ email: ' Member@ACME.example ' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ user: { tenantId: 'acme', email, roles: ['member'] } })
    expect((await whoAmI(answer)).json()).toEqual({ user: answer.json<Session>().user })
    const life = Date.parse(answer.json<Session>().expiresAt) - service.now()
    expect(life).toBeGreaterThan(0)
    expect(life).toBeLessThanOrEqual(300_000)
  })

  it('keeps the refresh token in a cookie no script and no other site can use', async () => {
    const [header] = [(await signIn()).headers['set-cookie']].flat()
    expect(header).toMatch(/^neo_refresh_tenant=[\w-]{43}; Max-Age=2592000; Path=\/v1\/session; HttpOnly; SameSite=Strict$/)
  })

  it('refuses a wrong password, an unknown account and a disabled one alike', async () => {
    const disabled = 'viewer@acme.example'
    const user = { tenantId: 'acme', userId: (await signIn({ email: disabled, password: service.passwordOf(disabled) })).json<Session>().user.id }
    await service.identity.revocation.setUserState(user, 'disabled')
    const answers = await Promise.all([
      signIn({ password: 'wrong' }), signIn({ email: 'nobody@acme.example' }), signIn({ email: disabled, password: service.passwordOf(disabled) }),
    ])
    await service.identity.revocation.setUserState(user, 'active')
    expect(answers.map(answer => answer.statusCode)).toEqual([401, 401, 401])
    expect(new Set(answers.map(answer => answer.body)).size).toBe(1)
    expect(answers[0]?.json()).toMatchObject({ code: 'invalid_credentials' })
  })

  it('rotates the token at each refresh', async () => {
    const first = await signIn()
    const second = await refresh(tokenIn(first))
    expect(second.statusCode).toBe(200)
    expect(tokenIn(second)).not.toBe(tokenIn(first))
    expect((await whoAmI(second)).statusCode).toBe(200)
    expect((await refresh(tokenIn(second))).statusCode).toBe(200)
  })

  it('answers the previous token with the same successor for 30 s', async () => {
    const first = tokenIn(await signIn())
    const second = tokenIn(await refresh(first))
    service.advance(29_000)
    expect(tokenIn(await refresh(first))).toBe(second)
    expect(tokenIn(await refresh(first))).toBe(second)
  })

  it('gives concurrent refreshes one successor', async () => {
    const first = tokenIn(await signIn())
    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh(first)))
    expect(answers.map(answer => answer.statusCode)).toEqual(Array.from({ length: 16 }, () => 200))
    expect(new Set(answers.map(tokenIn)).size).toBe(1)
  })

  it('hands out the newest token to an answer that comes late', async () => {
    const first = tokenIn(await signIn())
    const third = tokenIn(await refresh(tokenIn(await refresh(first))))
    expect(tokenIn(await refresh(first))).toBe(third)
    service.advance(31_000)
    expect((await refresh(third)).statusCode).toBe(200)
  })

  it('tells the page, without a secret, that there is a session to take up, until it has ended', async () => {
    const hint = (answer: Answer): string => answer.cookies.filter(cookie => cookie.name === 'neo_signed_in_tenant').map(({ value, path, httpOnly }) => `${value} ${path} ${httpOnly ?? false}`).join()
    const signedIn = await signIn()
    expect(hint(signedIn)).toBe('1 / false')
    const out = await service.app.inject({ method: 'DELETE', url: '/v1/session', headers: ours, cookies: { [cookieName]: tokenIn(signedIn) }, payload: { portal: 'tenant' } })
    expect(hint(out)).toBe(' / false')
    expect(hint(await refresh(tokenIn(signedIn)))).toBe(' / false')
  })

  it('ends the whole family when a token comes back after 30 s', async () => {
    const signedIn = await signIn()
    const first = tokenIn(signedIn)
    const second = await refresh(first)
    service.advance(31_000)
    const reused = await refresh(first)
    expect(reused.json()).toMatchObject({ status: 401, code: 'session_expired' })
    expect(reused.cookies[0]).toMatchObject({ name: cookieName, value: '' })
    expect((await refresh(tokenIn(second))).statusCode).toBe(401)
    expect((await whoAmI(second)).statusCode).toBe(401)
    expect(service.ends()).toEqual([{ tenantId: 'acme', userId: signedIn.json<Session>().user.id, sessionId: expect.any(String), reason: 'refresh token reused' }])
    await refresh(first)
    expect(service.ends()).toHaveLength(1)
  })

  it('ends after 30 days without use, and slides with use', async () => {
    const first = tokenIn(await signIn())
    service.advance(29 * 86_400_000)
    const second = await refresh(first)
    expect(second.statusCode).toBe(200)
    service.advance(29 * 86_400_000)
    const third = await refresh(tokenIn(second))
    expect(third.statusCode).toBe(200)
    service.advance(30 * 86_400_000 + 1)
    expect((await refresh(tokenIn(third))).json()).toMatchObject({ code: 'session_expired' })
  })

  it('refuses garbage, a missing cookie and the cookie of another portal', async () => {
    const token = tokenIn(await signIn())
    expect((await refresh('garbage')).statusCode).toBe(401)
    expect((await refresh(token, ours, 'admin')).statusCode).toBe(401)
    const none = await service.app.inject({ method: 'POST', url: '/v1/session/refresh' })
    expect(none.json()).toMatchObject({ code: 'session_expired' })
  })

  it('signs out: token, cookie and socket end at once, another session goes on', async () => {
    const [one, other] = [await signIn(), await signIn({ portal: 'api' })]
    const out = await service.app.inject({ method: 'DELETE', url: '/v1/session', headers: ours, cookies: { [cookieName]: tokenIn(one) }, payload: { portal: 'tenant' } })
    expect(out.statusCode).toBe(204)
    expect(String(out.headers['set-cookie'])).toMatch(/^neo_refresh_tenant=; .*Expires=Thu, 01 Jan 1970/)
    expect((await whoAmI(one)).json()).toMatchObject({ code: 'unauthenticated' })
    expect((await refresh(tokenIn(one))).statusCode).toBe(401)
    expect((await whoAmI(other)).statusCode).toBe(200)
    expect(service.ends()).toMatchObject([{ tenantId: 'acme', reason: 'signed out' }])
  })

  it('signs out by the bearer alone, and without a body', async () => {
    const one = await signIn()
    const headers = { authorization: `Bearer ${one.json<Session>().accessToken}` }
    expect((await service.app.inject({ method: 'DELETE', url: '/v1/session', headers })).statusCode).toBe(204)
    expect((await whoAmI(one)).statusCode).toBe(401)
    expect((await service.app.inject({ method: 'DELETE', url: '/v1/session' })).statusCode).toBe(401)
  })

  it('refreshes although the access token sent along has expired', async () => {
    const first = await signIn()
    service.advance(301_000)
    expect((await whoAmI(first)).statusCode).toBe(401)
    const headers = { ...ours, authorization: `Bearer ${first.json<Session>().accessToken}` }
    expect((await refresh(tokenIn(first), headers)).statusCode).toBe(200)
  })

  it('replaces the session of the same portal and browser', async () => {
    const first = await signIn()
    const second = await signIn({}, { [cookieName]: tokenIn(first) })
    expect((await whoAmI(first)).statusCode).toBe(401)
    expect((await whoAmI(second)).statusCode).toBe(200)
  })

  it.each([
    ['our own host', { origin: 'http://localhost' }, 200],
    ['no browser', {}, 200],
    ['another site', { origin: 'https://evil.example' }, 403],
    ['another port', { origin: 'http://localhost:81' }, 403],
    ['a hidden origin', { origin: 'null' }, 403],
    ['an origin with our name in it', { origin: 'http://localhost:80@evil.example' }, 403],
    ['an origin with a path', { origin: 'http://localhost:80/' }, 403],
    ['our name as a prefix', { origin: 'http://localhost.evil.example' }, 403],
    ['a browser that names no origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['an empty origin', { origin: '' }, 403],
  ])('answers a refresh from %s as it should', async (_name, headers, status) => {
    const token = tokenIn(await signIn())
    const answer = await refresh(token, { host: 'localhost:80', ...headers })
    expect(answer.statusCode).toBe(status)
    if (status === 403) expect(answer.json()).toMatchObject({ code: 'origin_not_allowed' })
  })
})

describe('sessions behind a public URL', () => {
  let service: TestService
  beforeAll(async () => {
    service = await startService({
      publicUrl: 'https://events.example/', allowedOrigins: ['https://portal.example'],
      authLimits: { signInPerEmail: { points: 3, seconds: 60 }, signInPerAddress: { points: 12, seconds: 60 } },
    })
  })
  afterAll(() => service.stop())

  const signIn = (payload: Record<string, unknown>, remoteAddress = '10.0.0.1', headers: Record<string, string> = {}): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: '/v1/session', remoteAddress, headers, payload })

  it('sends the cookie over TLS only and accepts the configured origins', async () => {
    const payload = { email, password: service.passwordOf(email) }
    const answer = await signIn(payload, '10.0.0.9', { origin: 'https://portal.example' })
    expect(String(answer.headers['set-cookie'])).toContain('; Secure')
    expect((await signIn(payload, '10.0.0.9', { origin: 'https://events.example' })).statusCode).toBe(200)
    expect((await signIn(payload, '10.0.0.9', { origin: 'https://evil.example' })).statusCode).toBe(403)
    expect((await signIn(payload, '10.0.0.9', { origin: 'https://evil.example', host: 'evil.example' })).statusCode).toBe(403)
    expect((await signIn(payload, '10.0.0.9', { origin: 'http://localhost', host: 'localhost:80' })).statusCode).toBe(403)
  })

  it('stops guessing at one account, from wherever, and says when to come back', async () => {
    const attempts = await Promise.all(Array.from({ length: 8 }, (_, index) =>
      signIn({ email: index % 2 ? 'OWNER@globex.example' : 'owner@globex.example', password: `guess ${index}` }, `10.0.1.${index}`)))
    const limited = attempts.filter(answer => answer.statusCode === 429)
    expect(limited).toHaveLength(5)
    expect(Number(limited[0]?.headers['retry-after'])).toBeGreaterThan(0)
    expect(limited[0]?.json()).toMatchObject({ code: 'rate_limited' })
    const right = await signIn({ email: 'owner@globex.example', password: service.passwordOf('owner@globex.example') }, '10.0.1.99')
    expect(right.statusCode).toBe(429)
  })

  it('stops one address that tries many accounts', async () => {
    const attempts = await Promise.all(Array.from({ length: 20 }, (_, index) => signIn({ email: `user${index}@acme.example`, password: 'x' }, '10.0.2.1')))
    expect(attempts.filter(answer => answer.statusCode === 401)).toHaveLength(12)
    expect(attempts.filter(answer => answer.statusCode === 429)).toHaveLength(8)
  })
})
