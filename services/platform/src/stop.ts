/**
 * Stops the process as asked: the first signal closes, further ones change nothing (a second SIGTERM must not abort what is in
 * flight), and what hangs is ended after a while. A fault nobody caught closes too, with exit code 1.
 */

import { reasonOf } from './data-folder.ts'

/** The part of `process` that is used. */
export interface Stoppable {
  on(event: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'uncaughtException' | 'unhandledRejection', listener: (what: unknown) => void): unknown
  exit(code: number): void
}

/** Settings of {@link stopOnSignals}. */
export interface StopOptions {
  close: () => Promise<void>
  /** Milliseconds that closing may take. */
  withinMs: number
  /** Gets one sentence about what went wrong. */
  tell: (sentence: string) => void
  host?: Stoppable
}

/** Listens to signals and uncaught faults for the rest of the process's life. */
export function stopOnSignals({ close, withinMs, tell, host = process }: StopOptions): void {
  let isStopping = false
  const stop = (code: number): void => {
    if (isStopping) return
    isStopping = true
    const late = setTimeout(() => {
      tell(`The platform did not stop within ${withinMs / 1000} s and was ended; what was accepted is stored.`)
      host.exit(1)
    }, withinMs)
    close().then(() => code, (error: unknown) => {
      tell(`The platform could not close everything: ${reasonOf(error)}.`)
      return 1
    }).then(exitCode => {
      clearTimeout(late)
      host.exit(exitCode)
    }, () => { host.exit(1) })
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) host.on(signal, () => { stop(0) })
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    host.on(fault, error => {
      tell(`The platform stops after an unexpected fault: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
      stop(1)
    })
  }
}
