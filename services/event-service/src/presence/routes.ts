/** Presence over HTTP. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  connectionIdSchema, presenceListSchema, presenceSettingsSchema, setPresenceSchema, setPresenceSettingsSchema, slugSchema, userPresenceSchema,
} from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { guard, type App } from '../http.ts'
import type { PresenceService } from './service.ts'
import type { PresenceSettingsStore } from './settings.ts'
import type { UserKey } from './store.ts'

const tags = ['presence']
const inTenant = z.object({ tenantId: slugSchema })
const mine = inTenant.extend({ connectionId: connectionIdSchema })
const path = '/v1/tenants/:tenantId/presence'

/** Adds the routes. */
export function presenceRoutes(app: App, presence: PresenceService, settings: PresenceSettingsStore): void {
  app.get(path, {
    schema: { summary: 'Who is here, and who was lately', tags, params: inTenant, response: { 200: presenceListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'presence:read')
    return presence.getPresenceList(request.params.tenantId)
  })
  connectionRoutes(app, presence, settings)
  settingsRoutes(app, presence, settings)
}

function connectionRoutes(app: App, presence: PresenceService, settings: PresenceSettingsStore): void {
  app.put(`${path}/me/:connectionId`, {
    config: { publishes: 'live' },
    schema: { summary: 'Say that the caller is here on this connection; at least every 25 s', tags, params: mine, body: setPresenceSchema, response: { 200: userPresenceSchema } },
  }, request => {
    const key = personOf(request, request.params.tenantId)
    return presence.updatePresence({ ...key, connectionId: request.params.connectionId }, () => settings.readPerson(key), request.body)
  })

  app.delete(`${path}/me/:connectionId`, { schema: { summary: 'Say that the caller left on this connection', tags, params: mine } }, async (request, reply) => {
    await presence.setOffline({ ...personOf(request, request.params.tenantId), connectionId: request.params.connectionId })
    return reply.code(204).send()
  })
}

function settingsRoutes(app: App, presence: PresenceService, settings: PresenceSettingsStore): void {
  app.get(`${path}/me`, {
    schema: { summary: 'What the caller says of their presence on every device', tags, params: inTenant, response: { 200: presenceSettingsSchema } },
  }, request => settings.read(personOf(request, request.params.tenantId)))

  app.put(`${path}/me`, {
    schema: { summary: 'Be busy, or hide when the caller was seen last, on every device', tags, params: inTenant, body: setPresenceSettingsSchema, response: { 200: presenceSettingsSchema } },
  }, async request => {
    const key = personOf(request, request.params.tenantId)
    const written = await settings.write(key, request.body)
    await presence.setPerson(key, await settings.readPerson(key))
    return written
  })
}

/** @throws {Problem} `forbidden` for a service: only people are present */
function personOf(request: FastifyRequest, tenantId: string): UserKey {
  const { kind, userId } = guard(request, tenantId, 'presence:write')
  if (kind !== 'user') throw new Problem('forbidden', { detail: 'Only people are present.' })
  return { tenantId, userId }
}
