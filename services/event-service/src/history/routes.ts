/** GET /v1/history and /v1/history/search, exports and erasures of a tenant. */

import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import { authorize, erasedSchema, eraseUserSchema, exportQuerySchema, historyQuerySchema, historySchema, parseChannel, searchQuerySchema, searchResultSchema, slugSchema } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { guard, principalOf, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import type { HistoryService } from './history-service.ts'
import { channelScope, tenantScope, type Scope } from './scope.ts'

/** Adds the routes of history. A channel of unknown form is answered like another tenant's: 404. */
export function historyRoutes(app: App, history: HistoryService): void {
  exportRoutes(app, history)
  app.get('/v1/history', {
    schema: { summary: 'Read a channel\'s log', tags: ['history'], querystring: historyQuerySchema, response: { 200: historySchema } },
  }, request => {
    const { channel: name, ...range } = request.query
    const principal = principalOf(request)
    const channel = parseChannel(name)
    const decision = channel && authorize(principal, channel, 'history')
    if (!channel || !decision?.allowed) throw new Problem(decision?.allowed === false && decision.status === 403 ? 'forbidden' : 'not_found')
    if (decision.audited) request.auditedRead = { tenantId: channel.tenantId, permission: 'history:read' }
    return history.getHistory(channel, range)
  })

  app.get('/v1/history/search', {
    schema: { summary: 'Find events of a channel or of a tenant', tags: ['history'], querystring: searchQuerySchema, response: { 200: searchResultSchema } },
  }, request => {
    const { channel, tenant = '', ...search } = request.query
    return history.searchHistory(scopeOf(request, { channel, tenantId: tenant }), search)
  })
}

/** What a request may look into: one channel, or everything of a tenant. @throws {Problem} `forbidden`, `not_found` */
function scopeOf(request: FastifyRequest, { channel, tenantId }: { channel: string | undefined, tenantId: string }): Scope {
  const principal = principalOf(request)
  const scope = channel === undefined ? tenantScope(principal, tenantId) : channelScope(principal, channel)
  if (typeof scope === 'number') throw new Problem(scope === 403 ? 'forbidden' : 'not_found')
  if (scope.audited) request.auditedRead = { tenantId: scope.tenantId, permission: 'history:read' }
  return scope
}

const paramsSchema = z.strictObject({ tenantId: slugSchema })

function exportRoutes(app: App, history: HistoryService): void {
  app.get('/v1/tenants/:tenantId/history/exports', {
    schema: { summary: 'All events that a search finds, as lines of JSON', tags: ['history'], params: paramsSchema, querystring: exportQuerySchema },
  }, async (request, reply) => {
    const { tenantId } = request.params
    const { channel, ...search } = request.query
    const scope = scopeOf(request, { channel, tenantId })
    if (scope.tenantId !== tenantId) throw new Problem('not_found')
    return reply.type('application/x-ndjson').header('content-disposition', `attachment; filename="${tenantId}-history.ndjson"`)
      .send(Readable.from(history.exportHistory(scope, search)))
  })

  app.post('/v1/tenants/:tenantId/history/erasures', {
    schema: { summary: 'Empty every event that a person caused or is named in', tags: ['history'], params: paramsSchema, body: eraseUserSchema, response: { 200: erasedSchema } },
  }, async request => {
    const { tenantId } = request.params
    const actor = actorOf(guard(request, tenantId, 'users:write'))
    return { erased: await history.eraseUser({ tenantId, userId: request.body.userId, actor }) }
  })
}
