/** Accounts, keys and sessions of every tenant, for operators. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  accountListSchema, accountSchema, adminCreateApiKeySchema, adminCreateUserSchema, adminListQuerySchema, apiKeyCreatedSchema, apiKeyListSchema, PLATFORM_TENANT,
  sessionListSchema, sessionsEndedSchema, userCreatedSchema,
} from '@neo-stack/events'
import { askedByOperator, toAct, type Asked } from '../asked.ts'
import { Problem } from '../errors.ts'
import { guard, type App } from '../http.ts'
import type { Perform } from '../publish/acts.ts'
import type { Accounts } from './accounts.ts'
import type { ApiKeys } from './api-keys.ts'
import type { Identity } from './authenticate.ts'
import type { OpenSessions } from './session-list.ts'

/** What the routes call. */
export interface AdminRoutes {
  accounts: Accounts
  apiKeys: ApiKeys
  openSessions: OpenSessions
  perform: Perform
  /** Makes a new key sign. @default it cannot be asked for */
  rotateKeys?: (() => Promise<unknown>) | undefined
}

const tags = ['admin']
const oneUser = z.strictObject({ userId: z.uuid() })
const gone = { 204: z.null() }

/** Adds the routes. */
export function adminRoutes(app: App, services: AdminRoutes): void {
  adminUserRoutes(app, services)
  adminKeyRoutes(app, services)
  adminSessionRoutes(app, services)
  rotationRoute(app, services)
}

/** An operator reads what belongs to tenants: that is written down, in the tenant's trail where it is one. */
function guardRead(request: FastifyRequest, { tenantId }: { tenantId?: string | undefined }, what: string): Identity {
  const operator = guard(request, PLATFORM_TENANT, 'admin:*')
  request.auditedRead = { tenantId: tenantId ?? PLATFORM_TENANT, permission: what }
  return operator
}

function adminUserRoutes(app: App, { accounts, openSessions }: AdminRoutes): void {
  app.get('/v1/admin/users', {
    schema: { summary: 'People of every tenant, or of one, by name', tags, querystring: adminListQuerySchema, response: { 200: accountListSchema } },
  }, request => {
    const { tenantId, ...search } = request.query
    guardRead(request, { tenantId }, 'users')
    return accounts.list(tenantId, search)
  })

  app.post('/v1/admin/users', {
    schema: { summary: 'Add a person to a tenant, or an operator; the answer holds a one-time password', tags, body: adminCreateUserSchema, response: { 201: userCreatedSchema } },
  }, async (request, reply) => {
    const { tenantId, ...user } = request.body
    return reply.code(201).header('cache-control', 'no-store').send(await accounts.create(askedByOperator(request, tenantId), user))
  })

  const meant = async (request: FastifyRequest): Promise<[Asked, string]> => {
    const { userId } = request.params as { userId: string }
    const { principal } = askedByOperator(request, PLATFORM_TENANT)
    if (principal.userId === userId) throw new Problem('unprocessable', { detail: 'Nobody does this to their own account: let another operator do it.' })
    return [askedByOperator(request, await accounts.tenantOf(userId)), userId]
  }
  for (const [verb, state] of [['disable', 'disabled'], ['enable', 'active']] as const) {
    app.post(`/v1/admin/users/:userId/${verb}`, {
      schema: { summary: verb === 'disable' ? 'Shut a person out at once' : 'Let a person in again', tags, params: oneUser, response: { 200: accountSchema } },
    }, async request => accounts.setState(...await meant(request), state))
  }
  app.post('/v1/admin/users/:userId/reset-password', {
    schema: { summary: 'Give a person a one-time password; ends their sessions', tags, params: oneUser, response: { 200: userCreatedSchema } },
  }, async (request, reply) => reply.header('cache-control', 'no-store').send(await accounts.resetPassword(...await meant(request))))
  app.delete('/v1/admin/users/:userId/sessions', {
    schema: { summary: 'Sign a person out everywhere', tags, params: oneUser, response: { 200: sessionsEndedSchema } },
  }, async request => openSessions.endAll(...await meant(request)))
}

function adminKeyRoutes(app: App, { apiKeys }: AdminRoutes): void {
  app.get('/v1/admin/api-keys', {
    schema: { summary: 'API keys of every tenant, or of one, newest first', tags, querystring: adminListQuerySchema, response: { 200: apiKeyListSchema } },
  }, request => {
    const { tenantId, ...search } = request.query
    guardRead(request, { tenantId }, 'api-keys')
    return apiKeys.list(tenantId, search)
  })

  app.post('/v1/admin/api-keys', {
    schema: { summary: 'Make an API key of a tenant, or of the operators; the answer holds it, this once', tags, body: adminCreateApiKeySchema, response: { 201: apiKeyCreatedSchema } },
  }, async (request, reply) => {
    const { tenantId, ...key } = request.body
    return reply.code(201).header('cache-control', 'no-store').send(await apiKeys.createAsked(askedByOperator(request, tenantId), key))
  })

  app.delete('/v1/admin/api-keys/:apiKeyId', {
    schema: { summary: 'Revoke an API key at once', tags, params: z.strictObject({ apiKeyId: z.uuid() }), response: gone },
  }, async (request, reply) => {
    const { apiKeyId } = request.params
    guard(request, PLATFORM_TENANT, 'admin:*')
    await apiKeys.revokeAsked(askedByOperator(request, await apiKeys.tenantOf(apiKeyId)), apiKeyId)
    return reply.code(204).send(null)
  })
}

function adminSessionRoutes(app: App, { openSessions }: AdminRoutes): void {
  app.get('/v1/admin/sessions', {
    schema: { summary: 'Open sessions of every tenant, or of one, last used first', tags, querystring: adminListQuerySchema, response: { 200: sessionListSchema } },
  }, request => {
    const { tenantId, ...search } = request.query
    const { sessionId } = guardRead(request, { tenantId }, 'sessions')
    return openSessions.list({ tenantId, current: sessionId }, search)
  })

  app.delete('/v1/admin/sessions/:sessionId', {
    schema: { summary: 'End a session', tags, params: z.strictObject({ sessionId: z.uuid() }), response: gone },
  }, async (request, reply) => {
    const { sessionId } = request.params
    guard(request, PLATFORM_TENANT, 'admin:*')
    const { tenantId, userId } = await openSessions.ownerOf(sessionId)
    await openSessions.end(askedByOperator(request, tenantId), { userId, sessionId })
    return reply.code(204).send(null)
  })
}

function rotationRoute(app: App, { perform, rotateKeys }: AdminRoutes): void {
  app.post('/v1/admin/signing-keys/rotations', {
    schema: { summary: 'Make a new key sign; the one before verifies until its last token has ended', tags, response: gone },
  }, async (request, reply) => {
    const asked = askedByOperator(request, PLATFORM_TENANT)
    if (!rotateKeys) throw new Problem('unprocessable', { detail: 'The signing keys of this process were given to it: rotate them where they are kept.' })
    // Written down first: making a key takes time, which no transaction waits for.
    await perform({ ...toAct(asked), action: 'signing_keys.rotated', target: PLATFORM_TENANT }, { run: () => Promise.resolve() })
    await rotateKeys()
    return reply.code(204).send(null)
  })
}
