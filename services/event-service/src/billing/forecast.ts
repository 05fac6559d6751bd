/** When a limit will be reached, by the straight line through the last days of usage (least squares). Pure. */

/** Days that the line is drawn through. */
export const FORECAST_DAYS = 7

/** Less than this says nothing of a trend, in milliseconds. */
const MIN_SPAN_MS = 3_600_000

/** Further away than this nobody plans, in milliseconds. */
const MAX_AHEAD_MS = 365 * 86_400_000

/** Usage at a moment. */
export interface UsagePoint {
  /** Milliseconds since the Unix epoch. */
  at: number
  used: number
}

/**
 * Tells when usage will reach the limit.
 * @param points in any order; those older than seven days are left out
 * @returns milliseconds since the Unix epoch; `undefined` where usage does not grow, the limit is reached already, or too little is known
 */
export function forecastFull(points: readonly UsagePoint[], { limit, now }: { limit: number, now: number }): number | undefined {
  const recent = points.filter(({ at }) => at > now - FORECAST_DAYS * 86_400_000 && at <= now).sort((a, b) => a.at - b.at)
  const [first, last] = [recent[0], recent.at(-1)]
  if (!first || !last || last.at - first.at < MIN_SPAN_MS || last.used >= limit) return undefined
  const slope = slopeOf(recent)
  if (slope <= 0) return undefined
  const full = last.at + (limit - last.used) / slope
  return full - now > MAX_AHEAD_MS ? undefined : Math.max(full, now)
}

/** Growth per millisecond. */
function slopeOf(points: readonly UsagePoint[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [at, used] = [mean(points.map(point => point.at)), mean(points.map(point => point.used))]
  const above = points.reduce((sum, point) => sum + (point.at - at) * (point.used - used), 0)
  const below = points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)
  return above / below
}
