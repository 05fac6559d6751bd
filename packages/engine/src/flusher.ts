/**
 * Flushes connections that have something to send: after all input of a turn of the event loop was handled, and under load less
 * often, so that one write carries what came meanwhile and a reader is woken once.
 */
import { Batch } from './batch.ts'
import type { Codec } from './codec.ts'

/** Time of flushing before the loop gets a breath, in milliseconds, and connections between two looks at the clock. */
const SLICE_MS = 5
const LOOK_EVERY = 32
/** Time between two flushes of what may wait, per time that a flush takes: flushing is to take no more than a part of it. */
const REST = 10
/** Longest time that something may wait, in milliseconds: one picture of a screen. */
const MAX_REST_MS = 16

/** Something with a batch to send. */
export interface Flushable {
  flush(): void
}

/** Milliseconds that what may wait waits for, after a flush that took so long and so long after it. Pure. */
export const restAfter = (tookMs: number, sinceMs: number): number => Math.max(0, Math.min(MAX_REST_MS, tookMs * REST) - sinceMs)

/** Collects connections and flushes them in slices. */
export class Flusher {
  readonly #now: () => number
  #urgent: Flushable[] = []
  #waiting: Flushable[] = []
  /** What is being flushed, slice by slice. */
  #due: Flushable[] = []
  #roots = new Map<Codec, Batch>()
  #timer: NodeJS.Timeout | undefined
  #isScheduled = false
  #isPlanned = false
  #flushedAt = -Infinity
  #took = 0

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** An empty batch, the same for all connections until the next flush. */
  root(codec: Codec): Batch {
    let root = this.#roots.get(codec)
    if (!root) this.#roots.set(codec, root = new Batch(codec))
    return root
  }

  /** Flushes a connection soon: after this turn, or with others while flushing takes much of the time. */
  add(connection: Flushable): void {
    this.#waiting.push(connection)
    this.#plan()
  }

  /** Flushes a connection after this turn: somebody waits for an answer. */
  hurry(connection: Flushable): void {
    this.#urgent.push(connection)
    this.#schedule()
  }

  /** Says when who waits is due, unless that is said already or others are still being flushed. */
  #plan(): void {
    if (this.#isPlanned || this.#due.length > 0) return
    this.#isPlanned = true
    const rest = restAfter(this.#took, this.#now() - this.#flushedAt)
    if (rest < 1) this.#schedule()
    else this.#timer = setTimeout(() => {
      this.#turnOver()
      this.#flush()
    }, rest)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const urgent = this.#urgent
    this.#urgent = []
    for (const connection of urgent) connection.flush()
    if (this.#isPlanned && restAfter(this.#took, this.#now() - this.#flushedAt) < 1) this.#turnOver()
    if (this.#due.length > 0) this.#flushSlice()
  }

  /** Everybody who waits is due. */
  #turnOver(): void {
    clearTimeout(this.#timer)
    this.#isPlanned = false
    this.#due = this.#waiting
    this.#waiting = []
    this.#roots = new Map()
    this.#took = 0
  }

  /** By time, not by number: what a write costs is the kernel's to say. */
  #flushSlice(): void {
    const startedAt = this.#now()
    let done = 0
    for (const connection of this.#due) {
      connection.flush()
      if (++done % LOOK_EVERY === 0 && this.#now() - startedAt >= SLICE_MS) break
    }
    this.#due = done < this.#due.length ? this.#due.slice(done) : []
    this.#flushedAt = this.#now()
    this.#took += this.#flushedAt - startedAt
    if (this.#due.length > 0) this.#schedule()
    else if (this.#waiting.length > 0) this.#plan()
  }
}
