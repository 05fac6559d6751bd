/**
 * The keys that sign tokens, and the secret that refresh tokens are derived with. Every key has a `kid` of its own and new material
 * never takes an old `kid`: verifiers cache keys per `kid` for an hour.
 */

import { randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose'

/** Algorithm of every key; a token that names another one is refused. */
export const ALGORITHM = 'ES256'

/** What a process keeps in a file of mode 0600: private keys, the signing one first. */
export interface KeySetJson {
  secret: string
  keys: JWK[]
  /** When a key stopped signing, by `kid`, in milliseconds since 1970. */
  retired?: Record<string, number>
}

/** Public keys as `/.well-known/jwks.json` shows them. */
export interface PublicKeySet {
  keys: JWK[]
}

/** Keys of an installation. */
export interface KeySet {
  /** Which key signs now. */
  readonly signing: { readonly kid: string, readonly key: CryptoKey }
  /** Public keys by `kid`: what was signed by any of them is accepted. */
  readonly verifying: ReadonlyMap<string, CryptoKey>
  /** Derives refresh tokens; it outlives the rotation of keys. */
  readonly secret: string
  /** Always the same object, so that it can be compared by identity. */
  readonly jwks: PublicKeySet
  /** Holds private keys. */
  readonly toJSON: () => KeySetJson
}

/** Makes a new set with one key. */
export async function createKeySet(): Promise<KeySet> {
  return readKeySet({ secret: randomBytes(32).toString('base64url'), keys: [await createKey()] })
}

/** Puts a new key before the others: it signs from now on, tokens of the old ones are accepted until they are taken out. */
export async function rotateKeySet(keySet: KeySet): Promise<KeySet> {
  const { secret, keys } = keySet.toJSON()
  return readKeySet({ secret, keys: [await createKey(), ...keys] })
}

/**
 * Reads a kept set.
 * @throws {TypeError} when it has no usable key
 */
export async function readKeySet(json: KeySetJson): Promise<KeySet> {
  const [first] = json.keys
  if (!first || json.keys.some(key => !key.kid || !key.d || key.alg !== ALGORITHM)) {
    throw new TypeError('the key set needs at least one private ES256 key, each with a kid')
  }
  const publicKeys = json.keys.map(toPublic)
  const imported = await Promise.all(publicKeys.map(async key => [key.kid ?? '', await toCryptoKey(key)] as const))
  return {
    signing: { kid: first.kid ?? '', key: await toCryptoKey(first) },
    verifying: new Map(imported),
    secret: json.secret,
    jwks: { keys: publicKeys },
    toJSON: () => structuredClone(json),
  }
}

async function createKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: 'sig' }
}

function toPublic({ d: _, ...key }: JWK): JWK {
  return key
}

async function toCryptoKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALGORITHM)
  if (key instanceof Uint8Array) throw new TypeError('the key set holds a symmetric key')
  return key
}
