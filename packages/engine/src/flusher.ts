/** Flushes every connection that has something to send once per turn of the event loop, after all input of that turn was handled. */
import { Batch } from './batch.ts'
import type { Codec } from './codec.ts'

/** Connections flushed before the loop gets a breath. */
const SLICE = 1_000

/** Something with a batch to send. */
export interface Flushable {
  flush(): void
}

/** Collects connections and flushes them in slices. */
export class Flusher {
  #waiting: Flushable[] = []
  #roots = new Map<Codec, Batch>()
  #isScheduled = false

  /** An empty batch, the same for all connections of this turn. */
  root(codec: Codec): Batch {
    let root = this.#roots.get(codec)
    if (!root) this.#roots.set(codec, root = new Batch(codec))
    return root
  }

  /** Must be called once per connection and turn. */
  add(connection: Flushable): void {
    this.#waiting.push(connection)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => { this.#flush() })
  }

  #flush(): void {
    this.#isScheduled = false
    const slice = this.#waiting.length > SLICE ? this.#waiting.splice(0, SLICE) : this.#waiting
    if (slice === this.#waiting) {
      this.#waiting = []
      this.#roots = new Map()
    } else this.#schedule()
    for (const connection of slice) connection.flush()
  }
}
