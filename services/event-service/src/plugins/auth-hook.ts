/** Sets `request.principal` from the bearer of every /v1 route, and writes what an operator reads before the answer is out. */

import type { FastifyRequest } from 'fastify'
import type { Principal } from '@neo-stack/events'
import type { AuthMiddleware } from '../auth/authenticate.ts'
import type { Database } from '../database/database.ts'
import { isProblem, Problem } from '../errors.ts'
import type { App } from '../http.ts'
import { inTime } from '../in-time.ts'
import { actorOf } from '../publish/publish.ts'
import { appendAudit } from './audit.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A bearer that is not valid counts as none. */
    isBearerOptional?: boolean
    /** The body may be left out; the reference says so. */
    isBodyOptional?: boolean
  }
}

/** What the hook works with. */
export interface AuthHookOptions {
  auth: AuthMiddleware
  database: Database
  /** Milliseconds until who asks with a bearer that has to be looked up hears `unavailable`. @default they wait */
  answerWithinMs?: number | undefined
  now?: () => number
}

/** Adds the hook. */
export function authHookPlugin(app: App, { auth, database, answerWithinMs, now = Date.now }: AuthHookOptions): void {
  app.decorateRequest('principal', undefined)
  app.decorateRequest('auditedRead', undefined)

  app.addHook('onRequest', async request => {
    const { authorization } = request.headers
    const { url, config } = request.routeOptions
    if (authorization === undefined || !url?.startsWith('/v1/')) return
    try {
      request.principal = await inTime(answerWithinMs, auth.authenticate(bearerOf(authorization), request.ip), () => { throw new Problem('unavailable', { retryAfter: 1 }) })
      nameTenant(request.log, request.principal.tenantId)
    } catch (error) {
      if (!config.isBearerOptional || !isProblem(error, 'unauthenticated')) throw error
    }
  })

  // What can't be written is not read: a failure here takes the answer's place.
  app.addHook('onSend', async (request, reply) => {
    const { auditedRead, principal } = request
    if (!auditedRead || !principal || reply.statusCode >= 400) return
    request.auditedRead = undefined
    await auditRead({ database, now: now() }, principal, { ...auditedRead, request })
  })
}

/** Every line about the request from here on names the caller's tenant; a logger that cannot is left as it is. */
function nameTenant(log: FastifyRequest['log'] & { setBindings?: (bindings: { tenant: string }) => void }, tenant: string): void {
  log.setBindings?.({ tenant })
}

/** Whether the bearer that a long answer began with is good still: it may have ended or been revoked meanwhile. */
export async function isStillGood(auth: AuthMiddleware, { headers, ip }: FastifyRequest): Promise<boolean> {
  try {
    await auth.authenticate(bearerOf(headers.authorization ?? ''), ip)
    return true
  } catch (error) {
    if (isProblem(error, 'unauthenticated')) return false
    throw error
  }
}

function bearerOf(authorization: string): string {
  const bearer = /^Bearer ([\w.~+/=-]{1,8192})$/i.exec(authorization)?.[1]
  if (bearer === undefined) throw new Problem('unauthenticated', { detail: 'Authorization carries no Bearer.' })
  return bearer
}

interface AuditedRead {
  tenantId: string
  permission: string
  request: FastifyRequest
}

async function auditRead({ database, now }: { database: Database, now: number }, principal: Principal, read: AuditedRead): Promise<void> {
  const { tenantId, permission, request } = read
  const detail = { route: request.routeOptions.url, requestId: request.id }
  await database.inTenant(tenantId, async tx => {
    // Nothing was read of a tenant that does not exist.
    const tenant = await tx.selectFrom('tenants').select('id').where('id', '=', tenantId).executeTakeFirst()
    if (tenant) await appendAudit(tx, { tenantId, actor: actorOf(principal), action: 'tenant.read', target: permission, address: request.ip, detail }, now)
  })
}
