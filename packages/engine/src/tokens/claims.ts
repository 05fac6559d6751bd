/** What verified claims mean for a connection or subscription. Pure; a claim of the wrong type spoils the token. Source: PROTOCOL 3.4, 6.2. */
import type { TokenMark } from '../denials.ts'
import type { Claims } from '../hooks.ts'
import type { SubscribeOverride } from '../hook-shapes.ts'
import { isJson } from '../json-text.ts'
import { toOverride } from '../overrides.ts'
import { oneLine } from '../publication.ts'
import type { Json } from '../publication.ts'

/** What both kinds of token say. */
export interface Grant {
  readonly user: string
  readonly info: Json | undefined
  /** Second of expiry since 1970; 0: never. */
  readonly expireAt: number
}

/** Claims of a connection token. */
export interface ConnectionGrant extends Grant {
  /** Server-side subscriptions by channel, from `subs` or, without those, `channels`. */
  readonly subs: ReadonlyMap<string, TokenSubscription>
  /** What the application attached to the connection; no client sees it. */
  readonly meta: unknown
}

/** What a token says of a subscription. */
export interface TokenSubscription {
  readonly info: Json | undefined
  readonly data: Json | undefined
  readonly override: SubscribeOverride
}

/** Claims of a subscription token; absent ones are ''. */
export interface SubscriptionGrant extends Grant, TokenSubscription {
  readonly channel: string
  readonly client: string
}

/** What revocations name of a token; a claim of another type names nothing. */
export function toMark({ jti, sid, iat }: Claims, user: string): TokenMark {
  return {
    user,
    tokenId: typeof jti === 'string' ? jti : undefined,
    session: typeof sid === 'string' ? sid : undefined,
    issuedAt: typeof iat === 'number' ? iat : undefined,
  }
}

/** Undefined when the claims are not those of a connection token. */
export function toConnectionGrant(claims: Claims, userIdClaim = 'sub'): ConnectionGrant | undefined {
  const grant = toGrant(claims)
  const user = toUser(claims, userIdClaim)
  const subs = toSubscriptions(claims)
  if (!grant || user === undefined || !subs || claims.channel !== undefined) return undefined
  return { ...grant, user, subs, meta: claims.meta }
}

/** Undefined when a claim has the wrong type. */
export function toSubscriptionGrant(claims: Claims): SubscriptionGrant | undefined {
  const grant = toGrant(claims)
  const said = toTokenSubscription(claims)
  const { channel = '', client = '' } = claims
  if (!grant || !said || typeof channel !== 'string' || typeof client !== 'string') return undefined
  return { ...grant, ...said, channel, client }
}

/** `sub` must be text; a claim of the application's choice may be a number. */
function toUser(claims: Claims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : ''
  if (typeof value === 'string') return value
  return name !== 'sub' && typeof value === 'number' ? String(value) : undefined
}

function toSubscriptions({ channels = [], subs = {} }: Claims): ReadonlyMap<string, TokenSubscription> | undefined {
  if (!Array.isArray(channels) || !isMembers(subs)) return undefined
  const entries = Object.entries(subs)
  if (entries.length === 0) return toPlain(channels)
  const result = new Map<string, TokenSubscription>()
  for (const [channel, given] of entries) {
    const said = isMembers(given) ? toTokenSubscription(given) : undefined
    if (!said) return undefined
    result.set(channel, said)
  }
  return result
}

function toPlain(channels: readonly unknown[]): ReadonlyMap<string, TokenSubscription> | undefined {
  if (!channels.every(channel => typeof channel === 'string')) return undefined
  return new Map(channels.map(channel => [channel, { info: undefined, data: undefined, override: {} }]))
}

function toTokenSubscription({ info, b64info, data, b64data, override }: Claims): TokenSubscription | undefined {
  if (!isBase64(b64info) || !isBase64(b64data)) return undefined
  return { info: toPayload(info, b64info), data: toPayload(data, b64data), override: toOverride(override) }
}

function toGrant(claims: Claims): Grant | undefined {
  const { sub: user = '', exp = 0, expire_at: expireAt = exp, info, b64info } = claims
  if (typeof user !== 'string' || typeof expireAt !== 'number' || !isBase64(b64info)) return undefined
  return { user, expireAt: Math.max(0, expireAt), info: toPayload(info, b64info) }
}

const isBase64 = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'

const isMembers = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Bytes that are no JSON would break every frame they stand in, so they are left out. */
function toPayload(value: unknown, base64 = ''): Json | undefined {
  if (base64 === '') return value === undefined ? undefined : JSON.stringify(value)
  const text = Buffer.from(base64, 'base64').toString()
  return isJson(text) ? oneLine(text) : undefined
}
