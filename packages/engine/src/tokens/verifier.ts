/**
 * Checks signature, time, audience and issuer of a JWT. The algorithm in the header only chooses between the configured kinds of
 * key, each with its own list: a public key can't be used as a secret, and `none` is no algorithm.
 */
import { isUtf8 } from 'node:buffer'
import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { UnsecuredJWT, createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, ProtectedHeaderParameters } from 'jose'
import { createTokenCache } from './cache.ts'
import { createSign, isSame } from './hmac.ts'
import type { Sign } from './hmac.ts'
import type { Claims } from '../hooks.ts'
import type { JwksSource, TokenOptions } from '../options.ts'

/** Claims of a good token, or why there are none. `unavailable`: the keys could not be had, the token may be good. */
export type Verified = { readonly claims: Claims } | { readonly fault: 'expired' | 'invalid' | 'unavailable' }

/** Checks tokens of one kind. */
export interface TokenVerifier {
  verify(token: string): Verified | Promise<Verified>
}

/** What a verifier needs besides its options. */
export interface VerifierContext {
  now(): number
  onFault(error: unknown): void
}

const SECRET_ALGORITHMS = new Set(['HS256', 'HS384', 'HS512'])
const PUBLIC_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const JWKS_TIMEOUT_MS = 1_000
const JWKS_MAX_AGE_MS = 3_600_000
const CACHE_SIZE = 10_000

type Check = (token: string, options: JWTVerifyOptions) => Promise<JWTPayload>

/** A verifier; without options every token is invalid. */
export function createTokenVerifier(options: TokenOptions | undefined, { now, onFault }: VerifierContext): TokenVerifier {
  if (!options) return { verify: () => ({ fault: 'invalid' }) }
  const cache = createTokenCache(options.cacheSize ?? CACHE_SIZE)
  const bySecret = secretCheck(options, now)
  const byPublicKey = publicCheck(options, () => { cache.clear() })
  const isMeant = claimsCheck(options)

  const accept = (token: string, claims: JWTPayload): Verified => {
    if (!isMeant(claims)) return { fault: 'invalid' }
    cache.set(token, claims, now())
    return { claims }
  }
  const refuse = (error: unknown): Verified => {
    const fault = faultOf(error)
    if (fault === 'unavailable') onFault(error)
    return { fault }
  }
  const headerOf = createHeaderReader()
  const verifyNow = (token: string): Verified | Promise<Verified> => {
    try {
      if (!isCanonical(token)) return { fault: 'invalid' }
      const header = headerOf(token)
      // Extensions that must be understood, and of which none is.
      if (header.crit !== undefined || options.isKidRequired === true && header.kid === undefined) return { fault: 'invalid' }
      if (SECRET_ALGORITHMS.has(header.alg ?? '')) return bySecret ? accept(token, bySecret(token, header)) : { fault: 'invalid' }
      const given = { ...required(options), currentDate: new Date(now()) }
      return byPublicKey ? byPublicKey(token, given).then(claims => accept(token, claims)).catch(refuse) : { fault: 'invalid' }
    } catch (error) {
      return refuse(error)
    }
  }

  return {
    verify(token) {
      const claims = cache.get(token, now())
      return claims ? { claims } : verifyNow(token)
    },
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Bits of the last character that say nothing, by what the length leaves over four; one character alone says nothing at all. */
const UNUSED_BITS = [0, 63, 15, 3]

/** Decoders ignore the unused bits of a last character: without this a signature has several spellings (RFC 4648, 3.5). */
function isCanonical(token: string): boolean {
  return /^[\w-]*\.[\w-]*\.[\w-]*$/.test(token) && token.split('.').every(isCanonicalPart)
}

function isCanonicalPart(part: string): boolean {
  const unused = UNUSED_BITS[part.length % 4] ?? 0
  return unused !== 63 && (unused === 0 || (ALPHABET.indexOf(part.at(-1) ?? 'A') & unused) === 0)
}

function required({ audience, issuer, typ, requiredClaims = [] }: TokenOptions): JWTVerifyOptions {
  return { requiredClaims: [...requiredClaims], ...(audience !== undefined && { audience }), ...(issuer !== undefined && { issuer }), ...(typ !== undefined && { typ }) }
}

/** What patterns say of audience and issuer; one audience that fits is enough. */
function claimsCheck({ audienceRegex, issuerRegex }: TokenOptions): (claims: JWTPayload) => boolean {
  const audiences = audienceRegex === undefined ? undefined : new RegExp(audienceRegex, 'u')
  const issuers = issuerRegex === undefined ? undefined : new RegExp(issuerRegex, 'u')
  return ({ aud = [], iss = '' }) =>
    (!audiences || [aud].flat().some(audience => audiences.test(audience))) && (!issuers || issuers.test(iss))
}

/** Headers of one issuer's tokens are the same text: the last one is not read again. */
function createHeaderReader(): (token: string) => ProtectedHeaderParameters {
  let text = ''
  let header: ProtectedHeaderParameters = {}
  return token => {
    const end = token.indexOf('.') + 1
    if (text === '' || end !== text.length || !token.startsWith(text)) {
      header = decodeProtectedHeader(token)
      text = token.slice(0, end)
    }
    return header
  }
}

type SecretCheck = (token: string, header: ProtectedHeaderParameters) => JWTPayload

/** At once: a secret's signature costs less than the promises of a check by WebCrypto. */
function secretCheck(options: TokenOptions, now: () => number): SecretCheck | undefined {
  const { hmacSecretKey, hmacPreviousSecretKey, hmacPreviousSecretKeyValidUntil: until = Infinity } = options
  if (hmacSecretKey === undefined) return undefined
  const current = signsOf(hmacSecretKey)
  const previous = hmacPreviousSecretKey === undefined ? undefined : signsOf(hmacPreviousSecretKey)
  const isPlain = asksForNothing(options)
  return (token, header) => {
    const keys = previous && now() / 1000 <= until ? [current, previous] : [current]
    const end = token.lastIndexOf('.')
    const [text, signature] = [token.slice(0, end), token.slice(end + 1)]
    if (!keys.some(key => isSame(signature, key.get(header.alg ?? '')?.(text) ?? ' '))) throw new errors.JWSSignatureVerificationFailed()
    const claims = isPlain ? plainClaims(text, now()) : undefined
    return claims ?? readClaims(token, header, { ...required(options), currentDate: new Date(now()) })
  }
}

const signsOf = (secret: string): ReadonlyMap<string, Sign | undefined> =>
  new Map([...SECRET_ALGORITHMS].map(algorithm => [algorithm, createSign(Buffer.from(secret), algorithm)]))

/** Whether a token needs nothing but a signature and its time. */
const asksForNothing = ({ audience, issuer, typ, requiredClaims = [] }: TokenOptions): boolean =>
  audience === undefined && issuer === undefined && typ === undefined && requiredClaims.length === 0

/** Claims that are good beyond doubt when nothing is required of them but time; whatever is not is for jose to judge. */
function plainClaims(text: string, now: number): JWTPayload | undefined {
  const bytes = Buffer.from(text.slice(text.indexOf('.') + 1), 'base64url')
  if (bytes[0] !== OPENING || !isUtf8(bytes)) return undefined
  try {
    const claims = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>
    const { exp = Infinity, nbf = 0, iat = 0 } = claims
    const isNow = typeof exp === 'number' && typeof nbf === 'number' && typeof iat === 'number' && exp > Math.floor(now / 1000) && nbf <= Math.floor(now / 1000)
    return isNow ? claims : undefined
  } catch {
    return undefined
  }
}

/** `{` */
const OPENING = 123

/** What jose checks of claims, of a token whose signature was checked already: to it, one without a signature. */
function readClaims(token: string, { typ }: ProtectedHeaderParameters, given: JWTVerifyOptions): JWTPayload {
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ })).toString('base64url')
  return UnsecuredJWT.decode(`${header}.${token.split('.')[1] ?? ''}.`, given).payload
}

