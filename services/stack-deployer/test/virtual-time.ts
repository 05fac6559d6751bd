/** A clock that jumps to the next sleeper whenever nothing else is going on. */

import type { Timing } from '../src/sleep.ts'

interface Sleeper { at: number, wake: () => void }

/** Makes a clock and a sleep that belong together; a minute passes in no time. */
export function createVirtualTime(start = Date.UTC(2026, 0, 1)): Timing {
  let now = start
  let scheduled = false
  const sleepers: Sleeper[] = []

  const pump = (): void => {
    scheduled = false
    sleepers.sort((a, b) => a.at - b.at)
    const next = sleepers.shift()
    if (!next) return
    now = Math.max(now, next.at)
    next.wake()
    schedule()
  }
  const schedule = (): void => {
    if (scheduled || sleepers.length === 0) return
    scheduled = true
    setImmediate(pump)
  }

  return {
    now: () => now,
    sleep: (milliseconds, signal) => new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { at: now + milliseconds, wake: () => { signal?.removeEventListener('abort', onAbort); resolve() } }
      const onAbort = (): void => {
        const index = sleepers.indexOf(sleeper)
        if (index >= 0) sleepers.splice(index, 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      sleepers.push(sleeper)
      schedule()
    }),
  }
}
