/** Limits by key, counted in memory: whoever is over one is told when to come back. */

import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../errors.ts'

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
  /** Gives all points back. */
  forgive: (key: string) => Promise<void>
}

/** Creates a limiter of this process. */
export function createLimiter({ points, seconds }: Limit): Limiter {
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
