/** How long to wait before trying again: doubling with jitter, so that many clients do not return in the same moment. */

/** Bounds of a backoff. */
export interface BackoffOptions {
  /** Longest wait before the first retry, in milliseconds. @default 500 */
  baseMs?: number
  /** Longest wait ever, in milliseconds. @default 20000 */
  maxMs?: number
  /** A number in [0, 1). @default Math.random */
  random?: () => number
}

/** Wait before retry number `attempt` (0, 1, 2 …) in milliseconds: between half of and the whole doubled step. */
export function toBackoffMs(attempt: number, { baseMs = 500, maxMs = 20_000, random = Math.random }: BackoffOptions = {}): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(step * (0.5 + random() / 2))
}
