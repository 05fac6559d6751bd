/** Progress and expected end from the weights of a plan. Pure. */

import type { NextStep } from '@neo-stack/events'
import type { PlanStep } from './steps.ts'

/** Share of the plan's weight that the expected pace counts for against the measured one. */
const PRIOR_SHARE = 0.1
/** What an event may carry. */
const MAX_NEXT_STEPS = 20

/** What has been measured in this run. */
export interface Pace {
  /** Expected seconds per second of weight before anything was measured. */
  expected: number
  /** Weight carried out in this run. */
  weight: number
  /** Milliseconds that took. */
  elapsed: number
}

/** Weight of a whole plan, in seconds. */
export function totalWeight(plan: readonly PlanStep[]): number {
  return plan.reduce((sum, step) => sum + step.weight, 0)
}

/** Seconds that steps should take by the catalogue's figures, before anything was measured. */
export function expectedSeconds(steps: readonly PlanStep[], { expected }: Pick<Pace, 'expected'>): number {
  return Math.round(totalWeight(steps) * expected * 10) / 10
}

/**
 * Percent of a plan that is done, 0 to 99: 100 is said by the completion only.
 * @param index the running step
 * @param fraction how much of it is done, 0 to 1
 */
export function toProgress(plan: readonly PlanStep[], index: number, fraction = 0): number {
  const done = totalWeight(plan.slice(0, index)) + (plan[index]?.weight ?? 0) * Math.min(1, Math.max(0, fraction))
  return Math.min(99, Math.floor((100 * done) / totalWeight(plan)))
}

/** When the rest of a plan should be done, as ISO time. */
export function estimateEnd(plan: readonly PlanStep[], index: number, options: { pace: Pace, now: number }): string {
  const { pace, now } = options
  const prior = totalWeight(plan) * PRIOR_SHARE
  const perWeight = (prior * pace.expected + pace.elapsed / 1000) / (prior + pace.weight)
  return new Date(now + Math.round(totalWeight(plan.slice(index)) * perWeight * 1000)).toISOString()
}

/** The steps to come, as next steps. */
export function stepsToCome(plan: readonly PlanStep[], index: number): NextStep[] {
  return toNamed(plan.slice(index + 1, index + 1 + MAX_NEXT_STEPS))
}

/** Steps as events name them. */
export function toNamed(steps: readonly PlanStep[]): NextStep[] {
  return steps.map(({ id, params }) => ({ id, params }))
}
