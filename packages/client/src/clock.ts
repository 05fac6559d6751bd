/** Time as a port: what waits or asks for the time takes a {@link Clock}, so that tests hold it in their hands. */

/** Identifies a timer that was set; the clock that gave it knows what it is. */
export type Timer = unknown

/** The time and its timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `callback` once, `ms` milliseconds later. */
  setTimeout(callback: () => void, ms: number): Timer
  /** Forgets a timer; a timer that has rung already is no error. */
  clearTimeout(timer: Timer): void
}

/** The platform's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: timer => { clearTimeout(timer as ReturnType<typeof setTimeout>) },
}
