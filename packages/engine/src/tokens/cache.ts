/** Verified tokens by their whole text, bounded, least recently used first to go: reconnects cost no second signature check. */
import type { Claims } from '../hooks.ts'

/** Remembers claims until they expire. */
export interface TokenCache {
  get(token: string, now: number): Claims | undefined
  set(token: string, claims: Claims, now: number): void
  clear(): void
}

/** Longest stay in milliseconds: a key taken back is noticed after this time at the latest. */
const MAX_AGE_MS = 60_000

/** A Map keeps insertion order, so its first key is the least recently used once hits are inserted anew. */
export function createTokenCache(size: number): TokenCache {
  const entries = new Map<string, { readonly claims: Claims, readonly until: number }>()
  return {
    get(token, now) {
      const entry = entries.get(token)
      if (!entry) return undefined
      entries.delete(token)
      if (entry.until <= now) return undefined
      entries.set(token, entry)
      return entry.claims
    },
    set(token, claims, now) {
      const [oldest] = entries.keys()
      if (entries.size >= size && oldest !== undefined) entries.delete(oldest)
      const expiry = typeof claims.exp === 'number' ? claims.exp * 1000 : Infinity
      entries.set(token, { claims, until: Math.min(expiry, now + MAX_AGE_MS) })
    },
    clear() {
      entries.clear()
    },
  }
}
