/** Sources of billing over HTTP, and the webhooks they send. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  createSourceSchema, PLATFORM_TENANT, putCustomersSchema, rotateSecretSchema, slugSchema, sourceListSchema, sourceSchema, sourceSecretSchema, webhookAnswerSchema,
} from '@neo-stack/events'
import { isProblem } from '../../errors.ts'
import { guard, idempotencyKeyOf, type App } from '../../http.ts'
import { createLimiter } from '../../plugins/limiter.ts'
import { actorOf } from '../../publish/publish.ts'
import { takeWebhook, type IntakeOptions } from './intake.ts'
import type { SourceOwner, Sources } from './sources.ts'

const tags = ['billing']

/** A new source; a repeat under the same `Idempotency-Key` is not shown its secret. */
const sourceCreatedSchema = sourceSecretSchema.partial({ secret: true })

/** Wrong signatures from one address for one source. */
const WRONG_SIGNATURES = { points: 100, seconds: 60 }

/** Adds the routes that manage sources: the same for a tenant's and the operators'. */
export function sourceRoutes(app: App, sources: Sources): void {
  const places = [
    { base: '/v1/tenants/:tenantId/billing/sources', whose: 'a tenant', params: z.object({ tenantId: slugSchema }), permission: 'keys:write' },
    { base: '/v1/admin/billing-sources', whose: 'the operators', params: z.object({}), permission: 'admin:*' },
  ] as const
  for (const { base, whose, params, permission } of places) {
    const one = params.extend({ sourceId: z.string().max(64) })
    const ownerOf = (request: FastifyRequest): SourceOwner => {
      const tenantId = (request.params as { tenantId?: string }).tenantId ?? PLATFORM_TENANT
      return { tenantId, actor: actorOf(guard(request, tenantId, permission)) }
    }
    app.get(base, { schema: { summary: `Billing systems whose webhooks are taken in, of ${whose}`, tags, params, response: { 200: sourceListSchema } } }, async request =>
      ({ sources: await sources.list(ownerOf(request).tenantId) }))
    app.post(base, { schema: { summary: `Add a billing system of ${whose}; the only time its secret is shown`, tags, params, body: createSourceSchema, response: { 201: sourceCreatedSchema } } }, async (request, reply) =>
      reply.code(201).send(await sources.create(ownerOf(request), request.body, idempotencyKeyOf(request))))
    app.delete(`${base}/:sourceId`, { schema: { summary: `Remove a billing system of ${whose}: its webhooks are refused from now on`, tags, params: one, response: { 204: z.null() } } }, async (request, reply) => {
      await sources.remove(ownerOf(request), (request.params as { sourceId: string }).sourceId)
      return reply.code(204).send(null)
    })
    app.post(`${base}/:sourceId/rotate`, {
      schema: { summary: 'Give a billing system a new secret; older ones are accepted for a while longer', tags, params: one, body: rotateSecretSchema, response: { 200: sourceSecretSchema } },
      config: { isBodyOptional: true },
    }, request => sources.rotate(ownerOf(request), (request.params as { sourceId: string }).sourceId, request.body))
  }
  app.put('/v1/admin/billing-sources/:sourceId/customers', {
    schema: { summary: 'Say which customer of a billing system is which tenant', tags, params: z.object({ sourceId: z.string().max(64) }), body: putCustomersSchema, response: { 200: sourceSchema } },
  }, request => sources.putCustomers({ tenantId: PLATFORM_TENANT, actor: actorOf(guard(request, PLATFORM_TENANT, 'admin:*')) }, request.params.sourceId, request.body.customers))
}

/** Adds the intake. It has a context of its own: signatures are over the body as it came, so it is read as text. */
export async function webhookRoutes(app: App, options: IntakeOptions): Promise<void> {
  const limiter = createLimiter(WRONG_SIGNATURES)
  await app.register(async child => {
    child.removeAllContentTypeParsers()
    child.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => { done(null, body) })
    ;(child as App).post('/v1/webhooks/billing/:source', {
      schema: {
        summary: 'Take a signed webhook of a billing system; answered once it is stored', tags, params: z.object({ source: z.string().max(64) }), response: { 200: webhookAnswerSchema }, security: [],
      },
    }, async ({ params: { source }, headers, body, ip }) => {
      const key = `${source} ${ip}`
      await limiter.check(key)
      try {
        return await takeWebhook(options, source, { headers, body: typeof body === 'string' ? body : '' })
      } catch (error) {
        if (isProblem(error, 'invalid_signature')) await limiter.take(key)
        throw error
      }
    })
  })
}
