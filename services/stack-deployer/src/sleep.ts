/** Waiting that can be cut short. */

import { setTimeout as delay } from 'node:timers/promises'

/** Resolves after some milliseconds; rejects with the signal's reason when it is aborted before. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>

/** Clock and timers. */
export interface Timing {
  /** Milliseconds since the Unix epoch. */
  now: () => number
  sleep: Sleep
}

/** {@link Sleep} over the process's timers. */
export const sleep: Sleep = async (milliseconds, signal) => {
  try {
    await delay(milliseconds, undefined, { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
