/** GET /v1/history and /v1/history/search */

import { authorize, historyQuerySchema, historySchema, parseChannel, searchQuerySchema, searchResultSchema } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { principalOf, type App } from '../http.ts'
import type { HistoryService } from './history-service.ts'
import { channelScope, tenantScope } from './scope.ts'

/** Adds the routes of history. A channel of unknown form is answered like another tenant's: 404. */
export function historyRoutes(app: App, history: HistoryService): void {
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
    const principal = principalOf(request)
    const scope = channel === undefined ? tenantScope(principal, tenant) : channelScope(principal, channel)
    if (typeof scope === 'number') throw new Problem(scope === 403 ? 'forbidden' : 'not_found')
    if (scope.audited) request.auditedRead = { tenantId: scope.tenantId, permission: 'history:read' }
    return history.searchHistory(scope, search)
  })
}
