/** A clock that moves when it is told to. */
import type { Clock } from '../../src/index.ts'

export interface ManualClock extends Clock {
  /** Moves on, ringing what is due in order; what that sets rings too when it is due. */
  advance(ms: number): Promise<void>
  /** Milliseconds until each timer rings, soonest first. */
  readonly pending: number[]
}

export function createManualClock(start = 1_700_000_000_000): ManualClock {
  let now = start
  let ids = 0
  const timers = new Map<number, { at: number, callback: () => void }>()
  const next = (until: number): [number, { at: number, callback: () => void }] | undefined =>
    [...timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0]

  return {
    now: () => now,
    setTimeout(callback, ms) {
      timers.set(++ids, { at: now + ms, callback })
      return ids
    },
    clearTimeout: timer => { timers.delete(timer as number) },
    async advance(ms) {
      const until = now + ms
      for (let due = next(until); due; due = next(until)) {
        timers.delete(due[0])
        now = due[1].at
        due[1].callback()
        await flush()
      }
      now = until
      await flush()
    },
    get pending() {
      return [...timers.values()].map(({ at }) => at - now).sort((a, b) => a - b)
    },
  }
}

/** Lets everything that only waits for promises go on. */
export const flush = async (): Promise<void> => { for (let i = 0; i < 20; i++) await Promise.resolve() }
