/** The cookies of a portal's session: the refresh token, which scripts cannot see, and beside it one without a secret. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { signedInCookie } from '@neo-stack/events'
import { SESSION_MS, type OpenSession } from './sessions.ts'

/** See {@link createCookies}. */
export interface SessionCookies {
  read: (request: FastifyRequest, portal: string) => string | undefined
  /** Sets them. */
  set: (reply: FastifyReply, portal: string, opened: OpenSession) => void
  /** Sets them and returns what the answer says. */
  give: (reply: FastifyReply, portal: string, opened: OpenSession) => OpenSession['session']
  clear: (reply: FastifyReply, portal: string) => void
}

/**
 * Beside each refresh cookie stands one that tells the page there is a session to take up.
 * They travel over TLS only where the public URL is https, and below its path.
 */
export function createCookies(publicUrl?: string): SessionCookies {
  const isSecure = publicUrl?.startsWith('https:') ?? false
  const base = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')
  const nameOf = (portal: string): string => `neo_refresh_${portal}`
  const options = { path: `${base}/v1/session`, httpOnly: true, sameSite: 'strict', secure: isSecure } as const
  const hint = { path: `${base}/`, sameSite: 'strict', secure: isSecure } as const
  const maxAge = SESSION_MS / 1000
  const set: SessionCookies['set'] = (reply, portal, { refreshToken }) => {
    reply.header('cache-control', 'no-store').setCookie(nameOf(portal), refreshToken, { ...options, maxAge }).setCookie(signedInCookie(portal), '1', { ...hint, maxAge })
  }
  return {
    set,
    read: (request, portal) => request.cookies[nameOf(portal)],
    give: (reply, portal, opened) => {
      set(reply, portal, opened)
      return opened.session
    },
    clear: (reply, portal) => { reply.header('cache-control', 'no-store').clearCookie(nameOf(portal), options).clearCookie(signedInCookie(portal), hint) },
  }
}
