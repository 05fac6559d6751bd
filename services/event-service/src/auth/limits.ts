/** Limits on guessing: sign-ins per address and per e-mail, unknown API keys per address. */

import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../errors.ts'

/** How often within how many seconds. */
export interface Limit {
  points: number
  seconds: number
}

/** All limits. */
export interface AuthLimits {
  /** Sign-ins from one address, successful ones too: each costs a password hash. @default 60 per 60 s */
  signInPerAddress?: Limit
  /** Failed sign-ins to one account. @default 10 per 300 s */
  signInPerEmail?: Limit
  /** Unknown API keys from one address. @default 60 per 60 s */
  wrongKeysPerAddress?: Limit
}

/** Counts by key. */
export interface Limiter {
  /** Takes one point. @throws {Problem} `rate_limited` when there is none */
  take: (key: string) => Promise<void>
  /** Refuses without taking a point. @throws {Problem} `rate_limited` */
  check: (key: string) => Promise<void>
  /** Gives all points back. */
  forgive: (key: string) => Promise<void>
}

/** See {@link AuthLimits}. */
export type AuthLimiters = Record<keyof AuthLimits, Limiter>

/** Creates the limiters of one process; they count in memory. */
export function createAuthLimiters(limits: AuthLimits = {}): AuthLimiters {
  return {
    signInPerAddress: createLimiter(limits.signInPerAddress ?? { points: 60, seconds: 60 }),
    signInPerEmail: createLimiter(limits.signInPerEmail ?? { points: 10, seconds: 300 }),
    wrongKeysPerAddress: createLimiter(limits.wrongKeysPerAddress ?? { points: 60, seconds: 60 }),
  }
}

function createLimiter({ points, seconds }: Limit): Limiter {
  const limiter = new RateLimiterMemory({ points, duration: seconds })
  return {
    take: async key => { await limiter.consume(key).catch((state: RateLimiterRes) => refuse(state)) },
    check: async key => {
      const state = await limiter.get(key)
      if (state && state.consumedPoints >= points) refuse(state)
    },
    forgive: async key => { await limiter.delete(key) },
  }
}

function refuse({ msBeforeNext }: RateLimiterRes): never {
  throw new Problem('rate_limited', { retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1000)) })
}
