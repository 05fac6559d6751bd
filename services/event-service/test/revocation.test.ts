import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Session } from '@neo-stack/events'
import { createRevocation } from '../src/auth/revocation.ts'
import { startService, type TestService } from './service.ts'

describe('revocation', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())
  beforeEach(() => { service.cut.length = 0 })

  const signIn = async (email: string): Promise<Session & { cookies: Record<string, string> }> => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email, password: service.passwordOf(email) } })
    return { ...answer.json<Session>(), cookies: { neo_refresh_api: answer.cookies[0]?.value ?? '' } }
  }
  /** Status of every door that a session opens. */
  const doors = async ({ accessToken, cookies }: Awaited<ReturnType<typeof signIn>>): Promise<number[]> => {
    const headers = { authorization: `Bearer ${accessToken}` }
    const answers = await Promise.all([
      service.app.inject({ url: '/v1/session', headers }),
      service.app.inject({ method: 'POST', url: '/v1/realtime/connection-token', headers }),
      service.app.inject({ method: 'POST', url: '/v1/realtime/subscription-tokens', headers, payload: { channels: ['system:announcements'] } }),
      service.app.inject({ method: 'POST', url: '/v1/session/refresh', cookies }),
    ])
    return answers.map(answer => answer.statusCode)
  }
  const who = ({ user }: Session): { tenantId: string, userId: string } => ({ tenantId: user.tenantId, userId: user.id })

  it('of a user shuts every door at once and cuts the sockets', async () => {
    const session = await signIn('member@acme.example')
    const other = await signIn('owner@acme.example')
    await service.identity.revocation.setUserState(who(session), 'disabled')
    expect(await doors(session)).toEqual([401, 401, 401, 401])
    expect(await doors(other)).toEqual([200, 200, 200, 200])
    expect(service.ends()).toEqual([{ ...who(session), reason: 'user disabled' }])
    expect(service.identity.revocation.isAllowed(`acme/${session.user.id}`)).toBe(false)
    await service.identity.revocation.setUserState(who(session), 'active')
    expect(await doors(session)).toEqual([401, 401, 401, 401])
  })

  it('of a tenant shuts out all its users, and nobody else', async () => {
    const [ours, theirs] = [await signIn('owner@acme.example'), await signIn('owner@globex.example')]
    await service.identity.revocation.setTenantState('globex', 'suspended')
    expect(await doors(theirs)).toEqual([401, 401, 401, 401])
    expect(await doors(ours)).toEqual([200, 200, 200, 200])
    expect(service.ends()).toEqual([{ tenantId: 'globex', reason: 'tenant suspended' }])
    await service.identity.revocation.setTenantState('globex', 'active')
    expect((await doors(theirs)).slice(0, 3)).toEqual([200, 200, 200])
  })

  it('of a session leaves the user\'s other sessions', async () => {
    const [one, other] = [await signIn('manager@acme.example'), await signIn('manager@acme.example')]
    await service.app.inject({ method: 'DELETE', url: '/v1/session', headers: { authorization: `Bearer ${one.accessToken}` } })
    expect(await doors(one)).toEqual([401, 401, 401, 401])
    expect(await doors(other)).toEqual([200, 200, 200, 200])
  })

  it('of all a user\'s tokens lets the user sign in again', async () => {
    const session = await signIn('viewer@globex.example')
    await service.identity.revocation.revokeUser(who(session), 'role changed')
    expect(await doors(session)).toEqual([401, 401, 401, 401])
    service.advance(1000)
    expect(await doors(await signIn('viewer@globex.example'))).toEqual([200, 200, 200, 200])
  })

  it('is still known after a restart', async () => {
    const session = await signIn('member@globex.example')
    const { revocation } = service.identity
    await revocation.setUserState(who(session), 'disabled')
    await revocation.setTenantState('acme', 'suspended')
    const again = await createRevocation({ database: service.database, now: service.now })
    expect(again.isAllowed(`globex/${session.user.id}`)).toBe(false)
    expect(again.isRevoked({ tenantId: 'acme', userId: 'anyone' })).toBe(true)
    expect(again.isAllowed('globex/anyone')).toBe(true)
    await revocation.setUserState(who(session), 'active')
    await revocation.setTenantState('acme', 'active')
  })

  it('lets nobody in when it cannot be read', async () => {
    const database = { ...service.database, inSystem: () => Promise.reject(new Error('down')) }
    await expect(createRevocation({ database })).rejects.toThrow('down')
  })

  it.each(['', 'acme', '/', 'acme/', '/user', 'a/b/c'])('lets %j in nowhere: it is no user', user => {
    expect(service.identity.revocation.isAllowed(user)).toBe(false)
  })
})
