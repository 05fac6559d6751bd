/**
 * Reads what an event only announced, until the service answers or says that there is nothing for this reader: an event comes once, so
 * a read that failed because the service was away would otherwise never be made good.
 */

import { ApiError } from './api-error.ts'
import { toBackoffMs, type BackoffOptions } from './backoff.ts'
import { systemClock, type Clock, type Timer } from './clock.ts'

/** What a reader works with. */
export interface PatientReaderOptions<Value> {
  read: (id: string) => Promise<Value>
  onValue: (value: Value) => void
  clock?: Clock | undefined
  random?: (() => number) | undefined
  /** Shortest first and longest wait before a read is repeated, in milliseconds. @default 500 and 20000 */
  retry?: Pick<BackoffOptions, 'baseMs' | 'maxMs'> | undefined
}

/** See the head of this file. */
export interface PatientReader {
  /** Reads; what is being read is read once more afterwards, as more was said of it meanwhile. */
  ask: (id: string) => void
  isReading: (id: string) => boolean
  /** Reads nothing more; answers on their way are thrown away. */
  stop: () => void
}

/** Makes a reader. */
export function createPatientReader<Value>({ read, onValue, clock = systemClock, random, retry }: PatientReaderOptions<Value>): PatientReader {
  /** What is being read, whether more was said of it meanwhile, and the timer of the next try. */
  const reading = new Map<string, { isAgain: boolean, attempt: number, timer?: Timer }>()
  const turn = async (id: string): Promise<void> => {
    const own = reading.get(id)
    if (!own) return
    own.isAgain = false
    try {
      const value = await read(id)
      if (reading.get(id) !== own) return
      own.attempt = 0
      onValue(value)
      if (own.isAgain) return await turn(id)
      reading.delete(id)
    } catch (error) {
      if (reading.get(id) !== own) return
      if (error instanceof ApiError && error.isTemporary) {
        own.timer = clock.setTimeout(() => { void turn(id) }, toBackoffMs(own.attempt++, { ...retry, ...random && { random } }))
        return
      }
      // Not the reader's own, or gone: it stays out of the view.
      reading.delete(id)
      if (!(error instanceof ApiError)) throw error
    }
  }
  return {
    ask: id => {
      const known = reading.get(id)
      if (known) {
        known.isAgain = true
        return
      }
      reading.set(id, { isAgain: false, attempt: 0 })
      void turn(id)
    },
    isReading: id => reading.has(id),
    stop: () => {
      for (const { timer } of reading.values()) clock.clearTimeout(timer)
      reading.clear()
    },
  }
}
