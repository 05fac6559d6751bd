import { describe, expect, it } from 'vitest'
import { authorize, authorizeTenant, permissionsOf, type ChannelAction, type Principal, type Role } from '../src/index.ts'

const ada = '0190b5a0-7c1e-7000-8000-00000000000a'
const bob = '0190b5a0-7c1e-7000-8000-00000000000b'
const as = (role: Role, tenantId = 'acme'): Principal => ({ kind: 'user', userId: ada, tenantId, roles: [role], permissions: permissionsOf([role]) })
const key = (...permissions: string[]): Principal => ({ kind: 'service', userId: 'key-1', tenantId: 'acme', roles: [], permissions })

const principals = {
  viewer: as('viewer'), member: as('member'), manager: as('manager'), owner: as('owner'),
  operator: as('admin', 'platform'), foreigner: as('owner', 'globex'), powerless: key(), logKey: key('logs:write'),
}
type Who = keyof typeof principals

/** 200 allowed, 201 allowed and audited, 403 and 404 denied. */
const matrix: [string, ChannelAction, Partial<Record<Who, number>>][] = [
  ['tenant:acme:deployments', 'subscribe', { viewer: 200, member: 200, owner: 200, operator: 201, foreigner: 404, powerless: 403 }],
  ['tenant:acme:deployments', 'history', { viewer: 200, operator: 201, foreigner: 404, powerless: 403 }],
  ['tenant:acme:deployments', 'publish', { viewer: 403, member: 200, manager: 200, owner: 200, operator: 403, foreigner: 404, powerless: 403 }],
  ['tenant:acme:deployments:odoo-1', 'subscribe', { viewer: 200, foreigner: 404 }],
  ['tenant:acme:deployments:odoo-1', 'publish', { viewer: 403, member: 403, owner: 200, logKey: 200, foreigner: 404 }],
  ['tenant:acme:billing', 'subscribe', { viewer: 403, member: 403, manager: 200, owner: 200, operator: 201, foreigner: 404 }],
  ['tenant:acme:billing', 'publish', { manager: 403, owner: 200, foreigner: 404 }],
  ['tenant:acme:metrics', 'subscribe', { viewer: 200, foreigner: 404, operator: 201 }],
  ['tenant:acme:metrics', 'publish', { viewer: 403, member: 403, owner: 200, foreigner: 404 }],
  ['tenant:acme:alerts', 'publish', { member: 403, manager: 200, foreigner: 404 }],
  ['tenant:acme:activity', 'publish', { member: 403, owner: 200, foreigner: 404 }],
  ['admin:metrics', 'subscribe', { viewer: 403, owner: 403, operator: 200, foreigner: 403, powerless: 403 }],
  ['admin:alerts', 'publish', { owner: 403, operator: 200 }],
  ['admin:activity', 'publish', { owner: 403, operator: 403 }],
  [`user:acme/${ada}`, 'subscribe', { viewer: 200, owner: 200, operator: 404, foreigner: 404, powerless: 404 }],
  [`user:acme/${bob}`, 'subscribe', { viewer: 404, owner: 404, operator: 404 }],
  [`user:acme/${ada}`, 'publish', { owner: 403, foreigner: 404 }],
  ['system:announcements', 'subscribe', { viewer: 200, operator: 200, foreigner: 200, powerless: 200 }],
  ['system:announcements', 'publish', { owner: 403, operator: 200, foreigner: 403 }],
  ['tenant:acme:secrets', 'subscribe', { owner: 404, operator: 404 }],
  ['nonsense', 'publish', { owner: 404, operator: 404 }],
]

describe('authorize', () => {
  it.each(matrix.flatMap(([channel, action, cells]) => Object.entries(cells).map(([who, code]) => ({ channel, action, who: who as Who, code }))))(
    'answers $code to $who for $action on $channel', ({ channel, action, who, code }) => {
      const decision = authorize(principals[who], channel, action)
      expect(decision.allowed ? (decision.audited ? 201 : 200) : decision.status).toBe(code)
    })

  it('gives nothing to an unknown role, whatever its name', () => {
    expect(permissionsOf(['root', 'constructor', '__proto__', 'toString'])).toEqual([])
  })

  it('does not make a tenant\'s member an operator by permission alone', () => {
    expect(authorize({ ...as('viewer'), permissions: ['admin:*'] }, 'admin:metrics', 'subscribe')).toEqual({ allowed: false, status: 403 })
    expect(authorize({ ...as('viewer'), permissions: ['admin:*'] }, 'tenant:globex:deployments', 'subscribe')).toEqual({ allowed: false, status: 404 })
  })

  it('lets an operator read a tenant\'s resources, audited, and write none', () => {
    expect(authorizeTenant(principals.operator, 'acme', 'deploy:read')).toEqual({ allowed: true, audited: true })
    expect(authorizeTenant(principals.operator, 'acme', 'deploy:write')).toEqual({ allowed: false, status: 403 })
  })
})
