/**
 * Composition root of event-service: `createEventService` builds everything over what it is given and listens to nothing.
 * The process around it opens the database, calls `listen` and `close`.
 */

import { fastify, type FastifyBaseLogger } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { Database } from './database/database.ts'
import type { App } from './http.ts'
import { problemsPlugin } from './plugins/problems.ts'
import { createProjectionRegistry } from './publish/projection.ts'
import { publishRoutes } from './publish/routes.ts'
import { createWritePath, type WritePath } from './publish/write-path.ts'
import type { Realtime } from './realtime/realtime.ts'

/** What event-service is built over. */
export interface EventServiceOptions {
  database: Database
  realtime: Realtime
  logger?: FastifyBaseLogger
  now?: () => number
}

/** A built service. */
export interface EventService {
  app: App
  writePath: WritePath
  /** Refuses new work, finishes what is in flight, closes sockets; the database stays open: whoever opened it closes it. */
  close: () => Promise<void>
}

/** Builds the service. */
export async function createEventService(options: EventServiceOptions): Promise<EventService> {
  const app = createApp(options.logger)
  const writePath = createWritePath({
    database: options.database, projections: createProjectionRegistry([]), realtime: options.realtime, ...options.now && { now: options.now },
  })
  problemsPlugin(app)
  publishRoutes(app, writePath)
  await app.ready()
  return {
    app, writePath,
    close: async () => {
      await writePath.close()
      await options.realtime.close()
      await app.close()
    },
  }
}

function createApp(logger: FastifyBaseLogger | undefined): App {
  const app = fastify({ ...logger && { loggerInstance: logger }, bodyLimit: 1_048_576, requestTimeout: 30_000, trustProxy: false }).withTypeProvider()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app as unknown as App
}
