/** Reading, deciding, and writing only over what was read: who was overtaken in between reads and decides again. */

import { Problem } from '../errors.ts'

/** Somebody else wrote between the reading and the writing. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken'
}

/**
 * Runs `attempt` until nobody overtook it.
 * @throws {Problem} `unavailable` when each of `attempts` was overtaken
 */
export async function untilAhead<Result>(attempts: number, attempt: () => Promise<Result>): Promise<Result> {
  for (let count = 0; count < attempts; count++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
    }
  }
  throw new Problem('unavailable', { retryAfter: 1 })
}
