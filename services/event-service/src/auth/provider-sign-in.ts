/**
 * Sign-in through an identity provider: authorization code with PKCE, state and nonce, all bound to the browser that began by a sealed
 * cookie. The answer of the provider opens a session of ours; none of its tokens is kept.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import {
  allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, calculatePKCECodeChallenge, customFetch, discovery, enableNonRepudiationChecks, fetchUserInfo, randomNonce,
  randomPKCECodeVerifier, randomState, type Configuration,
} from 'openid-client'
import * as z from 'zod'
import { Problem } from '../errors.ts'
import { createProviderFetch, toIdentity, type ExternalIdentity, type IdentityProvider } from './providers.ts'

/** How long a sign-in may take at the provider, in milliseconds. */
export const SIGN_IN_MS = 600_000

/** Metadata of a provider are believed so long, in milliseconds. */
const METADATA_MS = 3_600_000

/** A provider through which people can sign in. */
export type SignInProvider = IdentityProvider & { clientId: string }

/** What a browser carries while it is at the provider. */
const pendingSchema = z.strictObject({ provider: z.string(), portal: z.string(), state: z.string(), nonce: z.string(), verifier: z.string(), until: z.number() })
type Pending = z.output<typeof pendingSchema>

/** What sign-in needs. */
export interface ProviderSignInOptions {
  providers: readonly IdentityProvider[]
  /** Where browsers find the service. */
  publicUrl: string
  /** Seals the cookie. */
  secret: string
  now: () => number
}

/** See {@link createProviderSignIn}. */
export interface ProviderSignIn {
  /** Providers that a person may choose from. */
  list: readonly { id: string, name: string }[]
  /** Where to send the browser, and what it has to keep. @throws {Problem} `not_found`, `unavailable` */
  start: (providerId: string, portal: string) => Promise<{ url: string, cookie: string }>
  /** Who came back. @throws {Problem} `invalid_credentials` for whatever does not fit, `unavailable` */
  finish: (providerId: string, url: string, cookie: string) => Promise<{ identity: ExternalIdentity, portal: string }>
}

/** Creates the sign-in through providers. */
export function createProviderSignIn(options: ProviderSignInOptions): ProviderSignIn {
  const { providers, publicUrl, secret, now } = options
  const clients = new Map(providers.flatMap(provider => provider.clientId === undefined ? [] : [[provider.id, createClient({ ...provider, clientId: provider.clientId }, now)] as const]))
  const clientOf = (id: string): Client => {
    const client = clients.get(id)
    if (!client) throw new Problem('not_found', { detail: 'There is no such identity provider.' })
    return client
  }
  const callbackOf = (id: string): string => new URL(`/v1/session/providers/${id}/callback`, publicUrl).href
  return {
    list: [...clients.values()].map(({ provider: { id, name } }) => ({ id, name })),
    start: async (id, portal) => {
      const { provider, configure } = clientOf(id)
      const pending: Pending = { provider: id, portal, state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(), until: now() + SIGN_IN_MS }
      const url = buildAuthorizationUrl(await configure(), {
        redirect_uri: callbackOf(id), scope: provider.scope, state: pending.state, nonce: pending.nonce,
        code_challenge: await calculatePKCECodeChallenge(pending.verifier), code_challenge_method: 'S256',
      })
      return { url: url.href, cookie: seal(pending, secret) }
    },
    finish: async (id, url, cookie) => {
      const { provider, configure } = clientOf(id)
      const pending = unseal(cookie, secret)
      if (pending?.provider !== id || pending.until < now()) throw new Problem('invalid_credentials', { detail: 'The sign-in took too long or began elsewhere; start again.' })
      const search = new URL(url, publicUrl).search
      return { portal: pending.portal, identity: await exchange(await configure(), { provider, pending, callback: new URL(callbackOf(id) + search) }) }
    },
  }
}

interface Client {
  provider: SignInProvider
  configure: () => Promise<Configuration>
}

function createClient(provider: SignInProvider, now: () => number): Client {
  let known: { configuration: Configuration, readAt: number } | undefined
  const configure = async (): Promise<Configuration> => {
    if (known && now() - known.readAt < METADATA_MS) return known.configuration
    try {
      const configuration = await discovery(new URL(provider.issuer), provider.clientId, provider.clientSecret, undefined, {
        [customFetch]: createProviderFetch(provider), timeout: 5,
        execute: [enableNonRepudiationChecks, ...provider.isInternal ? [allowInsecureRequests] : []],
      })
      if (configuration.serverMetadata().issuer !== provider.issuer) throw new TypeError('the metadata are not those of this issuer')
      known = { configuration, readAt: now() }
      return configuration
    } catch (cause) {
      throw new Problem('unavailable', { retryAfter: 5, cause, detail: 'The identity provider does not answer.' })
    }
  }
  return { provider, configure }
}

interface Exchange {
  provider: SignInProvider
  pending: Pending
  callback: URL
}

/** Turns the code into who the person is; the ID token's signature is checked although it comes from the provider itself. */
async function exchange(configuration: Configuration, { provider, pending, callback }: Exchange): Promise<ExternalIdentity> {
  try {
    const tokens = await authorizationCodeGrant(configuration, callback, {
      pkceCodeVerifier: pending.verifier, expectedState: pending.state, expectedNonce: pending.nonce, idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (!claims) throw new TypeError('no claims')
    const info = claims['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
      ? await fetchUserInfo(configuration, tokens.access_token, claims.sub)
      : {}
    return toIdentity(provider, { ...info, ...claims })
  } catch (cause) {
    throw new Problem('invalid_credentials', { cause, detail: 'The identity provider did not vouch for you.' })
  }
}

function seal(pending: Pending, secret: string): string {
  const text = Buffer.from(JSON.stringify(pending)).toString('base64url')
  return `${text}.${macOf(text, secret)}`
}

function unseal(cookie: string, secret: string): Pending | undefined {
  const [text = '', mac = ''] = cookie.split('.')
  const [given, right] = [Buffer.from(mac), Buffer.from(macOf(text, secret))]
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
  return pendingSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
}

/** The secret serves other purposes too: what is sealed for this one fits no other. */
function macOf(text: string, secret: string): string {
  return createHmac('sha256', secret).update(`provider sign-in ${text}`).digest('base64url')
}
