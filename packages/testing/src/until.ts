/** Waiting for a condition instead of for time. */

import { setTimeout as sleep } from 'node:timers/promises'

/** How long and how often to look. */
export interface UntilOptions {
  /** Milliseconds until it gives up. @default 5000 */
  timeoutMs?: number
  /** Milliseconds between two looks. @default 5 */
  everyMs?: number
  /** What is waited for, in the error. @default 'the condition' */
  what?: string | (() => string)
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>

/**
 * Resolves with what the condition gives as soon as that is truthy; a condition that throws does not hold yet.
 * @throws {Error} when it does not hold in time; `cause` is what the condition threw last
 * @example
 * await until(() => received.length === 3)
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<Truthy<T>> {
  const { timeoutMs = 5000, everyMs = 5, what = 'the condition' } = options
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  do {
    try {
      const value = await condition()
      if (value) return value as Truthy<T>
      cause = undefined
    } catch (error) {
      cause = error
    }
    await sleep(everyMs)
  } while (performance.now() < deadline)
  throw new Error(`waited ${timeoutMs} ms for ${typeof what === 'string' ? what : what()}`, { cause })
}
