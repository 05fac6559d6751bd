/** Presence over HTTP. */

import * as z from 'zod'
import { connectionIdSchema, presenceListSchema, setPresenceSchema, slugSchema, userPresenceSchema } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { guard, type App } from '../http.ts'
import type { PresenceService } from './service.ts'

const tags = ['presence']
const inTenant = z.object({ tenantId: slugSchema })
const mine = inTenant.extend({ connectionId: connectionIdSchema })
const path = '/v1/tenants/:tenantId/presence/me/:connectionId'

/** Adds the routes. */
export function presenceRoutes(app: App, database: Database, presence: PresenceService): void {
  app.get('/v1/tenants/:tenantId/presence', {
    schema: { summary: 'Who is here, and who was lately', tags, params: inTenant, response: { 200: presenceListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'presence:read')
    return presence.getPresenceList(request.params.tenantId)
  })

  app.put(path, {
    schema: { summary: 'Say that the caller is here on this connection; at least every 25 s', tags, params: mine, body: setPresenceSchema, response: { 200: userPresenceSchema } },
  }, async request => {
    const { tenantId, connectionId } = request.params
    const { kind, userId } = guard(request, tenantId, 'presence:write')
    if (kind !== 'user') throw new Problem('forbidden', { detail: 'Only people are present.' })
    const userName = presence.nameOf(tenantId, userId) ?? await readName(database, tenantId, userId)
    return presence.updatePresence({ tenantId, userId, connectionId }, userName, request.body)
  })

  app.delete(path, { schema: { summary: 'Say that the caller left on this connection', tags, params: mine } }, async (request, reply) => {
    const { tenantId, connectionId } = request.params
    const { userId } = guard(request, tenantId, 'presence:write')
    presence.setOffline({ tenantId, userId, connectionId })
    return reply.code(204).send()
  })
}

async function readName(database: Database, tenantId: string, userId: string): Promise<string> {
  const row = await database.inTenant(tenantId, tx => tx.selectFrom('users').select('name').where('id', '=', userId).executeTakeFirst())
  return row?.name ?? ''
}
