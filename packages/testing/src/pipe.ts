/** One direction of a proxied connection: holds what arrives, passes it on late, in pieces, or not at all, always in order. */

import type { Socket } from 'node:net'

/** What the network does to bytes, shared by all pipes of a proxy and changed while they run. */
export interface Weather {
  stalled: boolean
  delayMs: number
  jitterMs: number
  /** Largest piece passed on at once, in bytes; 0 leaves pieces as they come. */
  sliceBytes: number
  random: () => number
}

/** A running direction. */
export interface Pipe {
  /** Looks at the weather again after it changed. */
  wake: () => void
  stop: () => void
}

/** Beyond this a pipe stops reading, as a full socket buffer would. */
const HELD_BYTES = 1_048_576

interface Held { bytes: Buffer | undefined, dueAt: number }

/** Passes bytes from one socket to the other; `onBytes` counts them as they leave. The end travels in order too. */
export function createPipe(from: Socket, to: Socket, { weather, onBytes }: { weather: Weather, onBytes: (bytes: number) => void }): Pipe {
  const queue: Held[] = []
  let heldBytes = 0
  let lastDueAt = 0
  let timer: NodeJS.Timeout | undefined

  const hold = (bytes: Buffer | undefined): void => {
    // Never before what came earlier: jitter delays a stream, it does not reorder it.
    lastDueAt = Math.max(lastDueAt, performance.now() + weather.delayMs + weather.jitterMs * weather.random())
    queue.push({ bytes, dueAt: lastDueAt })
    heldBytes += bytes?.length ?? 0
    if (heldBytes > HELD_BYTES) from.pause()
    pump()
  }

  const pass = ({ bytes }: Held): void => {
    if (!bytes) return void to.end()
    heldBytes -= bytes.length
    onBytes(bytes.length)
    to.write(bytes)
  }

  const pump = (): void => {
    clearTimeout(timer)
    if (weather.stalled) return
    for (let head = queue[0]; head && head.dueAt <= performance.now(); head = queue[0]) {
      queue.shift()
      pass(head)
    }
    if (heldBytes <= HELD_BYTES) from.resume()
    const next = queue[0]
    if (next) timer = setTimeout(pump, Math.max(1, next.dueAt - performance.now()))
  }

  from.on('data', (chunk: Buffer) => { for (const piece of toPieces(chunk, weather)) hold(piece) })
  from.on('end', () => { hold(undefined) })
  return { wake: pump, stop: () => { clearTimeout(timer) } }
}

function toPieces(chunk: Buffer, { sliceBytes, random }: Weather): Buffer[] {
  if (sliceBytes === 0) return [chunk]
  const pieces: Buffer[] = []
  for (let start = 0; start < chunk.length;) {
    const end = start + 1 + Math.floor(random() * sliceBytes)
    pieces.push(chunk.subarray(start, end))
    start = end
  }
  return pieces
}
