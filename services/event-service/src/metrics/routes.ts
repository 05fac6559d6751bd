/** Metrics and alerts over HTTP. */

import * as z from 'zod'
import {
  formatChannel, metricsLeaseSchema, metricsQuerySchema, metricsSeriesSchema, PLATFORM_TENANT, publishedBatchSchema, publishedSchema, pushMetricsSchema, raiseAlertSchema, slugSchema,
} from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { guard, idempotencyKeyOf, principalOf, type App } from '../http.ts'
import { publishAs, publishCommand } from '../publish/publish.ts'
import type { WritePath } from '../publish/write-path.ts'
import { renewLease } from './leases.ts'
import { readSeries } from './series.ts'

/** What these routes need. */
export interface MetricsRoutes {
  database: Database
  writePath: WritePath
  now: () => number
}

const inTenant = z.object({ tenantId: slugSchema })
const tags = ['metrics']

/** Adds the routes. */
export function metricsRoutes(app: App, { database, writePath, now }: MetricsRoutes): void {
  app.get('/v1/admin/metrics', {
    schema: { summary: 'Samples of the host', tags, querystring: metricsQuerySchema, response: { 200: metricsSeriesSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return readSeries(database, PLATFORM_TENANT, request.query, now())
  })

  app.get('/v1/tenants/:tenantId/metrics', {
    schema: { summary: 'Samples of a tenant', tags, params: inTenant, querystring: metricsQuerySchema, response: { 200: metricsSeriesSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'metrics:read')
    return readSeries(database, request.params.tenantId, request.query, now())
  })

  app.put('/v1/admin/metrics/lease', {
    schema: { summary: 'Keep the host sampled each second, for 20 s', tags, response: { 200: metricsLeaseSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return renewLease(database, PLATFORM_TENANT, now())
  })

  app.put('/v1/tenants/:tenantId/metrics/lease', {
    schema: { summary: 'Keep a tenant sampled each second, for 20 s', tags, params: inTenant, response: { 200: metricsLeaseSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'metrics:read')
    return renewLease(database, request.params.tenantId, now())
  })

  app.post('/v1/tenants/:tenantId/metrics', {
    config: { publishes: 'live' },
    schema: { summary: 'Push samples of a tenant', tags, params: inTenant, body: pushMetricsSchema, response: { 201: publishedBatchSchema } },
  }, async (request, reply) => {
    const principal = guard(request, request.params.tenantId, 'metrics:write')
    const samples = 'samples' in request.body ? request.body.samples : [request.body]
    const channel = formatChannel('metrics', request.params)
    const key = idempotencyKeyOf(request)
    const events = await publishAs(writePath, principal, {
      events: samples.map(data => ({ channel, type: 'metrics_update', data })), ...key !== undefined && { idempotencyKey: key },
    })
    return reply.code(201).send({ events })
  })

  app.post('/v1/alerts', {
    config: { publishes: 'kept' },
    schema: { summary: 'Raise an alert for a tenant, or for the operators', tags: ['alerts'], body: raiseAlertSchema, response: { 201: publishedSchema } },
  }, async (request, reply) => {
    const { tenantId, idempotencyKey, ...data } = request.body
    const principal = principalOf(request)
    if (tenantId !== null && !slugSchema.safeParse(tenantId).success) throw new Problem('invalid_request', { errors: [{ path: 'tenantId', message: 'is no tenant' }] })
    const channel = tenantId === null ? formatChannel('admin-alerts') : formatChannel('alerts', { tenantId })
    const key = idempotencyKeyOf(request, idempotencyKey)
    const act = { action: 'alert.raised', target: channel, detail: { severity: data.severity } }
    return reply.code(201).send(await publishCommand(writePath, principal, { event: { channel, type: 'alert', data }, act, idempotencyKey: key }))
  })
}
