/** When a rule would have fired: it is played over samples of the past. Pure. */

import type { AlertRule, AlertRulePreview, Metrics } from '@neo-stack/events'
import { absentAfter, judge, toSeconds, type RuleState } from './rules.ts'

/** A point of the past; `low` and `high` where it stands for several samples, of `step` seconds. */
export interface PastPoint extends Metrics {
  at: number
  low?: Metrics | undefined
  high?: Metrics | undefined
}

/**
 * Plays a rule. A point that stands for several samples counts with its extreme when one sample would fire the rule, else with its
 * calmest: then all of them were beyond the threshold.
 * @param points oldest first, of the span `over`
 */
export function replay(rule: AlertRule, points: readonly PastPoint[], { step, over }: { step: number, over: { from: number, to: number } }): AlertRulePreview['fired'] {
  const limit = absentAfter(rule)
  return limit === undefined ? replaySamples(rule, points, step) : findAbsences(points, { limit, step, over })
}

/** Spans without a sample for longer than `limit`; the one before the first sample does not count: the tenant may be new. */
function findAbsences(points: readonly PastPoint[], { limit, step, over }: { limit: number, step: number, over: { from: number, to: number } }): AlertRulePreview['fired'] {
  const toTime = (at: number): string => new Date(at * 1000).toISOString()
  const starts = points.length === 0 ? [over.from] : points.map(({ at }) => at + step - 1)
  return starts.flatMap((last, index) => {
    const next = points[index + 1]?.at
    const gap = (next ?? over.to) - last
    return gap <= limit ? [] : [{ from: toTime(last + limit), value: gap, ...next !== undefined && { to: toTime(next) } }]
  })
}

function replaySamples(rule: AlertRule, points: readonly PastPoint[], step: number): AlertRulePreview['fired'] {
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
