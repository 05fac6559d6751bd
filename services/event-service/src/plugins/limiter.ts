/** Limits by key, counted in memory: whoever is over one is told when to come back. */

import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { Problem, type RateState } from '../errors.ts'

/** How often within how many seconds. */
export interface Limit {
  points: number
  seconds: number
}

/** Counts by key. */
export interface Limiter {
  /** Takes one point. @throws {Problem} `rate_limited` when there is none */
  take: (key: string) => Promise<void>
  /** Refuses without taking a point. @throws {Problem} `rate_limited` */
  check: (key: string) => Promise<void>
  /** Where a key stands, without taking a point. */
  look: (key: string) => Promise<RateState>
  /** Gives all points back. */
  forgive: (key: string) => Promise<void>
}

/** Creates a limiter of this process. */
export function createLimiter({ points, seconds }: Limit): Limiter {
  const refuse = ({ msBeforeNext }: RateLimiterRes): never => {
    const retryAfter = Math.max(1, Math.ceil(msBeforeNext / 1000))
    throw new Problem('rate_limited', { retryAfter, rate: { limit: points, remaining: 0, reset: retryAfter } })
  }
  const limiter = new RateLimiterMemory({ points, duration: seconds })
  return {
    take: async key => { await limiter.consume(key).catch((state: RateLimiterRes) => refuse(state)) },
    check: async key => {
      const state = await limiter.get(key)
      if (state && state.consumedPoints >= points) refuse(state)
    },
    look: async key => {
      const state = await limiter.get(key)
      return { limit: points, remaining: Math.max(0, points - (state?.consumedPoints ?? 0)), reset: state ? Math.max(0, Math.ceil(state.msBeforeNext / 1000)) : 0 }
    },
    forgive: async key => { await limiter.delete(key) },
  }
}
