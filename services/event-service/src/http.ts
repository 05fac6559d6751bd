/** What routes share: the typed app, the principal of a request, and the guard every tenant route goes through. */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { authorizeTenant, type Permission, type Principal } from '@neo-stack/events'
import { Problem, type RateState } from './errors.ts'

/** The Fastify app with zod schemas as types. */
export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, ZodTypeProvider>

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set by the auth hook, `undefined` without a valid token or key. */
    principal: Principal | undefined
    /** Set when an operator read a tenant's things: written to the audit table after the answer. */
    auditedRead: { tenantId: string, permission: string } | undefined
  }
}

/** The principal of a request. @throws {Problem} `unauthenticated` */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Problem('unauthenticated')
  return request.principal
}

/**
 * Lets a request pass that may do this in the tenant.
 * @throws {Problem} `unauthenticated`, `forbidden`, or `not_found` for another tenant's things
 */
export function guard(request: FastifyRequest, tenantId: string, permission: Permission): Principal {
  const principal = principalOf(request)
  const decision = authorizeTenant(principal, tenantId, permission)
  if (!decision.allowed) throw new Problem(decision.status === 404 ? 'not_found' : 'forbidden')
  if (decision.audited) request.auditedRead = { tenantId, permission }
  return principal
}

/** Says where the caller stands with a limit. */
export function sayRate(reply: FastifyReply, { limit, remaining, reset }: RateState): void {
  reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': reset })
}

/** The idempotency key of a request: header `Idempotency-Key`, else the body's field. */
export function idempotencyKeyOf(request: FastifyRequest, fromBody?: string): string | undefined {
  const header = request.headers['idempotency-key']
  const key = typeof header === 'string' ? header : fromBody
  if (key !== undefined && (key.length < 1 || key.length > 200)) {
    throw new Problem('invalid_request', { errors: [{ path: 'idempotencyKey', message: 'between 1 and 200 characters' }] })
  }
  return key
}
