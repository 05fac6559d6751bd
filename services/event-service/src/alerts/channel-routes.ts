/** Channels of alerts and the messages to them, over HTTP: the same for a tenant's and the operators'. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  alertChannelsSchema, alertDeliveriesSchema, channelMadeSchema, deliveryQuerySchema, makeChannelSchema, PLATFORM_TENANT, slugSchema, type AlertDelivery, type Permission,
} from '@neo-stack/events'
import { guard, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import { listChannels, makeChannel, removeChannel, type ChannelOwner, type ChannelParts } from './channels.ts'
import { listDeliveries, redeliver } from './deliveries.ts'

const tags = ['alerts']

/** Adds the routes. */
export function channelRoutes(app: App, parts: ChannelParts): void {
  placeRoutes(app, parts, { base: '/v1/tenants/:tenantId', whose: 'a tenant', params: z.object({ tenantId: slugSchema }), permission: 'alerts:write' })
  placeRoutes(app, parts, { base: '/v1/admin', whose: 'the operators', params: z.object({}), permission: 'admin:*' })
}

function placeRoutes(app: App, parts: ChannelParts, { base, whose, params, permission }: { base: string, whose: string, params: z.ZodObject, permission: Permission }): void {
  const { database, hasMail } = parts
  const one = params.extend({ id: z.uuid() })
  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id
  const ownerOf = (request: FastifyRequest): ChannelOwner => {
    const tenantId = (request.params as { tenantId?: string }).tenantId ?? PLATFORM_TENANT
    const principal = guard(request, tenantId, permission)
    return { tenantId, actor: actorOf(principal), by: principal.userId }
  }
  app.get(`${base}/alert-channels`, { schema: { summary: `Channels that are told of alerts of ${whose}`, tags, params, response: { 200: alertChannelsSchema } } }, async request =>
    ({ channels: await listChannels(database, ownerOf(request).tenantId), hasMail }))
  app.post(`${base}/alert-channels`, { schema: { summary: `Add a channel for alerts of ${whose}; the only time a webhook's secret is shown`, tags, params, body: makeChannelSchema, response: { 201: channelMadeSchema } } }, async (request, reply) =>
    reply.code(201).send(await makeChannel(parts, ownerOf(request), request.body)))
  app.delete(`${base}/alert-channels/:id`, { schema: { summary: `Take a channel of ${whose} away, with what it was not told yet`, tags, params: one, response: { 204: z.null() } } }, async (request, reply) => {
    await removeChannel(parts, ownerOf(request), idOf(request))
    return reply.code(204).send(null)
  })
  app.get(`${base}/alert-deliveries`, { schema: { summary: `Messages to channels of ${whose}, newest first`, tags, params, querystring: deliveryQuerySchema, response: { 200: alertDeliveriesSchema } } }, async request =>
    ({ deliveries: await listDeliveries(database, ownerOf(request).tenantId, (request.query as { state?: AlertDelivery['state'] }).state) }))
  app.post(`${base}/alert-deliveries/:id/redeliver`, { schema: { summary: `Send a message to a channel of ${whose} again`, tags, params: one, body: z.strictObject({}), response: { 204: z.null() } }, config: { isBodyOptional: true } }, async (request, reply) => {
    await redeliver(parts, ownerOf(request), idOf(request))
    return reply.code(204).send(null)
  })
}
