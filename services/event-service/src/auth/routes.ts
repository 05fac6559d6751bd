/** /v1/session: sign-in, who am I, refresh, sign-out; and the public keys. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import { refreshSchema, sessionSchema, signInSchema, whoAmISchema } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { principalOf, sayRate, type App } from '../http.ts'
import type { Limiter } from '../plugins/limiter.ts'
import type { SessionCookies } from './cookies.ts'
import type { KeySet } from './keys.ts'
import type { OriginCheck } from './origin.ts'
import type { Sessions } from './sessions.ts'

/** What the routes call. */
export interface SessionRoutes {
  sessions: Sessions
  isOurOrigin: OriginCheck
  cookies: SessionCookies
  /** The limit on sign-ins from one address. */
  perAddress: Pick<Limiter, 'look'>
}

/** A refresh or sign-out must not fail for the access token that has just expired. */
const config = { isBearerOptional: true }
/** The body names the portal and may be left out. */
const withoutBody = { ...config, isBodyOptional: true }

/** Adds the session routes. */
export function sessionRoutes(app: App, { sessions, isOurOrigin, cookies, perAddress }: SessionRoutes): void {
  const checkOrigin = (request: FastifyRequest): void => {
    if (!isOurOrigin(request.headers)) throw new Problem('origin_not_allowed')
  }

  app.post('/v1/session', { config, schema: { summary: 'Sign in', tags: ['session'], body: signInSchema, response: { 200: sessionSchema } } }, async (request, reply) => {
    checkOrigin(request)
    const { portal } = request.body
    const opened = await sessions.signIn({ ...request.body, address: request.ip, userAgent: request.headers['user-agent'] })
      // What the limit says is said beside the answer: that it could not be asked changes nothing about the answer.
      .finally(() => perAddress.look(request.ip).then(state => { sayRate(reply, state) }, () => undefined))
    const former = cookies.read(request, portal)
    // One session per portal and browser: the one before ends.
    if (former !== undefined) await sessions.signOut(former, 'replaced by a new sign-in')
    return cookies.give(reply, portal, opened)
  })

  app.post('/v1/session/refresh', { config: withoutBody, schema: { summary: 'Get a new access token by the refresh cookie', tags: ['session'], body: refreshSchema, response: { 200: sessionSchema } } }, async (request, reply) => {
    checkOrigin(request)
    const { portal } = request.body
    const token = cookies.read(request, portal)
    try {
      if (token === undefined) throw new Problem('session_expired')
      return cookies.give(reply, portal, await sessions.refresh(token, portal))
    } catch (error) {
      if (error instanceof Problem && error.code === 'session_expired') cookies.clear(reply, portal)
      throw error
    }
  })

  app.delete('/v1/session', { config: withoutBody, schema: { summary: 'Sign out', tags: ['session'], body: refreshSchema, response: { 204: z.null() } } }, async (request, reply) => {
    checkOrigin(request)
    const { portal } = request.body
    const token = cookies.read(request, portal)
    if (request.principal) await sessions.end(request.principal, 'signed out')
    if (token !== undefined) await sessions.signOut(token, 'signed out')
    if (!request.principal && token === undefined) throw new Problem('unauthenticated')
    cookies.clear(reply, portal)
    return reply.code(204).send(null)
  })

  app.get('/v1/session', { schema: { summary: 'Who am I', tags: ['session'], response: { 200: whoAmISchema } } }, async request =>
    ({ user: await sessions.whoAmI(principalOf(request)) }))
}

/** Adds the address where engine, Centrifugo and others find the public keys. */
export function jwksRoute(app: App, keys: KeySet): void {
  app.get('/.well-known/jwks.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').type('application/json').send(JSON.stringify(keys.jwks)))
}
