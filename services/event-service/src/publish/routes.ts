/** POST /v1/events and /v1/events/batch */

import { publishBatchSchema, publishedBatchSchema, publishedSchema, publishSchema } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { idempotencyKeyOf, principalOf, type App } from '../http.ts'
import { publishAs } from './publish.ts'
import type { WritePath } from './write-path.ts'

const config = { publishes: 'kept' } as const

/** What answers here is made by the write path: checking a hundred identifiers and times once more took as long as checking the events. */
const serializerCompiler = (): typeof JSON.stringify => JSON.stringify

/** Adds the publishing routes. */
export function publishRoutes(app: App, writePath: WritePath): void {
  app.post('/v1/events', { config, serializerCompiler, schema: { summary: 'Publish one event', tags: ['events'], body: publishSchema, response: { 201: publishedSchema } } }, async (request, reply) => {
    const { idempotencyKey, ...event } = request.body
    const key = idempotencyKeyOf(request, idempotencyKey)
    const [published] = await publishAs(writePath, principalOf(request), { events: [event], ...key !== undefined && { idempotencyKey: key } })
    if (!published) throw new Problem('internal')
    return reply.code(201).send(published)
  })

  app.post('/v1/events/batch', { config, serializerCompiler, schema: { summary: 'Publish events of one tenant, all or none', tags: ['events'], body: publishBatchSchema, response: { 201: publishedBatchSchema } } }, async (request, reply) => {
    const { events, idempotencyKey } = request.body
    const key = idempotencyKeyOf(request, idempotencyKey)
    const published = await publishAs(writePath, principalOf(request), { events, ...key !== undefined && { idempotencyKey: key } })
    return reply.code(201).send({ events: published })
  })
}
