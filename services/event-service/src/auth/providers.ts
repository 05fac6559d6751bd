/**
 * Identity providers (OpenID Connect) that the installation trusts: each issuer belongs to one tenant, with its own audience, algorithms
 * and keys. What a token claims chooses nothing but the entry of this list; nothing is asked of anybody the list does not name.
 */

import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import * as z from 'zod'
import { PLATFORM_TENANT, rolePermissions, slugSchema, type Role } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { createGuardedFetch, OutboundError } from '../outbound/guarded-fetch.ts'

/** Signatures that a provider may use; symmetric ones and none never. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

const roleSchema = z.enum(Object.keys(rolePermissions) as [Role, ...Role[]]).refine(role => role !== 'admin', 'operators are not made by a provider')

/** One provider as the configuration names it. */
export interface IdentityProvider {
  /** Its name in addresses. */
  id: string
  /** Its name for people. */
  name: string
  /** Exactly the `iss` of its tokens; where its metadata stands, too. */
  issuer: string
  /** The tenant that its people belong to. */
  tenantId: string
  /** `aud` of access tokens that open the API. @default such tokens open nothing */
  audience?: string | undefined
  /** Signatures it may use. @default RS256, PS256, ES256, EdDSA */
  algorithms: string[]
  /** Where its keys are. @default as its metadata say */
  jwksUrl?: string | undefined
  /** Roles of people who come for the first time. @default viewer */
  roles: Role[]
  /** People can sign in through it; the secret is missing for a public client. @default they can't */
  clientId?: string | undefined
  clientSecret?: string | undefined
  /** @default 'openid profile email' */
  scope: string
  /** It stands in a private network or speaks plain http: addresses are not judged. @default false */
  isInternal: boolean
}

const identityProviderSchema = z.strictObject({
  id: slugSchema, name: z.string().min(1).max(80), issuer: z.url(),
  tenantId: slugSchema.refine(tenant => tenant !== PLATFORM_TENANT, 'operators are not made by a provider'),
  audience: z.string().min(1).optional(), algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']), jwksUrl: z.url().optional(),
  roles: z.array(roleSchema).min(1).default(['viewer']), clientId: z.string().min(1).optional(), clientSecret: z.string().min(1).optional(),
  scope: z.string().default('openid profile email'), isInternal: z.boolean().default(false),
}).refine(({ clientId, audience }) => clientId !== undefined || audience !== undefined, { path: ['clientId'], message: 'clientId, audience or both: with neither the provider is of no use' })

/** All of them; an issuer and an id occur once. */
export const identityProvidersSchema: z.ZodType<IdentityProvider[]> = z.array(identityProviderSchema).superRefine((providers, context) => {
  for (const [index, { id, issuer }] of providers.entries()) {
    if (providers.findIndex(one => one.id === id) !== index) context.addIssue({ code: 'custom', path: [index, 'id'], message: 'names a provider for the second time' })
    if (providers.findIndex(one => one.issuer === issuer) !== index) context.addIssue({ code: 'custom', path: [index, 'issuer'], message: 'belongs to another tenant already' })
  }
})

/** A person as a provider names them. */
export interface ExternalIdentity {
  provider: IdentityProvider
  subject: string
  email?: string
  isEmailVerified: boolean
  name?: string
  /** Seconds since 1970. */
  issuedAt: number
  expiresAt: number
}

/** See {@link createExternalTokens}. */
export interface ExternalTokens {
  /** Whether a token names an issuer of the list; nothing it says is believed yet. */
  isOurs: (token: string) => boolean
  /** @throws {Problem} `unauthenticated`; `unavailable` when the keys cannot be had */
  verify: (token: string) => Promise<ExternalIdentity>
}

/** Keys are asked for again after this long; an unknown `kid` asks at most this often. Milliseconds. */
const KEYS_MS = 600_000
const COOLDOWN_MS = 30_000
const MAX_TOKEN = 8192

/** What the libraries ask of a fetch. */
export type ProviderFetch = (url: string, options: { method?: string, headers?: Headers | Record<string, string>, body?: unknown, signal?: AbortSignal | undefined }) => Promise<Response>

