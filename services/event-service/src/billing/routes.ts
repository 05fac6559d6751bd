/** The billing inbox and reports of usage over HTTP. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  billingRecordsSchema, inboxCountSchema, inboxVerbs, notificationPageSchema, notificationQuerySchema, reportUsageSchema, slugSchema, usageReportedSchema, type InboxState,
} from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { guard, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import type { WritePath } from '../publish/write-path.ts'
import { createInbox, type InboxOwner } from './inbox.ts'
import { readRecords } from './records.ts'
import { reportUsage } from './usage.ts'

const tags = ['billing']
const inTenant = z.object({ tenantId: slugSchema })
const one = inTenant.extend({ id: z.uuid() })
const base = '/v1/tenants/:tenantId/billing/notifications'

/** What a person can do with one notification: each undoes another. */
const summaries = Object.entries({
  read: 'Mark a notification as read', unread: 'Mark a notification as unread', archived: 'Put a notification away',
} satisfies Record<InboxState, string>) as [InboxState, string][]

/** Adds the routes. */
export function billingRoutes(app: App, { database, writePath }: { database: Database, writePath: WritePath }): void {
  const inbox = createInbox({ database, writePath })
  const owner = (request: FastifyRequest, tenantId: string): InboxOwner => {
    const principal = guard(request, tenantId, 'billing:read')
    return { tenantId, userId: principal.userId, userTenantId: principal.tenantId, actor: actorOf(principal) }
  }

  app.get(base, {
    schema: { summary: 'The caller\'s billing notifications, newest first', tags, params: inTenant, querystring: notificationQuerySchema, response: { 200: notificationPageSchema } },
  }, request => inbox.list(owner(request, request.params.tenantId), request.query))

  for (const [state, summary] of summaries) {
    app.post(`${base}/:id/${inboxVerbs[state]}`, { schema: { summary, tags, params: one, response: { 200: inboxCountSchema } } }, async request =>
      ({ unread: await inbox.mark(owner(request, request.params.tenantId), request.params.id, state) }))
  }

  app.post(`${base}/read-all`, { schema: { summary: 'Mark every notification as read', tags, params: inTenant, response: { 200: inboxCountSchema } } }, async request =>
    ({ unread: await inbox.readAll(owner(request, request.params.tenantId)) }))

  app.get('/v1/tenants/:tenantId/billing/records', {
    schema: { summary: 'Plan, open invoices, payments, subscriptions and usage as they stand', tags, params: inTenant, response: { 200: billingRecordsSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'billing:read')
    return readRecords(database, request.params.tenantId)
  })

  app.post('/v1/tenants/:tenantId/usage', {
    schema: { summary: 'Report how much of a limit is used; each crossed threshold becomes an event', tags, params: inTenant, body: reportUsageSchema, response: { 200: usageReportedSchema } },
  }, request => {
    const { tenantId } = request.params
    const principal = guard(request, tenantId, 'usage:write')
    return reportUsage({ database, writePath }, { ...request.body, tenantId, actor: actorOf(principal) })
  })
}
