/** Time as an argument: the engine asks no global for the hour and sets no timer of its own. */

/** What the engine needs of time. Tests give one they move by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls back every `ms` until the returned function is called. Must not keep the process alive. */
  every(ms: number, callback: () => void): () => void
}

/** The process's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  every(ms, callback) {
    const timer = setInterval(callback, ms)
    timer.unref()
    return () => {
      clearInterval(timer)
    }
  },
}
