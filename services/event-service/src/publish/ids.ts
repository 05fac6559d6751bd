/** Identifiers of events in the order they are made: UUIDv7 whose first random bits count within a millisecond (RFC 9562 6.2). */

import { randomBytes } from 'node:crypto'
import { uuidv7 } from '@neo-stack/events'

/** Identifiers of one millisecond; then the next one is begun early. */
const PER_MS = 4096

/** Makes identifiers, each greater than the one before, also when the clock goes back. */
export function createIds(random: (size: number) => Uint8Array = randomBytes): (time: number) => string {
  let [last, count] = [0, 0]
  return time => {
    if (time > last) [last, count] = [time, 0]
    else if (++count === PER_MS) [last, count] = [last + 1, 0]
    const bytes = random(10)
    bytes[0] = count >> 8
    bytes[1] = count & 255
    return uuidv7(last, bytes)
  }
}
