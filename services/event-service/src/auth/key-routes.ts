/** API keys of a tenant over HTTP. */

import * as z from 'zod'
import { apiKeyCreatedSchema, apiKeyListSchema, createApiKeySchema, listQuerySchema, slugSchema } from '@neo-stack/events'
import { guard, type App } from '../http.ts'
import type { ApiKeys } from './api-keys.ts'
import { askedIn } from '../asked.ts'

const tags = ['api-keys']
const inTenant = z.strictObject({ tenantId: slugSchema })

/** Adds the routes. */
export function keyRoutes(app: App, apiKeys: ApiKeys): void {
  app.get('/v1/tenants/:tenantId/api-keys', {
    schema: { summary: 'API keys of a tenant, newest first', tags, params: inTenant, querystring: listQuerySchema, response: { 200: apiKeyListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'keys:write')
    return apiKeys.list(request.params.tenantId, request.query)
  })

  app.post('/v1/tenants/:tenantId/api-keys', {
    schema: { summary: 'Make an API key; the answer holds it, this once', tags, params: inTenant, body: createApiKeySchema, response: { 201: apiKeyCreatedSchema } },
  }, async (request, reply) => {
    const created = await apiKeys.createAsked(askedIn(request, request.params.tenantId, 'keys:write'), request.body)
    return reply.code(201).header('cache-control', 'no-store').send(created)
  })

  app.delete('/v1/tenants/:tenantId/api-keys/:apiKeyId', {
    schema: { summary: 'Revoke an API key at once', tags, params: inTenant.extend({ apiKeyId: z.uuid() }), response: { 204: z.null() } },
  }, async (request, reply) => {
    await apiKeys.revokeAsked(askedIn(request, request.params.tenantId, 'keys:write'), request.params.apiKeyId)
    return reply.code(204).send(null)
  })
}
