/** GET /v1/history */

import { authorize, historyQuerySchema, historySchema, parseChannel } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { principalOf, type App } from '../http.ts'
import type { HistoryService } from './history-service.ts'

/** Adds the history route. A channel of unknown form is answered like another tenant's: 404. */
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
}
