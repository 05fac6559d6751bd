/** Notices that another process restored a backup into the database this one works on. */

import type { Database } from '../database/database.ts'

/** What is watched. */
export interface EpochWatchOptions {
  database: Pick<Database, 'jobs' | 'logEpoch'>
  /** Milliseconds between two looks. @default 1_000 */
  everyMs?: number
  /** The log has another epoch than this process: what it keeps in memory is of another past. Told once. */
  onReplaced: () => void
  /** Told of a look that failed; the next one tries again. */
  onFault?: (error: unknown) => void
}

/** Watches until the returned function is called. */
export function watchEpoch({ database, everyMs = 1000, onReplaced, onFault = () => undefined }: EpochWatchOptions): () => void {
  const look = async (): Promise<void> => {
    const { rows: [found] } = await database.jobs.executeSql(`select value from settings where key = 'log_epoch'`) as { rows: { value?: unknown }[] }
    if (found === undefined || String(found.value) === database.logEpoch || isStopped) return
    stop()
    onReplaced()
  }
  let isStopped = false
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    look().catch(onFault).finally(() => { isLooking = false }).catch(onFault)
  }, everyMs).unref()
  const stop = (): void => {
    isStopped = true
    clearInterval(timer)
  }
  return stop
}
