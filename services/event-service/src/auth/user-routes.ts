/** People of a tenant over HTTP: managed by its owner; everybody manages their own password and sessions. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  accountListSchema, accountSchema, changePasswordSchema, createUserSchema, listQuerySchema, putRolesSchema, sessionListSchema, sessionsEndedSchema, slugSchema,
  userCreatedSchema, userPathSchema,
} from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { guard, principalOf, type App } from '../http.ts'
import type { Accounts } from './accounts.ts'
import { askedBySelf, askedIn, type Asked } from '../asked.ts'
import type { OpenSessions } from './session-list.ts'

/** What the routes call. */
export interface UserRoutes {
  accounts: Accounts
  openSessions: OpenSessions
}

const tags = ['users']
const inTenant = z.strictObject({ tenantId: slugSchema })
const gone = { 204: z.null() }

/** Adds the routes. */
export function userRoutes(app: App, services: UserRoutes): void {
  accountRoutes(app, services)
  stateRoutes(app, services)
  sessionRoutes(app, services)
}

function accountRoutes(app: App, { accounts }: UserRoutes): void {
  app.get('/v1/tenants/:tenantId/users', {
    schema: { summary: 'People of a tenant, by name', tags, params: inTenant, querystring: listQuerySchema, response: { 200: accountListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'users:write')
    return accounts.list(request.params.tenantId, request.query)
  })

  app.post('/v1/tenants/:tenantId/users', {
    schema: { summary: 'Add a person; the answer holds a one-time password', tags, params: inTenant, body: createUserSchema, response: { 201: userCreatedSchema } },
  }, async (request, reply) => {
    const created = await accounts.create(askedIn(request, request.params.tenantId, 'users:write'), request.body)
    return reply.code(201).header('cache-control', 'no-store').send(created)
  })

  app.delete('/v1/tenants/:tenantId/users/:userId', { schema: { summary: 'Remove a person', tags, params: userPathSchema, response: gone } }, async (request, reply) => {
    await accounts.remove(...named(request, request.params))
    return reply.code(204).send(null)
  })
}

function stateRoutes(app: App, { accounts }: UserRoutes): void {
  app.put('/v1/tenants/:tenantId/users/:userId/roles', {
    schema: { summary: 'Give a person these roles in place of others; ends their sessions', tags, params: userPathSchema, body: putRolesSchema, response: { 200: accountSchema } },
  }, request => accounts.putRoles(...named(request, request.params), request.body.roles))

  for (const [verb, state] of [['disable', 'disabled'], ['enable', 'active']] as const) {
    app.post(`/v1/tenants/:tenantId/users/:userId/${verb}`, {
      schema: { summary: verb === 'disable' ? 'Shut a person out at once' : 'Let a person in again', tags, params: userPathSchema, response: { 200: accountSchema } },
    }, request => accounts.setState(...named(request, request.params as { tenantId: string, userId: string }), state))
  }

  app.post('/v1/tenants/:tenantId/users/:userId/reset-password', {
    schema: { summary: 'Give a person a one-time password; ends their sessions', tags, params: userPathSchema, response: { 200: userCreatedSchema } },
  }, async (request, reply) => reply.header('cache-control', 'no-store').send(await accounts.resetPassword(...named(request, request.params))))

  app.post('/v1/tenants/:tenantId/users/me/password', {
    schema: { summary: 'Change the caller\'s password; ends the other sessions', tags, params: inTenant, body: changePasswordSchema, response: gone },
  }, async (request, reply) => {
    await accounts.changePassword(askedBySelf(request, request.params.tenantId), request.body)
    return reply.code(204).send(null)
  })
}

const oneSession = userPathSchema.extend({ sessionId: z.uuid() })

function sessionRoutes(app: App, { openSessions }: UserRoutes): void {
  app.get('/v1/tenants/:tenantId/users/:userId/sessions', {
    schema: { summary: 'Open sessions of a person, last used first', tags, params: userPathSchema, querystring: listQuerySchema.omit({ q: true }), response: { 200: sessionListSchema } },
  }, request => {
    const [{ tenantId, principal: { sessionId } }, userId] = meant(request, request.params)
    return openSessions.list({ tenantId, userId, current: sessionId }, request.query)
  })

  app.delete('/v1/tenants/:tenantId/users/:userId/sessions/:sessionId', { schema: { summary: 'End a session', tags, params: oneSession, response: gone } }, async (request, reply) => {
    const [asked, userId] = meant(request, request.params)
    await openSessions.end(asked, { userId, sessionId: request.params.sessionId })
    return reply.code(204).send(null)
  })

  app.delete('/v1/tenants/:tenantId/users/:userId/sessions', {
    schema: { summary: 'Sign a person out everywhere', tags, params: userPathSchema, response: { 200: sessionsEndedSchema } },
  }, request => openSessions.endAll(...meant(request, request.params)))
}

interface UserParams {
  tenantId: string
  userId: string
}

/** Another person, by an owner. @throws {Problem} `unprocessable` for oneself: whoever shuts themselves out can't undo it */
function named(request: FastifyRequest, { tenantId, userId }: UserParams): [Asked, string] {
  const asked = askedIn(request, tenantId, 'users:write')
  if (userId === 'me' || userId === asked.principal.userId) throw new Problem('unprocessable', { detail: 'Nobody does this to their own account: let another owner do it.' })
  return [asked, userId]
}

/** Oneself, or another person by an owner. */
function meant(request: FastifyRequest, { tenantId, userId }: UserParams): [Asked, string] {
  const { userId: own, kind } = principalOf(request)
  const isSelf = userId === 'me' || kind === 'user' && userId === own
  return isSelf ? [askedBySelf(request, tenantId), own] : [askedIn(request, tenantId, 'users:write'), userId]
}
