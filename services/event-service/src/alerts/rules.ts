/** When a rule fires and when it is over. Pure: a state and a sample give the next state. */

import type { AlertRule, Metrics } from '@neo-stack/events'

/** Where a rule stands; `since` in seconds since the Unix epoch, by the samples' own clock. */
export type RuleState =
  | { state: 'ok' }
  | { state: 'pending', since: number }
  | { state: 'firing', since: number, alertId: string }

/** A change that people hear of. */
export type RuleChange = { change: 'fired' | 'resolved', alertId: string, value: number }

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const

/** A rule's `for` in seconds. */
export function toSeconds(duration: string): number {
  const [, count = '0', unit = 's'] = /^(\d+)(ms|s|m|h)$/.exec(duration) ?? []
  return Number(count) * UNITS[unit as keyof typeof UNITS]
}

/** When a pending rule is due to fire, in seconds since the Unix epoch. */
export function dueAt({ for: duration }: Pick<AlertRule, 'for'>, since: number): number {
  return since + toSeconds(duration)
}

/**
 * The next state after a sample. An alert that fires is over only when the figure has come back over the threshold by the rule's
 * hysteresis, so that a figure that trembles at the threshold is one alert.
 */
export function judge(rule: AlertRule, before: RuleState, { at, metrics, newId }: { at: number, metrics: Metrics, newId: () => string }): { state: RuleState } & Partial<RuleChange> {
  const value = metrics[rule.metric]
  if (before.state === 'firing') {
    return isOver(rule, value) ? { state: { state: 'ok' }, change: 'resolved', alertId: before.alertId, value } : { state: before }
  }
  if (!isTrue(rule, value)) return { state: { state: 'ok' } }
  const since = before.state === 'pending' ? before.since : at
  return at >= dueAt(rule, since) ? fire({ at, value, newId }) : { state: { state: 'pending', since } }
}

/** What firing makes of a rule. */
export function fire({ at, value, newId }: { at: number, value: number, newId: () => string }): { state: RuleState } & RuleChange {
  const alertId = newId()
  return { state: { state: 'firing', since: at, alertId }, change: 'fired', alertId, value }
}

function isTrue({ op, threshold }: AlertRule, value: number): boolean {
  if (op === '>') return value > threshold
  if (op === '>=') return value >= threshold
  return op === '<' ? value < threshold : value <= threshold
}

function isOver(rule: AlertRule, value: number): boolean {
  const isAbove = rule.op === '>' || rule.op === '>='
  return !isTrue({ ...rule, threshold: rule.threshold + (isAbove ? -rule.hysteresis : rule.hysteresis) }, value)
}