/** A fetch that reaches what this provider may be asked at. */
export function createProviderFetch({ isInternal }: Pick<IdentityProvider, 'isInternal'>): ProviderFetch {
  const guarded = createGuardedFetch(isInternal ? { protocols: ['https:', 'http:'], isAllowed: () => true, isHostAllowed: () => true, ports: 'any' } : {})
  return async (url, { method = 'GET', headers, body, signal }) => {
    const answer = await guarded({
      url, method: method === 'POST' ? 'POST' : 'GET', headers: Object.fromEntries(new Headers(headers)), ...signal && { signal },
      ...body !== undefined && body !== null && { body: String(body as URLSearchParams | string) },
    })
    const kept = Object.entries(answer.headers).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)] as [string, string]])
    return new Response(answer.status === 204 ? null : answer.body, { status: answer.status, headers: kept })
  }
}

/** Creates the verifier of providers' access tokens. Each issuer has keys and a cache of its own: equal `kid`s never meet. */
export function createExternalTokens({ providers, now = Date.now }: { providers: readonly IdentityProvider[], now?: () => number }): ExternalTokens {
  const verifiers = new Map(providers.filter(({ audience }) => audience !== undefined).map(provider => [provider.issuer, { provider, keys: createKeys(provider, now) }]))
  return {
    isOurs: token => verifiers.has(issuerOf(token) ?? ''),
    verify: async token => {
      const verifier = verifiers.get(issuerOf(token) ?? '')
      if (!verifier) throw refused()
      const { provider, keys } = verifier
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
          issuer: provider.issuer, audience: provider.audience ?? [], algorithms: provider.algorithms, requiredClaims: ['sub', 'iat', 'exp'], currentDate: new Date(now()),
        })
        if (protectedHeader.crit !== undefined) throw refused()
        return toIdentity(provider, payload)
      } catch (cause) {
        if (cause instanceof Problem) throw cause
        if (cause instanceof OutboundError) throw new Problem('unavailable', { retryAfter: 5, cause, detail: 'The identity provider does not answer.' })
        throw refused(cause)
      }
    },
  }
}

/** What the claims say of a person. @throws {Problem} `unauthenticated` for a subject that is no text of reasonable length */
export function toIdentity(provider: IdentityProvider, { sub, iat, exp, email, email_verified: isVerified, name, preferred_username: username }: JWTPayload): ExternalIdentity {
  if (typeof sub !== 'string' || sub === '' || sub.length > 255 || typeof iat !== 'number' || typeof exp !== 'number') throw refused()
  const shown = [name, username].find(text => typeof text === 'string' && text.trim() !== '')
  return {
    provider, subject: sub, issuedAt: iat, expiresAt: exp, isEmailVerified: isVerified === true,
    ...typeof email === 'string' && z.email().max(254).safeParse(email).success && { email: email.toLowerCase() },
    ...typeof shown === 'string' && { name: shown.trim().slice(0, 120) },
  }
}

/** Finds the keys once, where the metadata say, and asks again for them as jose does. */
function createKeys(provider: IdentityProvider, now: () => number): JWTVerifyGetKey {
  const fetch = createProviderFetch(provider)
  let found: { keys: JWTVerifyGetKey } | undefined
  let failedAt = -Infinity
  let searching: Promise<JWTVerifyGetKey> | undefined
  const find = async (): Promise<JWTVerifyGetKey> => {
    if (now() - failedAt < COOLDOWN_MS / 10) throw new OutboundError('failed', 'the provider did not answer a moment ago')
    try {
      const url = provider.jwksUrl ?? await discoverKeys(provider, fetch)
      const keys = createRemoteJWKSet(new URL(url), { [customFetch]: fetch, cooldownDuration: COOLDOWN_MS, cacheMaxAge: KEYS_MS })
      found = { keys }
      return keys
    } catch (error) {
      failedAt = now()
      throw error
    }
  }
  return async (header, token) => {
    const keys = found?.keys ?? await (searching ??= find().finally(() => { searching = undefined }))
    return keys(header, token)
  }
}

async function discoverKeys({ issuer }: IdentityProvider, fetch: ProviderFetch): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {})
  const metadata = z.object({ issuer: z.literal(issuer), jwks_uri: z.url() }).safeParse(response.status === 200 ? await response.json() : undefined)
  if (!metadata.success) throw new OutboundError('failed', 'the provider\'s metadata are not those of this issuer', { cause: metadata.error })
  return metadata.data.jwks_uri
}

function issuerOf(token: string): string | undefined {
  if (token.length > MAX_TOKEN) return undefined
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

const refused = (cause?: unknown): Problem => new Problem('unauthenticated', { detail: 'The token is not valid or has expired.', cause })
