/** Alerts and their rules over HTTP. The list is what the log tells: all events of one alert are one line. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  acknowledgeAlertSchema, alertAcknowledgedSchema, alertListSchema, alertRulePreviewSchema, alertRuleSchema, alertRulesSchema, alertSilenceSchema, alertSilencesSchema, makeSilenceSchema,
  PLATFORM_TENANT, previewAlertRuleSchema, putAlertRulesSchema, severitySchema, slugSchema, type AlertList, type AlertRule, type AlertRulePreview, type Permission,
} from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { readPosition } from '../database/position.ts'
import { guard, principalOf, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import { acknowledge, toAcknowledgement } from './acknowledge.ts'
import { replay, type PastPoint } from './preview.ts'
import { listRules, putRules, type RuleCommands } from './rule-commands.ts'
import { alertsChannel } from './rule-events.ts'
import { endSilence, listSilences, makeSilence, type SilenceParts } from './silences.ts'

/** Newest events of the log that the list is made of. */
const MAX_EVENTS = 200

/** What these routes need. */
export interface AlertParts extends RuleCommands, SilenceParts {
  /** Points of the past, at most 2,000, with their width in seconds. */
  readPast: (tenantId: string, range: { from: number, to: number }) => Promise<{ samples: readonly PastPoint[], step: number }>
}

type Alert = AlertList['alerts'][number]

const tags = ['alerts']

/** Adds the routes. */
export function alertRoutes(app: App, commands: AlertParts): void {
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
function ruleRoutes(app: App, commands: AlertParts): void {
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
    app.post(`${path}/preview`, { schema: { summary: `When a rule of ${whose} would have fired in the last 24 h`, tags, params, body: previewAlertRuleSchema, response: { 200: alertRulePreviewSchema } } }, request => {
      guard(request, tenantOf(request), read)
      return preview(commands, tenantOf(request), request.body.rule)
    })
    silenceRoutes(app, commands, { path: path.replace('alert-rules', 'alert-silences'), whose, params, tenantOf, read, write })
  }
}

interface Place { path: string, whose: string, params: z.ZodObject, tenantOf: (request: FastifyRequest) => string, read: Permission, write: Permission }

function silenceRoutes(app: App, commands: AlertParts, { path, whose, params, tenantOf, read, write }: Place): void {
  app.get(path, { schema: { summary: `Silences of ${whose} that run or will`, tags, params, response: { 200: alertSilencesSchema } } }, async request => {
    guard(request, tenantOf(request), read)
    return { silences: await listSilences(commands, tenantOf(request)) }
  })
  app.post(path, { schema: { summary: `Silence alerts of ${whose} for a while`, tags, params, body: makeSilenceSchema, response: { 201: alertSilenceSchema } } }, async (request, reply) => {
    const principal = guard(request, tenantOf(request), write)
    return reply.code(201).send(await makeSilence(commands, { tenantId: tenantOf(request), actor: actorOf(principal), by: principal.userId }, request.body))
  })
  app.delete(`${path}/:id`, { schema: { summary: `End a silence of ${whose}`, tags, params: params.extend({ id: z.uuid() }), response: { 204: z.null() } } }, async (request, reply) => {
    const principal = guard(request, tenantOf(request), write)
    await endSilence(commands, { tenantId: tenantOf(request), actor: actorOf(principal) }, (request.params as { id: string }).id)
    return reply.code(204).send(null)
  })
}

const PREVIEW_HOURS = 24
/** Of this many seconds at a time the past is told in points of ten seconds. */
const SLICE_SECONDS = 19_200

async function preview({ readPast, now }: AlertParts, tenantId: string, rule: AlertRule): Promise<AlertRulePreview> {
  const to = Math.floor(now() / 1000)
  const points: PastPoint[] = []
  for (let from = to - PREVIEW_HOURS * 3600; from < to; from += SLICE_SECONDS) {
    const { samples } = await readPast(tenantId, { from, to: Math.min(to, from + SLICE_SECONDS - 1) })
    points.push(...samples)
  }
  return { hours: PREVIEW_HOURS, fired: replay(rule, points, { step: 10, over: { from: to - PREVIEW_HOURS * 3600, to } }) }
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
  const { rows, logEpoch, seq } = await database.inTenant(tenantId, async tx => ({
    ...await readPosition(tx, channel),
    rows: await tx.selectFrom('events').select(['id', 'type', 'time', 'data']).where('channel', '=', channel).orderBy('seq', 'desc').limit(MAX_EVENTS).execute(),
  }), { snapshot: true })
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
      ...known?.acknowledged && { acknowledged: known.acknowledged }, ...data['isSilenced'] === true && { isSilenced: true }, ...ruleOf(data), id: key, severity: severity.data, message: String(data['message']), time: known?.time ?? said,
      ...type === 'alert_resolved' ? { state: 'resolved', resolvedAt: said } : { state: 'firing' },
    })
  }
  return { alerts: [...alerts.values()].reverse(), logEpoch, seq }
}

/** The rule an alert is of, the figure it watches, and what the rule says of it; a runbook is a link, so nothing but an address of the web is one. */
function ruleOf(data: Record<string, unknown>): Pick<Alert, 'rule' | 'metric' | 'group' | 'runbook'> {
  const { rule, metric, group, runbook: given } = (data['params'] ?? {}) as Record<string, unknown>
  const runbook = alertRuleSchema.shape.runbook.safeParse(given).data
  return { ...typeof rule === 'string' && { rule }, ...typeof metric === 'string' && { metric }, ...typeof group === 'string' && { group }, ...runbook !== undefined && { runbook } }
}
