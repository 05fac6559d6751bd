/**
 * The form of an API key: 256 random bits behind a recognisable prefix, shown once, kept as SHA-256. Looking a key up by its hash takes
 * the same time whatever was guessed.
 */

import { createHash, randomBytes } from 'node:crypto'

const KEY = /^neo_[\w-]{43}$/
const SHOWN_CHARACTERS = 12

/** A key before it is stored. `key` is seen this once. */
export interface MintedKey {
  key: string
  prefix: string
  hash: string
}

/** Whether a bearer has the shape of an API key. */
export function isApiKey(bearer: string): boolean {
  return KEY.test(bearer)
}

/** Makes a key; nothing is stored. */
export function mintKey(): MintedKey {
  const key = `neo_${randomBytes(32).toString('base64url')}`
  return { key, prefix: key.slice(0, SHOWN_CHARACTERS), hash: hashKey(key) }
}

/** What is kept of a key. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
