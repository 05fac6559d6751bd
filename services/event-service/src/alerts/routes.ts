/** Alerts and their rules over HTTP. The list is what the log tells: all events of one alert are one line. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  acknowledgeAlertSchema, alertAcknowledgedSchema, alertListSchema, alertRulesSchema, PLATFORM_TENANT, putAlertRulesSchema, severitySchema, slugSchema,
  type AlertList,
} from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { guard, principalOf, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import { acknowledge, toAcknowledgement } from './acknowledge.ts'
import { listRules, putRules, type RuleCommands } from './rule-commands.ts'
import { alertsChannel } from './rule-events.ts'

/** Newest events of the log that the list is made of. */
const MAX_EVENTS = 200

type Alert = AlertList['alerts'][number]

const tags = ['alerts']

/** Adds the routes. */
export function alertRoutes(app: App, commands: RuleCommands): void {
  listRoutes(app, commands.database)
  ruleRoutes(app, commands)

  app.post('/v1/alerts/:id/ack', {
    schema: {
      summary: 'Acknowledge an alert of the caller\'s tenant, with a note', tags, params: z.object({ id: z.uuid() }),
      body: acknowledgeAlertSchema, response: { 200: alertAcknowledgedSchema },
    },
    config: { isBodyOptional: true, publishes: 'kept' },
  }, request => {
    const { tenantId } = principalOf(request)
    const principal = guard(request, tenantId, tenantId === PLATFORM_TENANT ? 'admin:*' : 'alerts:write')
    return acknowledge(commands, { tenantId, alertId: request.params.id, by: principal.userId, actor: actorOf(principal), ...request.body })
  })
}

/** The same routes for a tenant's rules and the operators'. */
function ruleRoutes(app: App, commands: RuleCommands): void {
  const places = [
    { path: '/v1/tenants/:tenantId/alert-rules', whose: 'a tenant', params: z.object({ tenantId: slugSchema }), read: 'alerts:read', write: 'alerts:write' },
    { path: '/v1/admin/alert-rules', whose: 'the operators', params: z.object({}), read: 'admin:*', write: 'admin:*' },
  ] as const
  for (const { path, whose, params, read, write } of places) {
    const tenantOf = (request: FastifyRequest): string => (request.params as { tenantId?: string }).tenantId ?? PLATFORM_TENANT
    app.get(path, { schema: { summary: `Alert rules of ${whose}, each with where it stands`, tags, params, response: { 200: alertRulesSchema } } }, request => {
      guard(request, tenantOf(request), read)
      return listRules(commands, tenantOf(request))
    })
    app.put(path, { schema: { summary: `Replace the alert rules of ${whose}`, tags, params, body: putAlertRulesSchema, response: { 200: alertRulesSchema } } }, async request => {
      const principal = guard(request, tenantOf(request), write)
      await putRules(commands, { tenantId: tenantOf(request), actor: actorOf(principal) }, request.body.rules)
      return listRules(commands, tenantOf(request))
    })
  }
}

function listRoutes(app: App, database: Database): void {
  app.get('/v1/tenants/:tenantId/alerts', {
    schema: { summary: 'Alerts of a tenant, newest first', tags, params: z.object({ tenantId: slugSchema }), response: { 200: alertListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'alerts:read')
    return listAlerts(database, request.params.tenantId)
  })
}

async function listAlerts(database: Database, tenantId: string): Promise<AlertList> {
  const channel = alertsChannel(tenantId).name
  const rows = await database.inTenant(tenantId, tx => tx.selectFrom('events').select(['id', 'seq', 'type', 'time', 'data'])
    .where('channel', '=', channel).orderBy('seq', 'desc').limit(MAX_EVENTS).execute(), { snapshot: true })
  const alerts = new Map<string, Alert>()
  for (const { id, type, time, data } of rows.toReversed()) {
    const acknowledged = type === 'alert_acknowledged' ? alerts.get(String(data['alertId'])) : undefined
    if (acknowledged) acknowledged.acknowledged ??= toAcknowledgement(data)
    const severity = severitySchema.safeParse(data['severity'])
    // An erased event keeps its number and says nothing.
    if (!severity.success) continue
    const key = typeof data['alertId'] === 'string' ? data['alertId'] : id
    const known = alerts.get(key)
    const said = time.toISOString()
    alerts.set(key, {
      ...known?.acknowledged && { acknowledged: known.acknowledged }, id: key, severity: severity.data, message: String(data['message']), time: known?.time ?? said,
      ...type === 'alert_resolved' ? { state: 'resolved', resolvedAt: said } : { state: 'firing' },
    })
  }
  return { alerts: [...alerts.values()].reverse(), logEpoch: database.logEpoch, seq: Number(rows[0]?.seq ?? 0) }
}
