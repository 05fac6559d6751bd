/** /v1/realtime: tokens for the socket. A browser gets a token per channel only after the access table let it. */

import { connectionTokenSchema, parseChannel, subscriptionTokensRequestSchema, subscriptionTokensSchema } from '@neo-stack/events'
import { isProblem } from '../errors.ts'
import { principalOf, type App } from '../http.ts'
import type { AuthMiddleware, Identity } from './authenticate.ts'

/** Writes that an operator reads tenants' channels; it is awaited before a token is handed out. */
export type AuditChannels = (operator: Identity, channels: readonly { name: string, tenantId: string }[]) => Promise<void>

/** Adds the token routes. */
export function realtimeRoutes(app: App, auth: AuthMiddleware, audit: AuditChannels): void {
  app.post('/v1/realtime/connection-token', { schema: { summary: 'A token that opens the socket', tags: ['realtime'], response: { 200: connectionTokenSchema } } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    return auth.generateConnectionToken(principalOf(request))
  })

  app.post('/v1/realtime/subscription-tokens', {
    schema: { summary: 'Tokens per channel, or why there is none', tags: ['realtime'], body: subscriptionTokensRequestSchema, response: { 200: subscriptionTokensSchema } },
  }, async (request, reply) => {
    const principal = principalOf(request)
    const names = [...new Set(request.body.channels)]
    await audit(principal, names.flatMap(name => toAudited(auth, principal, name)))
    const tokens = await Promise.all(names.map(async name => [name, await tokenOrError(auth, principal, name)] as const))
    reply.header('cache-control', 'no-store')
    return { tokens: Object.fromEntries(tokens) }
  })
}

function toAudited(auth: AuthMiddleware, principal: Identity, name: string): { name: string, tenantId: string }[] {
  const channel = parseChannel(name)
  if (!channel) return []
  const decision = auth.authorize(principal, channel, 'subscribe')
  return decision.allowed && decision.audited ? [{ name, tenantId: channel.tenantId }] : []
}

async function tokenOrError(auth: AuthMiddleware, principal: Identity, channel: string): Promise<string | { error: { code: string, detail: string } }> {
  try {
    return (await auth.generateSubscriptionToken(principal, channel)).token
  } catch (error) {
    if (isProblem(error, 'forbidden') || isProblem(error, 'not_found')) return { error: { code: error.code, detail: error.message } }
    throw error
  }
}
