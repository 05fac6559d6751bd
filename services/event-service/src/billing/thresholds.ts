/** The ladder of usage thresholds. Pure: what is crossed follows from what is triggered already and the new percentage. */

import type { UsageReported } from '@neo-stack/events'

/** Percent of the limit at which usage is worth a word. */
export const LADDER: readonly number[] = [50, 80, 90, 100, 120]

/** Usage must fall this many points below a threshold before it counts as resolved: around the threshold nothing flaps. */
const CLEAR_POINTS = 2

/** One threshold that was crossed, upwards (`triggered`) or back (`resolved`). */
export type Crossing = UsageReported['crossed'][number]

/** What a new percentage leads to. */
export interface Step {
  /** In the order a person would meet them: rising upwards, falling downwards. */
  crossed: Crossing[]
  /** Thresholds that are triggered afterwards, rising. */
  triggered: number[]
}

/**
 * Goes up or down the ladder: each threshold is triggered once when it is reached and resolved once when usage is clearly below.
 * @param triggered thresholds that are triggered now
 * @param percentage usage in percent of the limit
 */
export function climb(triggered: readonly number[], percentage: number, ladder: readonly number[] = LADDER): Step {
  const rising = [...ladder].sort((a, b) => a - b)
  const known = new Set(triggered)
  const up = rising.filter(threshold => !known.has(threshold) && percentage >= threshold)
  const down = [...known].filter(threshold => percentage < threshold - CLEAR_POINTS || !ladder.includes(threshold)).sort((a, b) => b - a)
  const gone = new Set(down)
  return {
    crossed: [...down.map(threshold => ({ threshold, state: 'resolved' as const })), ...up.map(threshold => ({ threshold, state: 'triggered' as const }))],
    triggered: [...[...known].filter(threshold => !gone.has(threshold)), ...up].sort((a, b) => a - b),
  }
}
