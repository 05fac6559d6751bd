/** One direction of a proxied connection: holds what arrives, passes it on late, in pieces, or not at all, always in order. */

import type { Socket } from 'node:net'

/** What the network does to bytes, shared by all pipes of a proxy and changed while they run. */
export interface Weather {
  stalled: boolean
  delayMs: number
  jitterMs: number
  /** Largest piece passed on at once, in bytes; 0 leaves pieces as they come. */
  sliceBytes: number
  /** Bytes per second that the client reads of what it is sent. */
  bytesPerSecond: number
  random: () => number
}

/** A running direction. */
export interface Pipe {
  /** Looks at the weather again after it changed. */
  wake: () => void
  stop: () => void
}

/** Beyond this a pipe stops reading, as a full socket buffer would; less where the client reads slowly, so that the platform feels it. */
const HELD_BYTES = 1_048_576
const SLOW_HELD_BYTES = 65_536

/** What a pipe is told of. */
interface PipeOptions {
  weather: Weather
  /** Counts bytes as they leave. */
  onBytes: (bytes: number) => void
  /** From the platform to the client, which may read slowly. @default false */
  isDown?: boolean
}

interface Held { bytes: Buffer | undefined, dueAt: number }

/** Passes bytes from one socket to the other. The end travels in order too. */
export function createPipe(from: Socket, to: Socket, { weather, onBytes, isDown = false }: PipeOptions): Pipe {
  const queue: Held[] = []
  let heldBytes = 0
  let lastDueAt = 0
  let timer: NodeJS.Timeout | undefined

  const isSlow = (): boolean => isDown && weather.bytesPerSecond < Infinity
  const mostHeld = (): number => isSlow() ? SLOW_HELD_BYTES : HELD_BYTES

  const hold = (bytes: Buffer | undefined): void => {
    // Never before what came earlier: jitter delays a stream, it does not reorder it.
    lastDueAt = Math.max(lastDueAt, performance.now() + weather.delayMs + weather.jitterMs * weather.random())
    if (isSlow()) lastDueAt += (bytes?.length ?? 0) / weather.bytesPerSecond * 1000
    queue.push({ bytes, dueAt: lastDueAt })
    heldBytes += bytes?.length ?? 0
    if (heldBytes > mostHeld()) from.pause()
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
    if (heldBytes <= mostHeld()) from.resume()
    const next = queue[0]
    if (next) timer = setTimeout(pump, Math.max(1, next.dueAt - performance.now()))
  }

  /** What waits under weather that is over waits no longer than under today's. */
  const wake = (): void => {
    if (!isSlow()) {
      const latest = performance.now() + weather.delayMs + weather.jitterMs
      for (const held of queue) held.dueAt = Math.min(held.dueAt, latest)
      lastDueAt = Math.min(lastDueAt, latest)
    }
    pump()
  }

  from.on('data', (chunk: Buffer) => { for (const piece of toPieces(chunk, weather)) hold(piece) })
  from.on('end', () => { hold(undefined) })
  return { wake, stop: () => { clearTimeout(timer) } }
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
