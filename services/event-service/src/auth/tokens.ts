/**
 * Signs and verifies the three kinds of token. Each has a `typ` and an audience of its own, so that a token of one purpose opens no
 * other door; engine and Centrifugo check the realtime ones with the same public keys.
 */

import { randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT, type JWTPayload } from 'jose'
import type { Principal } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { createExpiringMap } from './expiring.ts'
import { ALGORITHM, type KeySet } from './keys.ts'

/** What each kind of token carries as `typ` and `aud`. */
export const tokenPurposes = {
  access: { typ: 'at+jwt', audience: 'neo:api' },
  connection: { typ: 'neo-connection+jwt', audience: 'neo:realtime' },
  subscription: { typ: 'neo-subscription+jwt', audience: 'neo:subscription' },
} as const

/** Kind of token. */
export type TokenPurpose = keyof typeof tokenPurposes

/** Issuer of tokens where none is given. */
export const DEFAULT_ISSUER = 'neo-stack'

const LIFETIME_SECONDS = 300
const CACHE_SIZE = 10_000

/** A signed token and its end. */
export interface IssuedToken {
  token: string
  /** ISO 8601 */
  expiresAt: string
}

/** Claims of an access token. */
export interface AccessClaims {
  userId: string
  tenantId: string
  roles: string[]
  sessionId: string
  /** Second since 1970. */
  issuedAt: number
}

/** What tokens are made with. */
export interface TokensOptions {
  keys: KeySet
  /** @default 'neo-stack' */
  issuer?: string
  /** Lifetime in seconds, at most 300. Scale-out takes 60 for realtime tokens. @default 300 */
  realtimeSeconds?: number
  /** The channel that every connection of a session is put on, where realtime finds a session's connections by it. @default none */
  sessionChannel?: (sessionId: string) => string
  now?: () => number
}

/** See {@link createTokens}. */
export interface Tokens {
  signAccess: (claims: Omit<AccessClaims, 'issuedAt'>) => Promise<IssuedToken>
  /** Opens a connection as `{tenantId}/{userId}`; `meta` says of which session, for whoever ends that one alone. */
  signConnection: (principal: Principal & { sessionId?: string }) => Promise<IssuedToken>
  /** Subscribes that user to this channel. The caller has authorized it. */
  signSubscription: (principal: Principal & { sessionId?: string }, channel: string) => Promise<IssuedToken>
  /** @throws {Problem} `unauthenticated` for whatever is not a valid access token */
  verifyAccess: (token: string) => Promise<AccessClaims>
  /** Claims of a valid token of this purpose. @throws {Problem} `unauthenticated` */
  verify: (purpose: TokenPurpose, token: string) => Promise<JWTPayload>
}

/** The user of a connection: what realtime calls `user` and tokens `sub`. */
export function userOf({ tenantId, userId }: Pick<Principal, 'tenantId' | 'userId'>): string {
  return `${tenantId}/${userId}`
}

/** Creates the token maker. */
export function createTokens(options: TokensOptions): Tokens {
  const { now = Date.now, realtimeSeconds = LIFETIME_SECONDS } = options
  const cache = createExpiringMap<JWTPayload>(CACHE_SIZE)
  const sign = createSign(options)
  const verify = async (purpose: TokenPurpose, token: string): Promise<JWTPayload> => {
    const key = `${purpose}:${token}`
    const known = cache.get(key, now())
    if (known) return known
    const claims = await check(options, purpose, token)
    cache.set(key, claims, (claims.exp ?? 0) * 1000)
    return claims
  }
  const realtime = { seconds: Math.min(realtimeSeconds, LIFETIME_SECONDS) }
  return {
    signAccess: ({ sessionId, roles, ...who }) =>
      sign({ purpose: 'access', sub: userOf(who), claims: { roles, sid: sessionId }, seconds: LIFETIME_SECONDS }),
    signConnection: principal => sign({ purpose: 'connection', sub: userOf(principal), claims: connectionClaims(principal, options), ...realtime }),
    signSubscription: (principal, channel) => sign({ purpose: 'subscription', sub: userOf(principal), claims: { channel, meta: { sessionId: principal.sessionId } }, ...realtime }),
    verify,
    verifyAccess: async token => toAccessClaims(await verify('access', token)),
  }
}

function connectionClaims({ kind, sessionId }: Principal & { sessionId?: string }, { sessionChannel }: TokensOptions): JWTPayload {
  return { info: { kind }, meta: { sessionId }, ...sessionChannel && sessionId !== undefined && { channels: [sessionChannel(sessionId)] } }
}

interface Signing {
  purpose: TokenPurpose
  sub: string
  claims: JWTPayload
  seconds: number
}

function createSign({ keys, issuer = DEFAULT_ISSUER, now = Date.now }: TokensOptions): (signing: Signing) => Promise<IssuedToken> {
  return async ({ purpose, sub, claims, seconds }) => {
    const issuedAt = Math.floor(now() / 1000)
    const { typ, audience } = tokenPurposes[purpose]
    const token = await new SignJWT({ ...claims, jti: randomUUID() })
      .setProtectedHeader({ alg: ALGORITHM, typ, kid: keys.signing.kid })
      .setIssuer(issuer).setAudience(audience).setSubject(sub).setIssuedAt(issuedAt).setExpirationTime(issuedAt + seconds)
      .sign(keys.signing.key)
    return { token, expiresAt: new Date((issuedAt + seconds) * 1000).toISOString() }
  }
}

async function check({ keys, issuer = DEFAULT_ISSUER, now = Date.now }: TokensOptions, purpose: TokenPurpose, token: string): Promise<JWTPayload> {
  const { typ, audience } = tokenPurposes[purpose]
  if (!isCanonical(token)) throw new Problem('unauthenticated', { detail: 'The token is not valid or has expired.' })
  try {
    const { payload, protectedHeader } = await jwtVerify(token, ({ kid }) => {
      const key = keys.verifying.get(kid ?? '')
      if (!key) throw new Problem('unauthenticated')
      return key
    }, { issuer, audience, typ, algorithms: [ALGORITHM], requiredClaims: ['sub', 'iat', 'exp'], currentDate: new Date(now()) })
    // Ours have a subject of text and demand nothing of the reader; whatever else was signed is no token of ours.
    if (typeof payload.sub !== 'string' || protectedHeader.crit !== undefined) throw new TypeError('not a token of ours')
    return payload
  } catch (cause) {
    throw new Problem('unauthenticated', { detail: 'The token is not valid or has expired.', cause })
  }
}

/** Decoders ignore the unused bits of a last character: without this a signature has several spellings (RFC 4648, 3.5). */
function isCanonical(token: string): boolean {
  return token.split('.').every(part => Buffer.from(part, 'base64url').toString('base64url') === part)
}

function toAccessClaims({ sub = '', sid, roles, iat }: JWTPayload): AccessClaims {
  const [tenantId, userId] = sub.split('/')
  if (!tenantId || !userId || typeof sid !== 'string' || !Array.isArray(roles) || iat === undefined) throw new Problem('unauthenticated')
  return { tenantId, userId, sessionId: sid, roles: roles.map(String), issuedAt: iat }
}
