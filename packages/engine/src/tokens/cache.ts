/** Verified tokens by their whole text, bounded, the long unused first to go: reconnects cost no second signature check. */
import type { Claims } from '../hooks.ts'

/** Remembers claims until they expire. */
export interface TokenCache {
  get(token: string, now: number): Claims | undefined
  set(token: string, claims: Claims, now: number): void
  clear(): void
}

/** Longest stay in milliseconds: a key taken back is noticed after this time at the latest. */
const MAX_AGE_MS = 60_000

interface Entry {
  readonly claims: Claims
  readonly until: number
}

/**
 * Two generations: when the young one is full the old one goes, and what is asked for meanwhile becomes young again. One Map in the
 * order of use would be exact, but looking for its first key walks over all that were deleted before it.
 */
export function createTokenCache(size: number): TokenCache {
  let young = new Map<string, Entry>()
  let old = new Map<string, Entry>()
  const keep = (token: string, entry: Entry): void => {
    if (young.size >= size / 2) {
      old = young
      young = new Map()
    }
    young.set(token, entry)
  }
  return {
    get(token, now) {
      const known = young.get(token)
      const entry = known ?? old.get(token)
      if (!entry || entry.until <= now) return undefined
      if (!known) keep(token, entry)
      return entry.claims
    },
    set(token, claims, now) {
      const expiry = typeof claims.exp === 'number' ? claims.exp * 1000 : Infinity
      keep(token, { claims, until: Math.min(expiry, now + MAX_AGE_MS) })
    },
    clear() {
      young.clear()
      old.clear()
    },
  }
}
