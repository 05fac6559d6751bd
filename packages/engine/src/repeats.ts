/** First results by idempotency key. All live equally long, so the oldest is always the first to go. */
import type { PublishResult } from './broker.ts'
import type { Deadline, Wheel } from './wheel.ts'

/** How long a key is remembered, in milliseconds. */
const REMEMBER_MS = 300_000

/** Remembered results; its own deadline in a wheel. */
export class Repeats implements Deadline {
  due: number = Infinity
  slot: number = 0
  readonly #wheel: Wheel
  readonly #results = new Map<string, { readonly result: PublishResult, readonly until: number }>()

  constructor(wheel: Wheel) {
    this.#wheel = wheel
  }

  /** The remembered result, or the one of `first`. */
  once(key: string, now: number, first: () => PublishResult): PublishResult {
    const known = this.#results.get(key)
    if (known && known.until > now) return known.result
    this.#results.delete(key)
    const result = first()
    this.#results.set(key, { result, until: now + REMEMBER_MS })
    if (this.due === Infinity) this.#wheel.set(this, now + REMEMBER_MS)
    return result
  }

  fire(now: number): void {
    for (const [key, { until }] of this.#results) {
      if (until > now) return this.#wheel.set(this, until)
      this.#results.delete(key)
    }
  }

  clear(): void {
    this.#results.clear()
  }
}
