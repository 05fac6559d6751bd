/** When a rule would have fired: it is played over samples of the past. Pure. */

import type { AlertRule, AlertRulePreview, Metrics } from '@neo-stack/events'
import { judge, toSeconds, type RuleState } from './rules.ts'

/** A point of the past; `low` and `high` where it stands for several samples, of `step` seconds. */
export interface PastPoint extends Metrics {
  at: number
  low?: Metrics | undefined
  high?: Metrics | undefined
}

/**
 * Plays a rule. A point that stands for several samples counts with its extreme when one sample would fire the rule, else with its
 * calmest: then all of them were beyond the threshold.
 * @param points oldest first
 */
export function replay(rule: AlertRule, points: readonly PastPoint[], step: number): AlertRulePreview['fired'] {
  const isAbove = rule.op === '>' || rule.op === '>='
  const isExtreme = toSeconds(rule.for) < step
  let state: RuleState = { state: 'ok' }
  let before: { at: number, metrics: Metrics } | undefined
  const fired: AlertRulePreview['fired'] = []
  for (const point of points) {
    const metrics = rule.kind === 'rate' ? point : (isAbove === isExtreme ? point.high : point.low) ?? point
    const verdict = judge(rule, state, { at: point.at, metrics, before, newId: () => '' })
    before = { at: point.at, metrics }
    state = verdict.state
    const time = new Date(point.at * 1000).toISOString()
    const last = fired.at(-1)
    if (verdict.change === 'fired') fired.push({ from: time, value: verdict.value ?? 0 })
    else if (verdict.change === 'resolved' && last) last.to = time
  }
  return fired
}
