/** /livez, /readyz and /version. `/readyz` is 200 while a publish can be accepted. */

import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { App } from '../http.ts'
import { inTime } from '../in-time.ts'

/** What health looks at. */
export interface HealthOptions {
  database: Database
  isDraining: () => boolean
  /** By Centrifugo node, whether events are delivered; never a reason not to be ready. @default there is none to watch */
  delivery?: (() => Readonly<Record<string, boolean>>) | undefined
  version: string
}

/** What a process without callers answers. */
const OWN: ReadonlySet<string> = new Set(['/livez', '/readyz', '/version', '/metrics'])

/** Refuses every route that does not say how the process is. */
export function onlyHealthPlugin(app: App): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(OWN.has(request.routeOptions.url ?? '') ? undefined : new Problem('not_found', { detail: 'No such address.' }))
  })
}

/** How long the database may take to answer, in milliseconds. */
const PING_MS = 3000

/** Adds the routes. */
export function healthPlugin(app: App, { database, isDraining, delivery, version }: HealthOptions): void {
  const hidden = { schema: { hide: true } }
  app.get('/livez', hidden, () => ({ status: 'ok' }))
  app.get('/version', hidden, () => ({ version, node: process.versions.node }))
  app.get('/readyz', hidden, async (_request, reply) => {
    const nodes = delivery && Object.fromEntries(Object.entries(delivery()).map(([node, isOk]) => [node, isOk ? 'ok' : 'stopped']))
    const parts = { database: await answers(database) ? 'ok' : 'unreachable', draining: isDraining(), ...nodes && { delivery: nodes } }
    const isReady = parts.database === 'ok' && !parts.draining
    return reply.code(isReady ? 200 : 503).header('cache-control', 'no-store').send({ status: isReady ? 'ok' : 'unavailable', parts })
  })
}

async function answers(database: Database): Promise<boolean> {
  return inTime(PING_MS, database.ping().then(() => true, () => false), () => false)
}
