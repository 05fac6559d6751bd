/**
 * A clock that does not jump. Presence measures spans of seconds: were the machine's clock set forward by a minute, everybody
 * would seem to have been silent for that long. This one follows it at a twentieth of real time at most.
 */

/** Largest correction, per millisecond that passes. */
const SLEW = 0.05

/** What a steady clock is made from. Both in milliseconds. */
export interface SteadyClockOptions {
  /** Since 1970; may jump. @default Date.now */
  wall?: () => number
  /** Since anything; only grows. @default performance.now */
  steady?: () => number
}

/** Makes the clock: milliseconds since 1970. */
export function createSteadyClock({ wall = Date.now, steady = () => performance.now() }: SteadyClockOptions = {}): () => number {
  let last = steady()
  let offset = wall() - last
  return () => {
    const now = steady()
    const most = (now - last) * SLEW
    offset += Math.min(most, Math.max(-most, wall() - now - offset))
    last = now
    return Math.floor(now + offset)
  }
}
