/** The tiers samples are kept in, and which of them answers a question. Pure. */

import type { Metrics } from '@neo-stack/events'

/** A tier: the width of its points and how long they are kept, in seconds. */
export interface Tier {
  step: number
  keep: number
}

const HOUR = 3600
const DAY = 86_400

/** From fine to coarse. Each step divides the next one's. */
export const TIERS: readonly [Tier, Tier, Tier, Tier] = [{ step: 1, keep: 6 * HOUR }, { step: 10, keep: 48 * HOUR }, { step: 60, keep: 30 * DAY }, { step: HOUR, keep: 400 * DAY }]

/** The figures of a sample in the order in which the tiers keep them; `isLevel`: their average says nothing, the last one stands. */
export const FIGURES: readonly { name: keyof Metrics, column: string, isLevel?: true }[] = [
  { name: 'cpu', column: 'cpu' }, { name: 'memory', column: 'memory' }, { name: 'disk', column: 'disk' }, { name: 'networkIn', column: 'network_in' },
  { name: 'networkOut', column: 'network_out' }, { name: 'activeInstances', column: 'active_instances', isLevel: true }, { name: 'uptime', column: 'uptime', isLevel: true },
]

/** The most points of an answer. */
const MAX_POINTS = 2000

/** The tier for a range and the width of a point, which is a multiple of the tier's: all in seconds, `from` and `to` included. */
export function pickTier({ from, to, step: asked = 1 }: { from: number, to: number, step?: number | undefined }, now: number): { tier: Tier, step: number } {
  const seconds = to - from + 1
  const fits = TIERS.find(({ step, keep }) => from >= now - keep && seconds <= step * MAX_POINTS)
  const tier = fits ?? TIERS[3]
  return { tier, step: Math.ceil(Math.max(asked, seconds / MAX_POINTS, tier.step) / tier.step) * tier.step }
}
