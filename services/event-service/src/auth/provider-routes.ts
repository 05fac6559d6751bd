/** Sign-in through an identity provider over HTTP: two redirects. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import { portalSchema, providerListSchema, slugSchema } from '@neo-stack/events'
import { isProblem } from '../errors.ts'
import type { App } from '../http.ts'
import type { Limiter } from '../plugins/limiter.ts'
import type { SessionCookies } from './cookies.ts'
import type { LinkedAccount } from './identities.ts'
import { SIGN_IN_MS, type ProviderSignIn } from './provider-sign-in.ts'
import type { ExternalIdentity } from './providers.ts'
import type { OpenSession } from './sessions.ts'

/** What the routes call. */
export interface ProviderRoutes {
  /** @default nobody can sign in so */
  signIn: ProviderSignIn | undefined
  accountOf: (identity: ExternalIdentity) => Promise<LinkedAccount>
  open: (account: LinkedAccount, from: { portal: string, address: string, userAgent?: string | undefined }) => Promise<OpenSession>
  cookies: SessionCookies
  /** Sign-ins per address. */
  perAddress: Limiter
  isSecure: boolean
}

const tags = ['session']
const params = z.strictObject({ providerId: slugSchema })
const path = '/v1/session/providers'

/** Adds the routes. */
export function providerRoutes(app: App, { signIn, accountOf, open, cookies, perAddress, isSecure }: ProviderRoutes): void {
  app.get(path, { schema: { summary: 'Identity providers to sign in through', tags, response: { 200: providerListSchema } } }, () => ({ providers: [...signIn?.list ?? []] }))
  if (!signIn) return
  // The browser comes back from another site: a strict cookie would not come with it.
  const pending = { path, httpOnly: true, sameSite: 'lax', secure: isSecure } as const
  const nameOf = (providerId: string): string => `neo_provider_${providerId}`

  app.get(`${path}/:providerId/start`, {
    schema: { summary: 'Go to an identity provider to sign in', tags, params, querystring: z.strictObject({ portal: portalSchema }) },
  }, async (request, reply) => {
    await perAddress.take(request.ip)
    const { providerId } = request.params
    const { url, cookie } = await signIn.start(providerId, request.query.portal)
    return reply.header('cache-control', 'no-store').setCookie(nameOf(providerId), cookie, { ...pending, maxAge: SIGN_IN_MS / 1000 }).redirect(url)
  })

  app.get(`${path}/:providerId/callback`, { schema: { hide: true, params } }, async (request, reply) => {
    await perAddress.take(request.ip)
    const { providerId } = request.params
    const cookie = request.cookies[nameOf(providerId)] ?? ''
    reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer').clearCookie(nameOf(providerId), pending)
    try {
      const { identity, portal } = await signIn.finish(providerId, request.url, cookie)
      const opened = await open(await accountOf(identity), { portal, ...from(request) })
      cookies.set(reply, portal, opened)
      return await reply.redirect(portal === 'api' ? '/' : `/${portal}/`, 303)
    } catch (error) {
      if (!isProblem(error, 'invalid_credentials') && !isProblem(error, 'unauthenticated')) throw error
      request.log.info({ err: error.cause }, 'a sign-in through a provider failed')
      throw error
    }
  })
}

function from({ ip, headers }: FastifyRequest): { address: string, userAgent: string | undefined } {
  return { address: ip, userAgent: headers['user-agent'] }
}
