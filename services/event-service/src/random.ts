/** Random bytes for what is made thousands of times a second: a call of the system's generator costs more than the bytes. */

import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096

/** Random bytes as `crypto.randomBytes` gives them, cut from a pool; no byte is given twice. `size` is at most 4,096. */
export function createRandom(fill: (bytes: Buffer) => Buffer = randomFillSync): (size: number) => Buffer {
  let pool: Buffer = Buffer.alloc(0)
  let used = 0
  return size => {
    // A new pool each time: what was cut from the old one may still be in use.
    if (used + size > pool.length) [pool, used] = [fill(Buffer.allocUnsafeSlow(POOL_BYTES)), 0]
    return pool.subarray(used, used += size)
  }
}
