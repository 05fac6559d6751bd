/** Removes what is out of date once a minute, in small transactions, so that nobody waits long behind one. */

import type { Database, Tx } from './database.ts'

/** Removes one batch and says how many rows that were. */
export type Purge = (tx: Tx, batch: number) => Promise<number>

/** Settings of {@link startUpkeep}. */
export interface UpkeepOptions {
  database: Database
  purges: readonly Purge[]
  /** Done at the end of a round. @default nothing */
  after?: (() => Promise<void>) | undefined
  /** @default 60_000 */
  everyMs?: number
  /** Rows of one transaction. @default 1_000 */
  batch?: number
  /** Whether this process is the one to do it. @default it is */
  isLeader?: () => boolean
  /** Told of a purge that failed; the next round tries again. */
  onFault?: (error: unknown) => void
}

/** Running upkeep. */
export interface Upkeep {
  /** Does a round now, unless one is running: then it is that one. */
  run: () => Promise<void>
  /** Resolves when the transaction in hand is done. */
  stop: () => Promise<void>
}

/** Starts; the first round comes after one period. */
export function startUpkeep({ database, purges, after, everyMs = 60_000, batch = 1000, isLeader = () => true, onFault = () => undefined }: UpkeepOptions): Upkeep {
  let isStopped = false
  let running: Promise<void> | undefined
  const purgeAll = async (): Promise<void> => {
    for (const purge of purges) {
      let removed = batch
      while (!isStopped && removed === batch) removed = await database.inSystem(tx => purge(tx, batch))
    }
    if (!isStopped) await after?.()
  }
  const run = (): Promise<void> => running ??= purgeAll().catch(onFault).finally(() => { running = undefined })
  const timer = setInterval(() => { if (isLeader()) void run() }, everyMs).unref()
  return {
    run,
    stop: () => {
      isStopped = true
      clearInterval(timer)
      return running ?? Promise.resolve()
    },
  }
}
