/** The ladder of usage thresholds. Pure: what is crossed follows from what is triggered already and the new usage. */

import type { UsageReported, UsageStep } from '@neo-stack/events'

/** Where usage is worth a word, unless the tenant says otherwise. */
export const LADDER: readonly UsageStep[] = [50, 80, 90, 100, 120].map(value => ({ unit: 'percent', value }))

/** Usage must fall this many points of the limit below a threshold before it counts as resolved: around the threshold nothing flaps. */
const CLEAR_POINTS = 2

/** One threshold that was crossed, upwards (`triggered`) or back (`resolved`). */
export type Crossing = UsageReported['crossed'][number]

/** Usage of a resource, in its own unit. */
export interface Usage {
  used: number
  limit: number
}

/** What new usage leads to. */
export interface Step {
  /** In the order a person would meet them: rising upwards, falling downwards. */
  crossed: Crossing[]
  /** Names of the thresholds that are triggered afterwards, rising. */
  triggered: string[]
}

/** Name of a threshold: `80%` of the limit, `500` in the resource's unit. */
export function nameOf({ unit, value }: UsageStep): string {
  return unit === 'percent' ? `${value}%` : String(value)
}

/** Where a threshold stands, in percent of the limit. */
export function percentOf({ unit, value }: UsageStep, limit: number): number {
  return unit === 'percent' ? value : value * 100 / limit
}

/**
 * Goes up or down the ladder: each threshold is triggered once when it is reached and resolved once when usage is clearly below, or
 * when it left the ladder.
 * @param triggered names of the thresholds that are triggered now
 */
export function climb(triggered: readonly string[], { used, limit }: Usage, ladder: readonly UsageStep[] = LADDER): Step {
  const percentage = used * 100 / limit
  const at = (step: UsageStep): number => percentOf(step, limit)
  const rising = [...ladder].sort((a, b) => at(a) - at(b))
  const names = new Set(ladder.map(nameOf))
  const up = rising.filter(step => !triggered.includes(nameOf(step)) && isReached(step, used, percentage))
  const down = triggered.map(toStep).filter(step => !names.has(nameOf(step)) || percentage < at(step) - CLEAR_POINTS).sort((a, b) => at(b) - at(a))
  const after = [...triggered.map(toStep).filter(step => !down.some(one => nameOf(one) === nameOf(step))), ...up].sort((a, b) => at(a) - at(b))
  return { crossed: [...down.map(step => toCrossing(step, 'resolved')), ...up.map(step => toCrossing(step, 'triggered'))], triggered: after.map(nameOf) }
}

function isReached({ unit, value }: UsageStep, used: number, percentage: number): boolean {
  return (unit === 'percent' ? percentage : used) >= value
}

function toStep(name: string): UsageStep {
  return name.endsWith('%') ? { unit: 'percent', value: Number(name.slice(0, -1)) } : { unit: 'absolute', value: Number(name) }
}

const toCrossing = ({ unit, value }: UsageStep, state: Crossing['state']): Crossing => ({ threshold: value, unit, state })
