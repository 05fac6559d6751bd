/**
 * A clock that goes like the real one and jumps when it is told to: lifetimes, waits between retries and tokens pass at once.
 * It is the `clock` of clients and of the engine, by `now` the time of the service, and by `sleep` the waiting of the deployer.
 */

import type { Clock } from '@neo-stack/client'

/** A clock that jumps. */
export interface TestClock extends Clock {
  /** Moves on by so many milliseconds; what is due by then rings now, soonest first, each at its own time. */
  advance(ms: number): void
  /** Calls back every `ms` until the returned function is called, and once after each jump. */
  every(ms: number, callback: () => void): () => void
  /** Resolves after so many milliseconds. @throws the signal's reason when it is aborted before */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

interface Alarm { at: number, callback: () => void, timer: NodeJS.Timeout }

/** Makes one that shows the real time. */
export function createTestClock(): TestClock {
  let offset = 0
  const now = (): number => Date.now() + offset
  const alarms = new Set<Alarm>()
  const ticks = new Set<() => void>()

  const ring = (alarm: Alarm): void => {
    clearTimeout(alarm.timer)
    if (alarms.delete(alarm)) alarm.callback()
  }
  const arm = (alarm: Alarm): void => {
    clearTimeout(alarm.timer)
    alarm.timer = setTimeout(ring, Math.max(0, alarm.at - now()), alarm)
  }
  /** The soonest that rings by then, and so on: what rings may set others. */
  const soonest = (by: number): Alarm | undefined => [...alarms].filter(({ at }) => at <= by).sort((a, b) => a.at - b.at)[0]

  const set = (callback: () => void, ms: number): Alarm => {
    const alarm: Alarm = { at: now() + ms, callback, timer: setTimeout(() => undefined, 0) }
    alarms.add(alarm)
    arm(alarm)
    return alarm
  }
  const forget = (alarm: Alarm | undefined): void => {
    clearTimeout(alarm?.timer)
    if (alarm) alarms.delete(alarm)
  }

  return {
    now,
    setTimeout: set,
    clearTimeout: timer => { forget(timer as Alarm | undefined) },
    sleep: (ms, signal) => sleepBy({ set, forget }, ms, signal),
    every: (ms, callback) => {
      const timer = setInterval(callback, ms).unref()
      ticks.add(callback)
      return () => {
        clearInterval(timer)
        ticks.delete(callback)
      }
    },
    advance: ms => {
      const by = now() + ms
      for (let due = soonest(by); due; due = soonest(by)) {
        offset += Math.max(0, due.at - now())
        ring(due)
      }
      offset += Math.max(0, by - now())
      for (const tick of ticks) tick()
      for (const alarm of alarms) arm(alarm)
    },
  }
}

interface Alarms { set: (callback: () => void, ms: number) => Alarm, forget: (alarm: Alarm) => void }

function sleepBy({ set, forget }: Alarms, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return void reject(toError(signal))
    const onAbort = (): void => {
      forget(alarm)
      if (signal) reject(toError(signal))
    }
    const alarm = set(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

const toError = ({ reason }: AbortSignal): Error => reason instanceof Error ? reason : new Error(String(reason))
