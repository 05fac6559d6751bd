/** Locks that many hold: none is waited for long, since whoever comes later waits behind who waits. */

import { setTimeout as sleep } from 'node:timers/promises'
import { isLockFault } from './faults.ts'

/** How long a statement may wait for a lock, as a setting of PostgreSQL. */
export const LOCK_WITHIN = '500ms'

/** How often it is tried, and how it is taken back in between. */
export interface PastLocks {
  tries: number
  /** Milliseconds that the others have to go on. */
  pauseMs: number
  rollBack: () => Promise<unknown>
}

/** Does a transaction anew while locks are in its way. @throws what else went wrong, or the last lock's error */
export async function pastLocks<T>(run: () => Promise<T>, { tries, pauseMs, rollBack }: PastLocks): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await run()
    } catch (error) {
      await rollBack().catch(() => undefined)
      if (!isLockFault(error) || tried === tries) throw error
      await sleep(pauseMs)
    }
  }
}
