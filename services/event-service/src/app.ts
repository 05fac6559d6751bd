/**
 * Composition root of event-service: `createEventService` builds everything over what it is given and listens to nothing.
 * The process around it opens the database, calls `listen` and `close`.
 */

import cookie from '@fastify/cookie'
import { fastify, type FastifyBaseLogger } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { createOriginCheck } from './auth/origin.ts'
import { realtimeRoutes } from './auth/realtime-routes.ts'
import { jwksRoute, sessionRoutes } from './auth/routes.ts'
import type { App } from './http.ts'
import { createIdentity, type IdentityOptions, type IdentityService } from './identity.ts'
import { authHookPlugin } from './plugins/auth-hook.ts'
import { problemsPlugin } from './plugins/problems.ts'
import { createProjectionRegistry } from './publish/projection.ts'
import { publishRoutes } from './publish/routes.ts'
import { createWritePath, type WritePath } from './publish/write-path.ts'
import type { Realtime } from './realtime/realtime.ts'

/** What event-service is built over. */
export interface EventServiceOptions extends Omit<IdentityOptions, 'onFault'> {
  realtime: Realtime
  logger?: FastifyBaseLogger
  /** Where browsers find the service: cookies travel over TLS only when it is https. @default none: the request's own host */
  publicUrl?: string
  /** Further origins that may use the refresh cookie. */
  allowedOrigins?: readonly string[]
}

/** A built service. */
export interface EventService {
  app: App
  writePath: WritePath
  /** Accounts, keys and revocation. */
  identity: IdentityService
  /** Refuses new work, finishes what is in flight, closes sockets; the database stays open: whoever opened it closes it. */
  close: () => Promise<void>
}

/** Builds the service. */
export async function createEventService(options: EventServiceOptions): Promise<EventService> {
  const app = createApp(options.logger)
  const writePath = createWritePath({
    database: options.database, projections: createProjectionRegistry([]), realtime: options.realtime, ...options.now && { now: options.now },
  })
  const identity = await createIdentity({ ...options, onFault: error => { app.log.error({ err: error }, 'a background write failed') } })
  identity.revocation.onRevoked((target, reason) => options.realtime.disconnect(target, reason))
  problemsPlugin(app)
  await app.register(cookie)
  authHookPlugin(app, { auth: identity.auth, database: options.database, ...options.now && { now: options.now } })
  identityRoutes(app, identity, options)
  publishRoutes(app, writePath)
  await app.ready()
  return {
    app, writePath, identity,
    close: async () => {
      await writePath.close()
      await identity.apiKeys.close()
      await options.realtime.close()
      await app.close()
    },
  }
}

function identityRoutes(app: App, { sessions, auth, auditChannels, keys }: IdentityService, { publicUrl, allowedOrigins }: EventServiceOptions): void {
  sessionRoutes(app, { sessions, isOurOrigin: createOriginCheck({ publicUrl, allowedOrigins }), isSecure: publicUrl?.startsWith('https:') ?? false })
  realtimeRoutes(app, auth, auditChannels)
  jwksRoute(app, keys)
}

function createApp(logger: FastifyBaseLogger | undefined): App {
  const app = fastify({ ...logger && { loggerInstance: logger }, bodyLimit: 1_048_576, requestTimeout: 30_000, trustProxy: false }).withTypeProvider()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app as unknown as App
}
