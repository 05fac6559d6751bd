/** The whole installation over HTTP, for operators: its parts, who is connected, channels. */

import * as z from 'zod'
import {
  adminOverviewSchema, connectionListSchema, connectionQuerySchema, liveChannelListSchema, liveChannelQuerySchema, markListSchema, markQuerySchema, PLATFORM_TENANT, slugSchema, type AdminOverview,
} from '@neo-stack/events'
import { askedByOperator } from '../asked.ts'
import { guard, type App } from '../http.ts'
import { listMarks } from './marks.ts'
import { endConnection, listChannels, listConnections, type Connections } from './connections.ts'

const tags = ['admin']

const HOUR_MS = 3_600_000

/** Adds the routes. */
export function operationRoutes(app: App, { readOverview, now, ...services }: Connections & { readOverview: () => Promise<AdminOverview>, now: () => number }): void {
  app.get('/v1/admin/overview', {
    schema: { summary: 'Every part of the installation and why it is as it is, tenants, the pace of events; worst first', tags, response: { 200: adminOverviewSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return readOverview()
  })

  app.get('/v1/admin/marks', {
    schema: { summary: 'When deployments and billing of any tenant happened in a span of time, newest first', tags, querystring: markQuerySchema, response: { 200: markListSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    const { from, to, limit } = request.query
    const end = to === undefined ? now() : Date.parse(to)
    return listMarks(services.database, { from: from === undefined ? end - HOUR_MS : Date.parse(from), to: end, limit })
  })

  app.get('/v1/admin/connections', {
    schema: { summary: 'Who is connected, since when and to what', tags, querystring: connectionQuerySchema, response: { 200: connectionListSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    request.auditedRead = { tenantId: request.query.tenantId ?? PLATFORM_TENANT, permission: 'connections' }
    return listConnections(services, request.query)
  })

  app.delete('/v1/admin/connections/:tenantId/:userId/:client', {
    schema: {
      summary: 'End a connection; its client does not come back by itself', tags,
      params: z.strictObject({ tenantId: slugSchema, userId: z.uuid(), client: z.uuid() }), response: { 204: z.null() },
    },
  }, async (request, reply) => {
    await endConnection(services, askedByOperator(request, request.params.tenantId), request.params)
    return reply.code(204).send(null)
  })

  app.get('/v1/admin/channels', {
    schema: { summary: 'Channels with subscribers, most first', tags, querystring: liveChannelQuerySchema, response: { 200: liveChannelListSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return listChannels(services, request.query)
  })
}
