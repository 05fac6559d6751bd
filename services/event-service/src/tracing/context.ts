/** Which trace the work at hand belongs to, without every function on the way having to pass it on. */

import { AsyncLocalStorage } from 'node:async_hooks'

/** A place in a trace. */
export interface Trace {
  traceId: string
  /** W3C Trace Context: this place, as others are to name it. */
  traceparent: string
  /** Events that are written here name it: their caller did, or spans are sent somewhere. */
  isPassedOn: boolean
}

const storage = new AsyncLocalStorage<Trace | undefined>()

/** Runs work that belongs to a trace. */
export function runInTrace<T>(trace: Trace, run: () => T): T {
  return storage.run(trace, run)
}

/** Runs work that belongs to nobody who happens to have begun it: a timer, or a group's turn. */
export function outsideTraces<T>(run: () => T): T {
  return storage.run(undefined, run)
}

/** The trace of the work at hand. */
export function currentTrace(): Trace | undefined {
  return storage.getStore()
}
