/** Counts what a request publishes against its tenant's quota, on every route that says it publishes, and tells what is left. */

import { sayRate, type App } from '../http.ts'
import type { Quotas } from './quotas.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A request publishes: into a log that is `kept`, or `live` only. @default it is not counted */
    publishes?: 'kept' | 'live'
  }
}

/**
 * Adds the hook: before the routes. Who has no identity is refused by the route itself; what has no good form counts too.
 * @returns the quotas, for who knows a tenant by other means than a principal
 */
export function quotaHook(app: App, quotas: Quotas): Quotas {
  app.addHook('preValidation', (request, reply, done) => {
    const { principal, routeOptions: { config: { publishes } } } = request
    if (!publishes || !principal) return done()
    const load = { events: countOf(request.body), bytes: Number(request.headers['content-length'] ?? 0), isLive: publishes === 'live' }
    quotas.take(principal.tenantId, load).then(state => { sayRate(reply, state); done() }, done)
  })
  return quotas
}

/** Batches name what they hold; anything else is one. */
function countOf(body: unknown): number {
  const { events, samples, lines } = (body ?? {}) as { events?: unknown, samples?: unknown, lines?: unknown }
  const many = events ?? samples ?? lines
  return Array.isArray(many) ? many.length : 1
}