/** Keys given as PEM first, then the key set. */
function publicCheck({ rsaPublicKey, ecdsaPublicKey, jwks }: TokenOptions, onRotation: () => void): Check | undefined {
  const given = [rsaPublicKey, ecdsaPublicKey].filter(pem => pem !== undefined).map(pem => pemCheck(createPublicKey(pem)))
  const checks = jwks ? [...given, keySetCheck(jwks, onRotation)] : given
  if (checks.length === 0) return undefined
  return (token, options) => tryKeys(checks, check => check(token, options))
}

/** Algorithms of each kind of key; a curve has one. */
const PEM_ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  rsa: ['RS256', 'RS384', 'RS512'], prime256v1: ['ES256'], secp384r1: ['ES384'], secp521r1: ['ES512'],
}

function pemCheck(key: KeyObject): Check {
  const algorithms = [...PEM_ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? ''] ?? []]
  return async (token, given) => (await jwtVerify(token, key, { ...given, algorithms })).payload
}

function keySetCheck(source: JwksSource, onRotation: () => void): Check {
  const resolve = 'endpoint' in source ? remoteKeys(source.endpoint) : givenKeys(source.keys, onRotation)
  return async (token, given) => {
    const options = { ...given, algorithms: PUBLIC_ALGORITHMS }
    try {
      return (await jwtVerify(token, await resolve(), options)).payload
    } catch (error) {
      // Without a `kid` several keys may fit: any of them may have signed.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
      return tryKeys(error, async key => (await jwtVerify(token, key, options)).payload)
    }
  }
}

function remoteKeys(endpoint: string): () => JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(endpoint), { timeoutDuration: JWKS_TIMEOUT_MS, cacheMaxAge: JWKS_MAX_AGE_MS })
  return () => keys
}

/** Imported keys are kept as long as the application hands out the same set, be it a new object each time. */
function givenKeys(keys: () => JSONWebKeySet | Promise<JSONWebKeySet>, onRotation: () => void): () => Promise<JWTVerifyGetKey> {
  let current: { readonly text: string, readonly resolve: JWTVerifyGetKey } | undefined
  return async () => {
    const set = await keys()
    const text = JSON.stringify(set)
    if (current?.text !== text) {
      current = { text, resolve: createLocalJWKSet(set) }
      onRotation()
    }
    return current.resolve
  }
}

/** The first key that verifies; a wrong signature passes to the next key, any other fault ends the search. */
async function tryKeys<K>(keys: Iterable<K> | AsyncIterable<K>, verify: (key: K) => Promise<JWTPayload>): Promise<JWTPayload> {
  let failure: unknown
  let isTried = false
  for await (const key of keys) {
    isTried = true
    try {
      return await verify(key)
    } catch (error) {
      failure = error
      if (!isOfAnotherKey(error)) break
    }
  }
  if (!isTried) failure = new errors.JWKSNoMatchingKey()
  throw failure
}

/** A key that did not sign this, or could not have. */
const isOfAnotherKey = (error: unknown): boolean =>
  error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JWKSNoMatchingKey

/** A token that is not valid yet counts as expired, as in the real server: the client fetches another (PROTOCOL 6.2). */
function faultOf(error: unknown): 'expired' | 'invalid' | 'unavailable' {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed') return 'expired'
  const isOfToken = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC'
  // decodeProtectedHeader reports garbage as a TypeError.
  const isGarbage = error instanceof TypeError && error.message === 'Invalid Token or Protected Header formatting'
  return isOfToken || isGarbage ? 'invalid' : 'unavailable'
}
