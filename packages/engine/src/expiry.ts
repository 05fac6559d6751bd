/** From the second a token names to what a session waits for and what a reply says. */
import type { Expiry } from './reply.ts'

/** Millisecond of expiry, Infinity when `expireAt` is 0: never. */
export const toDeadline = (expireAt: number): number => (expireAt === 0 ? Infinity : expireAt * 1000)

/** Whole seconds until then, as clients are told; nothing for what never expires. */
export function toExpiry(expireAt: number, now: number): Expiry {
  return expireAt === 0 ? {} : { expires: true, ttl: secondsLeft(expireAt, now) }
}

/** Whether that second has passed. */
export const isPast = (expireAt: number, now: number): boolean => expireAt !== 0 && secondsLeft(expireAt, now) <= 0

const secondsLeft = (expireAt: number, now: number): number => Math.floor(expireAt) - Math.floor(now / 1000)
