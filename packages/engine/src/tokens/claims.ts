/** What verified claims mean for a connection or subscription. Pure; a claim of the wrong type spoils the token. Source: PROTOCOL 3.4, 6.2. */
import type { Claims } from '../hooks.ts'
import { isJson } from '../json-text.ts'
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
  /** Server-side subscriptions asked for by `channels` or `subs`. */
  readonly channels: readonly string[]
  /** What the application attached to the connection; no client sees it. */
  readonly meta: unknown
}

/** Claims of a subscription token; absent ones are ''. */
export interface SubscriptionGrant extends Grant {
  readonly channel: string
  readonly client: string
}

/** Undefined when the claims are not those of a connection token. */
export function toConnectionGrant(claims: Claims): ConnectionGrant | undefined {
  const grant = toGrant(claims)
  if (!grant || claims.channel !== undefined) return undefined
  const { channels = [], subs = {}, meta } = claims
  if (!Array.isArray(channels) || typeof subs !== 'object' || subs === null) return undefined
  return { ...grant, channels: [...channels.map(String), ...Object.keys(subs)], meta }
}

/** Undefined when a claim has the wrong type. */
export function toSubscriptionGrant(claims: Claims): SubscriptionGrant | undefined {
  const grant = toGrant(claims)
  const { channel = '', client = '' } = claims
  if (!grant || typeof channel !== 'string' || typeof client !== 'string') return undefined
  return { ...grant, channel, client }
}

function toGrant(claims: Claims): Grant | undefined {
  const { sub: user = '', exp = 0, expire_at: expireAt = exp, info, b64info = '' } = claims
  if (typeof user !== 'string' || typeof expireAt !== 'number' || typeof b64info !== 'string') return undefined
  return { user, expireAt, info: b64info ? decodeInfo(b64info) : info === undefined ? undefined : JSON.stringify(info) }
}

/** Info that is no JSON would break every frame it stands in, so it is left out. */
function decodeInfo(base64: string): Json | undefined {
  const text = Buffer.from(base64, 'base64').toString()
  return isJson(text) ? oneLine(text) : undefined
}
