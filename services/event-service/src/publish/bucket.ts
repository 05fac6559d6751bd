/** Token buckets: so much per second, twice that at once. What costs more than there is leaves a debt that later calls wait for. Pure. */

/** Tokens left (less than none is a debt) and when that was counted, in milliseconds. */
export interface Bucket {
  tokens: number
  at: number
}

/** Seconds of the rate that may be used at once. */
const BURST_SECONDS = 2

/** What taking said. */
export interface Taken {
  bucket: Bucket
  isAllowed: boolean
  /** Whole tokens left, not below 0. */
  remaining: number
  /** Seconds until something may be taken again; 0 when it may be now. */
  retryAfter: number
}

/** Takes `cost` at a moment; a bucket that was not there is full. A clock that went back gives nothing. */
export function take(bucket: Bucket | undefined, { rate, cost, now }: { rate: number, cost: number, now: number }): Taken {
  const full = rate * BURST_SECONDS
  const filled = bucket ? Math.min(full, bucket.tokens + Math.max(0, now - bucket.at) * rate / 1000) : full
  const isAllowed = filled > 0
  const tokens = isAllowed ? filled - cost : filled
  const retryAfter = tokens > 0 ? 0 : Math.max(1, Math.ceil((1 - tokens) / rate))
  return { bucket: { tokens, at: now }, isAllowed, remaining: Math.max(0, Math.floor(tokens)), retryAfter }
}
