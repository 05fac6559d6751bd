/** Who asks for an act on accounts, sessions or keys: of which tenant, from where, under which idempotency key. */

import type { FastifyRequest } from 'fastify'
import { PLATFORM_TENANT, type Permission, type Principal } from '@neo-stack/events'
import { Problem } from './errors.ts'
import { guard, idempotencyKeyOf, principalOf } from './http.ts'
import type { Act } from './publish/acts.ts'
import { actorOf, hashOf } from './publish/publish.ts'
import type { Submission } from './publish/write-path.ts'

/** See the head of this file. */
export interface Asked {
  /** Whose thing is acted on. */
  tenantId: string
  /** `sessionId` where it came by one. */
  principal: Principal & { sessionId?: string }
  address: string
  /** An operator acts, by right of being one. */
  isOperators: boolean
  idempotencyKey?: string | undefined
}

/** A request of somebody with this permission in the tenant. @throws {Problem} as {@link guard} */
export function askedIn(request: FastifyRequest, tenantId: string, permission: Permission): Asked {
  return { tenantId, principal: guard(request, tenantId, permission), address: request.ip, isOperators: false, idempotencyKey: idempotencyKeyOf(request) }
}

/** A request of an operator on a tenant. @throws {Problem} as {@link guard} */
export function askedByOperator(request: FastifyRequest, tenantId: string): Asked {
  return { ...askedIn(request, PLATFORM_TENANT, 'admin:*'), tenantId, isOperators: true }
}

/** A request of a person about themselves. @throws {Problem} `unauthenticated`, `not_found` for another tenant, `forbidden` for a key */
export function askedBySelf(request: FastifyRequest, tenantId: string): Asked {
  const principal = principalOf(request)
  if (principal.tenantId !== tenantId) throw new Problem('not_found')
  if (principal.kind !== 'user') throw new Problem('forbidden', { detail: 'Only people have an account.' })
  return { tenantId, principal, address: request.ip, isOperators: false }
}

/** What an act takes over from the request. */
export function toAct({ tenantId, principal, address, isOperators }: Asked): Pick<Act, 'tenantId' | 'actor' | 'address' | 'isOperators'> {
  return { tenantId, actor: actorOf(principal), address, isOperators }
}

/** The key that repeats of this request answer under; scopes of operators and tenants are apart. */
export function toKey({ idempotencyKey, tenantId }: Asked, scope: string, body: unknown): Submission['key'] {
  return idempotencyKey === undefined ? undefined : { scope: `${tenantId}/${scope}`, key: idempotencyKey, bodyHash: hashOf(body) }
}
