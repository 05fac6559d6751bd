/** Token buckets by key: so many per second, so many at once. Time is what is given; no timer, and what is full again is forgotten. */

/** How often something may happen. */
export interface Rate {
  readonly perSecond: number
  /** How many at once after a pause. @default perSecond, 1 at least */
  readonly burst?: number
}

interface Bucket {
  left: number
  at: number
}

/** Full buckets are swept when this many keys are known, then at every doubling of what is left. */
const FIRST_SWEEP = 1_024

/** Buckets of one rate. */
export class Rates {
  readonly #perMs: number
  readonly #burst: number
  readonly #buckets = new Map<string, Bucket>()
  #sweepAt = FIRST_SWEEP

  constructor({ perSecond, burst = Math.max(1, perSecond) }: Rate) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
  }

  /** Number of keys that are not at rest. */
  get size(): number {
    return this.#buckets.size
  }

  /** Whether it may happen once more now; then it counts. */
  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? this.#open(key, now)
    bucket.left = this.#leftOf(bucket, now)
    bucket.at = now
    if (bucket.left < 1) return false
    bucket.left--
    return true
  }

  #open(key: string, now: number): Bucket {
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(now)
    const bucket = { left: this.#burst, at: now }
    this.#buckets.set(key, bucket)
    return bucket
  }

  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) if (this.#leftOf(bucket, now) >= this.#burst) this.#buckets.delete(key)
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#buckets.size * 2)
  }

  #leftOf({ left, at }: Bucket, now: number): number {
    return Math.min(this.#burst, left + Math.max(0, now - at) * this.#perMs)
  }
}
