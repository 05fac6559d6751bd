/** POST /v1/events and /v1/events/batch */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { publishBatchSchema, publishedBatchSchema, publishedSchema, publishSchema } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { idempotencyKeyOf, principalOf, type App } from '../http.ts'
import { publishAs } from './publish.ts'
import type { Quotas } from './quotas.ts'
import type { WritePath } from './write-path.ts'

/** Adds the publishing routes. */
export function publishRoutes(app: App, writePath: WritePath, quotas: Quotas): void {
  const takeQuota = createQuotaCheck(quotas)
  app.post('/v1/events', { schema: { summary: 'Publish one event', tags: ['events'], body: publishSchema, response: { 201: publishedSchema } } }, async (request, reply) => {
    const { idempotencyKey, ...event } = request.body
    await takeQuota(request, reply, 1)
    const key = idempotencyKeyOf(request, idempotencyKey)
    const [published] = await publishAs(writePath, principalOf(request), { events: [event], ...key !== undefined && { idempotencyKey: key } })
    if (!published) throw new Problem('internal')
    return reply.code(201).send(published)
  })

  app.post('/v1/events/batch', { schema: { summary: 'Publish events of one tenant, all or none', tags: ['events'], body: publishBatchSchema, response: { 201: publishedBatchSchema } } }, async (request, reply) => {
    const { events, idempotencyKey } = request.body
    await takeQuota(request, reply, events.length)
    const key = idempotencyKeyOf(request, idempotencyKey)
    const published = await publishAs(writePath, principalOf(request), { events, ...key !== undefined && { idempotencyKey: key } })
    return reply.code(201).send({ events: published })
  })
}

type QuotaCheck = (request: FastifyRequest, reply: FastifyReply, events: number) => Promise<void>

/** Takes what a request publishes from its principal's tenant and says what is left. */
function createQuotaCheck(quotas: Quotas): QuotaCheck {
  return async (request, reply, events) => {
    const { limit, remaining, reset } = await quotas.take(principalOf(request).tenantId, { events, bytes: Number(request.headers['content-length'] ?? 0) })
    reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': reset })
  }
}
