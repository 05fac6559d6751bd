import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { formatChannel, type Session, type SubscriptionTokens } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

const families = ['deployments', 'billing', 'metrics', 'alerts', 'presence', 'activity', 'certification'] as const
const acme = families.map(family => formatChannel(family, { tenantId: 'acme' }))
const stranger = '00000000-0000-4000-8000-000000000009'

describe('realtime tokens', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  type Outcome = Record<string, 'token' | string>
  const ask = async (headers: { authorization: string }, channels: readonly string[]): Promise<Outcome> => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/realtime/subscription-tokens', headers, payload: { channels } })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    return Object.fromEntries(Object.entries(answer.json<SubscriptionTokens>().tokens).map(([name, one]) => {
      if (typeof one !== 'string') return [name, one.error.code]
      expect(decodeJwt(one)).toMatchObject({ channel: name, aud: 'neo:subscription' })
      return [name, 'token']
    }))
  }
  const all = (channels: readonly string[], outcome: string): Outcome => Object.fromEntries(channels.map(name => [name, outcome]))

  it.each([
    ['viewer', ['tenant:acme:billing']], ['member', ['tenant:acme:billing']], ['manager', []], ['owner', []],
  ])('let a %s read the tenant except %j', async (role, refused) => {
    const expected = { ...all(acme, 'token'), ...all(refused, 'forbidden') }
    expect(await ask(await service.bearer(`${role}@acme.example`), acme)).toEqual(expected)
  })

  it('do not tell which channels of another tenant exist', async () => {
    const asked = [...acme, 'tenant:nobody:deployments', `user:acme/${stranger}`]
    for (const role of ['viewer', 'owner']) expect(await ask(await service.bearer(`${role}@globex.example`), asked)).toEqual(all(asked, 'not_found'))
    expect(await ask({ authorization: `Bearer ${service.keyOf('globex')}` }, asked)).toEqual(all(asked, 'not_found'))
  })

  it('are never made for what has no known form', async () => {
    const asked = ['tenant:acme', 'tenant:acme:deployments:', 'tenant:acme:secrets', 'acme', 'tenant:ACME:alerts', 'admin:root', 'tenant:acme:alerts ', '__proto__']
    expect(await ask(await service.bearer('operator@neo.example'), asked.slice(0, -1))).toEqual(all(asked.slice(0, -1), 'not_found'))
    const answer = await service.app.inject({ method: 'POST', url: '/v1/realtime/subscription-tokens', headers: await service.bearer('owner@acme.example'), payload: { channels: asked } })
    expect(answer.body).not.toContain('eyJ')
  })

  it('keep the platform to operators, one user\'s channel to that user, announcements to nobody in particular', async () => {
    const session = (await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email: 'owner@acme.example', password: service.passwordOf('owner@acme.example') } })).json<Session>()
    const own = `user:acme/${session.user.id}`
    const admin = ['admin:metrics', 'admin:alerts', 'admin:activity', 'admin:tenants']
    const headers = { authorization: `Bearer ${session.accessToken}` }
    expect(await ask(headers, [...admin, own, 'system:announcements'])).toEqual({ ...all(admin, 'forbidden'), [own]: 'token', 'system:announcements': 'token' })
    expect(await ask(await service.bearer('operator@neo.example'), [...admin, own])).toEqual({ ...all(admin, 'token'), [own]: 'not_found' })
  })

  it('audit an operator who reads a tenant before the token is out, once per channel', async () => {
    const rows = (): Promise<{ action: string, target: string }[]> => service.database.inTenant('globex', tx =>
      tx.selectFrom('audit').select(['action', 'target']).where('action', '=', 'tenant.read').execute())
    await ask(await service.bearer('operator@neo.example'), ['tenant:globex:metrics', 'tenant:globex:metrics', 'admin:metrics', 'tenant:unheard:metrics'])
    expect(await rows()).toEqual([{ action: 'tenant.read', target: 'tenant:globex:metrics' }])
    await ask(await service.bearer('owner@globex.example'), ['tenant:globex:metrics'])
    expect(await rows()).toHaveLength(1)
  })

  it('audit an operator\'s HTTP read with one row, and not what was refused', async () => {
    const headers = await service.bearer('operator@neo.example')
    const rows = (): Promise<{ target: string, detail: Record<string, unknown> }[]> => service.database.inTenant('acme', tx =>
      tx.selectFrom('audit').select(['target', 'detail']).where('action', '=', 'tenant.read').execute())
    const before = (await rows()).length
    await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', headers, payload: { instanceType: 'odoo' } })
    await service.app.inject({ url: '/v1/tenants/acme/deployments/unheard', headers })
    await service.app.inject({ url: '/v1/tenants/unheard/deployments', headers })
    await service.app.inject({ url: '/v1/tenants/acme/deployments', headers })
    await vi.waitFor(async () => { expect(await rows()).toHaveLength(before + 1) })
    expect((await rows()).at(-1)).toMatchObject({ target: 'deploy:read', detail: { route: '/v1/tenants/:tenantId/deployments' } })
  })

  it('open a connection as the caller, a key too', async () => {
    for (const headers of [await service.bearer('viewer@acme.example'), { authorization: `Bearer ${service.keyOf('acme')}` }]) {
      const answer = await service.app.inject({ method: 'POST', url: '/v1/realtime/connection-token', headers })
      const { token, expiresAt } = answer.json<{ token: string, expiresAt: string }>()
      const { sub, exp = 0, aud } = decodeJwt(token)
      expect(sub).toMatch(/^acme\/[0-9a-f-]{36}$/)
      expect(aud).toBe('neo:realtime')
      expect(Date.parse(expiresAt)).toBe(exp * 1000)
    }
  })

  it('are made for nobody without a valid bearer, and open no route themselves', async () => {
    const { token } = (await service.app.inject({ method: 'POST', url: '/v1/realtime/connection-token', headers: await service.bearer('viewer@acme.example') })).json<{ token: string }>()
    for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
      expect((await service.app.inject({ method: 'POST', url: '/v1/realtime/connection-token', headers })).statusCode).toBe(401)
      expect((await service.app.inject({ method: 'POST', url: '/v1/realtime/subscription-tokens', headers, payload: { channels: acme } })).statusCode).toBe(401)
    }
  })

  it.each([[[]], [['']], ['tenant:acme:alerts'], [Array.from({ length: 101 }, () => 'x')], [['x'.repeat(256)]], [[1]]])('refuse %j as a list of channels', async channels => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/realtime/subscription-tokens', headers: await service.bearer('viewer@acme.example'), payload: { channels } })
    expect(answer.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ path: expect.stringMatching(/^channels/) as string }] })
  })
})
