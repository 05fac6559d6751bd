/**
 * Who may do what: one table of roles, one of channel families, one pure function over both. Nothing is allowed by default.
 * Sources: specification case 5; the publishing permissions are `:write` there where the specification asked `:read`.
 */

import { parseChannel, PLATFORM_TENANT, type Channel, type ChannelFamily } from './channel.ts'

const viewer = ['deploy:read', 'metrics:read', 'alerts:read', 'presence:read', 'history:read', 'activity:read', 'exam:read'] as const
const member = [...viewer, 'deploy:write', 'presence:write', 'exam:take'] as const
const manager = [...member, 'billing:read', 'alerts:write', 'exam:write'] as const
const owner = [...manager, 'billing:write', 'users:write', 'keys:write', 'audit:read', 'passwords:read', 'events:publish'] as const

/** Permissions that only keys of services hold, besides those of the roles. */
const serviceOnly = ['metrics:write', 'logs:write', 'usage:write'] as const

/** Permissions of each role. `admin` is the operator's. */
export const rolePermissions = { viewer, member, manager, owner, admin: ['admin:*'] } as const

/** Name of a role. */
export type Role = keyof typeof rolePermissions

/** Every permission there is. */
export const permissions = [...new Set([...owner, ...serviceOnly, ...rolePermissions.admin])] as const

/** Name of a permission. */
export type Permission = (typeof permissions)[number]

/** Who asks. `userId` is the key's identifier for a service; `tenantId` is `platform` for operators. */
export interface Principal {
  kind: 'user' | 'service'
  userId: string
  tenantId: string
  roles: readonly string[]
  permissions: readonly string[]
  /** Set for a key that plays the demonstration: what it does is recorded under the actor type `demo`. */
  isDemo?: true
}

/** What may be done with a channel: `subscribe` and `history` read, `publish` writes. */
export type ChannelAction = 'subscribe' | 'history' | 'publish'

/**
 * `audited` is set when an operator reads a tenant's things. A denial carries the status to answer: 404 where telling that
 * the thing exists would be a leak, else 403.
 */
export type Decision = { allowed: true, audited: boolean } | { allowed: false, status: 403 | 404 }

/**
 * Permission that reading and publishing of a family need. `anyone` is whoever is signed in, `self` the one user a channel
 * belongs to, `never` nobody from outside: the platform itself publishes there.
 */
export const accessTable: Record<ChannelFamily, { read: Permission | 'anyone' | 'self', publish: Permission | 'never' }> = {
  'deployments': { read: 'deploy:read', publish: 'deploy:write' },
  'deployment-log': { read: 'deploy:read', publish: 'logs:write' },
  'billing': { read: 'billing:read', publish: 'billing:write' },
  'metrics': { read: 'metrics:read', publish: 'metrics:write' },
  'alerts': { read: 'alerts:read', publish: 'alerts:write' },
  'presence': { read: 'presence:read', publish: 'events:publish' },
  'activity': { read: 'activity:read', publish: 'events:publish' },
  'certification': { read: 'exam:read', publish: 'never' },
  'admin-metrics': { read: 'admin:*', publish: 'admin:*' },
  'admin-alerts': { read: 'admin:*', publish: 'admin:*' },
  'admin-activity': { read: 'admin:*', publish: 'never' },
  'admin-tenants': { read: 'admin:*', publish: 'never' },
  'user': { read: 'self', publish: 'never' },
  'announcements': { read: 'anyone', publish: 'admin:*' },
}

const denied = (status: 403 | 404): Decision => ({ allowed: false, status })
const allowed: Decision = { allowed: true, audited: false }

/** Whether the principal is an operator of the platform. */
export function isOperator(principal: Principal): boolean {
  return principal.tenantId === PLATFORM_TENANT && principal.permissions.includes('admin:*')
}

/**
 * Decides on a thing of a tenant that is not a channel (a route's resource).
 * Another tenant's things are 404, one's own without the permission 403, the operators' 403; an operator may read (audited), not write.
 */
export function authorizeTenant(principal: Principal, tenantId: string, permission: Permission): Decision {
  // That there are operators is no secret.
  if (permission === 'admin:*') return isOperator(principal) ? allowed : denied(403)
  if (isOperator(principal) && isOwnPresence(tenantId, permission)) return allowed
  if (isOperator(principal)) return permission.endsWith(':read') ? { allowed: true, audited: tenantId !== PLATFORM_TENANT } : denied(403)
  if (principal.tenantId !== tenantId) return denied(404)
  return principal.permissions.includes(permission) ? allowed : denied(403)
}

/** Operators are present among themselves. */
const isOwnPresence = (tenantId: string, permission: Permission): boolean => tenantId === PLATFORM_TENANT && permission === 'presence:write'

/**
 * Decides whether a principal may act on a channel. Every door calls it: HTTP, tokens, history, search.
 * @param channel a parsed channel, or a name; an unknown form is denied with 404.
 */
export function authorize(principal: Principal, channel: Channel | string, action: ChannelAction): Decision {
  const parsed = typeof channel === 'string' ? parseChannel(channel) : channel
  if (!parsed) return denied(404)
  return action === 'publish' ? authorizePublish(principal, parsed) : authorizeRead(principal, parsed, action)
}

function authorizePublish(principal: Principal, channel: Channel): Decision {
  const needed = accessTable[channel.family].publish
  if (channel.tenantId !== principal.tenantId && !isOperator(principal)) return denied(foreignStatus(channel))
  if (needed === 'never') return denied(403)
  const decision = authorizeTenant(principal, channel.tenantId, needed)
  const isOwnTenant = channel.tenantId === principal.tenantId
  return !decision.allowed && isOwnTenant && principal.permissions.includes('events:publish') ? allowed : decision
}

function authorizeRead(principal: Principal, channel: Channel, action: 'subscribe' | 'history'): Decision {
  const needed = accessTable[channel.family].read
  if (needed === 'anyone') return allowed
  if (needed === 'self') {
    const isSelf = principal.kind === 'user' && principal.userId === channel.userId && principal.tenantId === channel.tenantId
    return isSelf ? allowed : denied(404)
  }
  const decision = authorizeTenant(principal, channel.tenantId, needed)
  if (!decision.allowed || action === 'subscribe') return decision
  return authorizeTenant(principal, channel.tenantId, 'history:read')
}

/** The platform's own channels are public knowledge, so 403; another tenant's existence is not told, so 404. */
function foreignStatus(channel: Channel): 403 | 404 {
  return channel.tenantId === PLATFORM_TENANT ? 403 : 404
}

/** The permissions that a list of roles gives; unknown roles give none. */
export function permissionsOf(roles: readonly string[]): Permission[] {
  return [...new Set(roles.flatMap(role => Object.hasOwn(rolePermissions, role) ? [...rolePermissions[role as Role]] : []))]
}
