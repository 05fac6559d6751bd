/**
 * One timer for all deadlines. A connection has several (ping, pong, expiry, stale) but only the next one counts, so each owner
 * holds one entry in a ring of buckets; the ring turns on one interval that runs only while there are entries.
 * Entries fire at most one tick late. Moving an entry costs two set operations, no timer call.
 */
import type { Clock } from './clock.ts'

/** Resolution of deadlines, in milliseconds. */
export const TICK_MS = 100
/** Buckets: one turn is 51.2 s; what is due later stays in its bucket for another turn. */
const BUCKETS = 512

/** Something with a deadline. `due` and `slot` are written by the wheel alone; they start as `Infinity` and 0. */
export interface Deadline {
  due: number
  slot: number
  fire(now: number): void
}

/** Ring of deadlines over one interval. */
export class Wheel {
  readonly #clock: Clock
  readonly #buckets: Set<Deadline>[] = Array.from({ length: BUCKETS }, () => new Set())
  #size = 0
  #turned = 0
  #isClosed = false
  #stop: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Number of deadlines waiting. */
  get size(): number {
    return this.#size
  }

  /** Whether the interval runs. */
  get isRunning(): boolean {
    return this.#stop !== undefined
  }

  /** Sets or moves the deadline; `Infinity` removes it. */
  set(entry: Deadline, due: number): void {
    if (entry.due === due) return
    this.#remove(entry)
    if (due === Infinity || this.#isClosed) return this.#pauseWhenEmpty()
    if (this.#stop === undefined) this.#start()
    entry.due = due
    // What is due in the past is looked at on the next tick, never in a bucket that was already passed.
    entry.slot = Math.max(Math.ceil(due / TICK_MS), this.#turned + 1)
    this.#bucket(entry.slot).add(entry)
    this.#size++
  }

  /** Forgets everything and stops the interval for good. */
  close(): void {
    this.#isClosed = true
    for (const bucket of this.#buckets) {
      for (const entry of bucket) entry.due = Infinity
      bucket.clear()
    }
    this.#size = 0
    this.#pauseWhenEmpty()
  }

  #remove(entry: Deadline): void {
    if (entry.due === Infinity) return
    this.#bucket(entry.slot).delete(entry)
    entry.due = Infinity
    this.#size--
  }

  #bucket(tick: number): Set<Deadline> {
    return this.#buckets[tick % BUCKETS] as Set<Deadline>
  }

  #start(): void {
    this.#turned = Math.floor(this.#clock.now() / TICK_MS)
    this.#stop = this.#clock.every(TICK_MS, () => {
      this.#turn()
    })
  }

  #pauseWhenEmpty(): void {
    if (this.#size > 0) return
    this.#stop?.()
    this.#stop = undefined
  }

  /** A process that slept catches up with at most one full turn. */
  #turn(): void {
    const now = this.#clock.now()
    const last = Math.floor(now / TICK_MS)
    const first = Math.max(this.#turned + 1, last - BUCKETS + 1)
    for (let tick = first; tick <= last; tick++) {
      this.#turned = tick
      this.#fire(this.#bucket(tick), now)
    }
    this.#pauseWhenEmpty()
  }

  #fire(bucket: Set<Deadline>, now: number): void {
    for (const entry of [...bucket]) {
      if (entry.due > now || !bucket.delete(entry)) continue
      entry.due = Infinity
      this.#size--
      entry.fire(now)
    }
  }
}
