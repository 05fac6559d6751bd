/** The billing inbox and reports of usage over HTTP. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  billingPreferencesSchema, billingRecordsSchema, inboxCountSchema, inboxVerbs, notificationPageSchema, notificationQuerySchema, putBillingPreferencesSchema, putThresholdsSchema, readAllSchema, reportUsageSchema, slugSchema, usageReportedSchema,
  usageThresholdsSchema, type InboxState,
} from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { guard, idempotencyKeyOf, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import { createInbox, type InboxOwner } from './inbox.ts'
import { listLadders, putLadders } from './ladders.ts'
import { putPreferences, readPreferences } from './preferences.ts'
import { readRecords } from './records.ts'
import { reportUsage, type UsageServices } from './usage.ts'

const tags = ['billing']
const inTenant = z.object({ tenantId: slugSchema })
const one = inTenant.extend({ id: z.uuid() })
const base = '/v1/tenants/:tenantId/billing/notifications'

/** What a person can do with one notification: each undoes another. */
const summaries = Object.entries({
  read: 'Mark a notification as read', unread: 'Mark a notification as unread', archived: 'Put a notification away',
} satisfies Record<InboxState, string>) as [InboxState, string][]

/** What the routes work with; `hasMail` says whether the installation sends e-mail. */
export interface BillingServices extends UsageServices {
  hasMail: boolean
}

/** Adds the routes. */
export function billingRoutes(app: App, services: BillingServices): void {
  const { database, now } = services
  const inbox = createInbox(services)
  const owner = (request: FastifyRequest, tenantId: string): InboxOwner => {
    const principal = guard(request, tenantId, 'billing:read')
    return { tenantId, userId: principal.userId, userTenantId: principal.tenantId, actor: actorOf(principal) }
  }

  app.get(base, {
    schema: { summary: 'The caller\'s billing notifications, newest first', tags, params: inTenant, querystring: notificationQuerySchema, response: { 200: notificationPageSchema } },
  }, request => inbox.list(owner(request, request.params.tenantId), request.query))

  for (const [state, summary] of summaries) {
    app.post(`${base}/:id/${inboxVerbs[state]}`, { schema: { summary, tags, params: one, response: { 200: inboxCountSchema } } }, request =>
      inbox.mark(owner(request, request.params.tenantId), request.params.id, state))
  }

  app.post(`${base}/read-all`, { schema: { summary: 'Mark every notification as read', tags, params: inTenant, response: { 200: readAllSchema } } }, request =>
    inbox.readAll(owner(request, request.params.tenantId)))

  app.post('/v1/tenants/:tenantId/billing/marks/:id/undo', {
    schema: { summary: 'Take back the last marking of all notifications', tags, params: one, response: { 200: inboxCountSchema } },
  }, request => inbox.undoReadAll(owner(request, request.params.tenantId), request.params.id))

  app.post(`${base}/seen`, { schema: { summary: 'Note that the caller saw what is there: it is not sent by e-mail', tags, params: inTenant, response: { 204: z.null() } } }, async (request, reply) => {
    await inbox.see(owner(request, request.params.tenantId))
    return reply.code(204).send(null)
  })

  app.get('/v1/tenants/:tenantId/billing/records', {
    schema: { summary: 'Plan, open invoices, payments, subscriptions and usage as they stand', tags, params: inTenant, response: { 200: billingRecordsSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'billing:read')
    return readRecords(database, request.params.tenantId, now())
  })

  thresholdRoutes(app, services)
  preferenceRoutes(app, services)

  app.post('/v1/tenants/:tenantId/usage', {
    config: { publishes: 'kept' },
    schema: { summary: 'Report how much of a limit is used; each crossed threshold becomes an event', tags, params: inTenant, body: reportUsageSchema, response: { 200: usageReportedSchema } },
  }, request => {
    const { tenantId } = request.params
    const principal = guard(request, tenantId, 'usage:write')
    return reportUsage(services, { ...request.body, tenantId, actor: actorOf(principal), idempotencyKey: idempotencyKeyOf(request) })
  })
}

function thresholdRoutes(app: App, { database, now }: UsageServices): void {
  const url = '/v1/tenants/:tenantId/billing/thresholds'
  app.get(url, { schema: { summary: 'Where usage is worth an alert', tags, params: inTenant, response: { 200: usageThresholdsSchema } } }, request => {
    guard(request, request.params.tenantId, 'billing:read')
    return listLadders(database, request.params.tenantId)
  })
  app.put(url, { schema: { summary: 'Replace the thresholds of usage', tags, params: inTenant, body: putThresholdsSchema, response: { 200: usageThresholdsSchema } } }, async request => {
    const { tenantId } = request.params
    const actor = actorOf(guard(request, tenantId, 'billing:write'))
    await putLadders(database, { tenantId, actor, now: now() }, request.body.thresholds)
    return listLadders(database, tenantId)
  })
}

function preferenceRoutes(app: App, services: BillingServices): void {
  const url = '/v1/tenants/:tenantId/billing/preferences'
  const { hasMail } = services
  app.get(url, { schema: { summary: 'Of what in billing the caller is told, and how', tags, params: inTenant, response: { 200: billingPreferencesSchema } } }, async request =>
    ({ ...await readPreferences(services.database, personOf(request, request.params.tenantId)), hasMail }))
  app.put(url, {
    schema: { summary: 'Choose of what in billing to be told, and how, on every device', tags, params: inTenant, body: putBillingPreferencesSchema, response: { 200: billingPreferencesSchema } },
  }, async request => ({ ...await putPreferences(services, personOf(request, request.params.tenantId), request.body), hasMail }))
}

/** @throws {Problem} `forbidden` for services, and for operators in a tenant: only its own people have an address there */
function personOf(request: FastifyRequest, tenantId: string): InboxOwner {
  const principal = guard(request, tenantId, 'billing:read')
  if (principal.kind !== 'user' || principal.tenantId !== tenantId) throw new Problem('forbidden', { detail: 'Only the tenant\'s own people choose.' })
  return { tenantId, userId: principal.userId, userTenantId: tenantId, actor: actorOf(principal) }
}
