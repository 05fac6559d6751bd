/** When a rule fires and when it is over. Pure: a state and a sample give the next state. */

import type { AlertRule, Metrics } from '@neo-stack/events'

/** Where a rule stands; times in seconds since the Unix epoch, by the samples' own clock. `changes` are the latest ones' times. */
export type RuleState = { changes?: readonly number[] } & (
  | { state: 'ok' }
  | { state: 'pending', since: number }
  /** `calmSince`: it flaps, and since then the figure is back; it is over when it stays so for {@link FLAPPING_SECONDS}. */
  | { state: 'firing', since: number, alertId: string, isFlapping?: boolean, calmSince?: number }
)

/** A change that people hear of. */
export type RuleChange = { change: 'fired' | 'repeated' | 'resolved' | 'flapping', alertId: string, value: number }

/** A sample as rules see it; `before` is the one before it, for rates. */
export interface Seen {
  at: number
  metrics: Metrics
  before?: { at: number, metrics: Metrics } | undefined
  newId: () => string
}

/** This many changes within {@link FLAPPING_SECONDS} become one alert that lasts. */
const FLAPPING_CHANGES = 4
const FLAPPING_SECONDS = 600

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

/** Below this, in seconds, samples that are only late would be missed. */
const MIN_ABSENT_SECONDS = 5
/** Nobody is told more often, in seconds. */
const MIN_REPEAT_SECONDS = 60

/** How long samples may be missing before an absence rule fires, in whole seconds; `undefined` for other rules. */
export function absentAfter({ kind, for: duration }: Pick<AlertRule, 'kind' | 'for'>): number | undefined {
  return kind === 'absence' ? Math.max(MIN_ABSENT_SECONDS, Math.ceil(toSeconds(duration))) : undefined
}

/** For so long, in seconds, nothing is missed after somebody began to look: while nobody was there samples had no way in. */
export const MIN_GRACE_SECONDS = 30

/**
 * For how many seconds a rule of absence misses samples; `undefined` when that is not long enough to fire, or when whoever judges has
 * not looked for as long itself. All in seconds since the Unix epoch; `newest` is the newest sample's, `lookingSince` when the judge began.
 */
export function absentSeconds(rule: Pick<AlertRule, 'kind' | 'for'>, { at, newest, lookingSince }: { at: number, newest: number | undefined, lookingSince: number }): number | undefined {
  const limit = absentAfter(rule)
  if (limit === undefined || at - lookingSince < Math.max(limit, MIN_GRACE_SECONDS)) return undefined
  const absent = newest === undefined ? limit : at - newest
  return absent >= limit ? absent : undefined
}

/** How often a firing rule is told again, in seconds; `undefined`: once. */
export function repeatAfter({ repeat }: Pick<AlertRule, 'repeat'>): number | undefined {
  return repeat === undefined ? undefined : Math.max(MIN_REPEAT_SECONDS, toSeconds(repeat))
}

/** What a rule compares: the figure, or how much it grew per second since the sample before. `undefined` when there is nothing to compare. */
export function toValue({ metric, kind }: Pick<AlertRule, 'metric' | 'kind'>, { at, metrics, before }: Pick<Seen, 'at' | 'metrics' | 'before'>): number | undefined {
  if (kind !== 'rate') return metrics[metric]
  return before && at > before.at ? (metrics[metric] - before.metrics[metric]) / (at - before.at) : undefined
}

type Verdict = { state: RuleState } & Partial<RuleChange>

/**
 * The next state after a sample. An alert that fires is over only when the figure has come back over the threshold by the rule's
 * hysteresis, so that a figure that trembles at the threshold is one alert; one that changes too often stays until it is calm.
 */
export function judge(rule: AlertRule, before: RuleState, seen: Seen): Verdict {
  const { at, newId } = seen
  if (rule.kind === 'absence') return judgeAbsence(rule, before, seen)
  const value = toValue(rule, seen)
  if (value === undefined) return { state: before }
  if (before.state === 'firing') return isOver(rule, value) ? settle(before, { at, value }) : { state: withoutCalm(before) }
  const memory = before.changes && { changes: before.changes }
  if (!isTrue(rule, value)) return { state: { state: 'ok', ...memory } }
  const since = before.state === 'pending' ? before.since : at
  return at >= dueAt(rule, since) ? fire(before, { at, value, newId }) : { state: { state: 'pending', since, ...memory } }
}

/** A sample ends an absence. One that flaps is over after samples came for long enough without a gap. */
function judgeAbsence(rule: AlertRule, before: RuleState, { at, before: previous }: Seen): Verdict {
  if (before.state !== 'firing') return { state: { state: 'ok', ...before.changes && { changes: before.changes } } }
  const isGap = previous !== undefined && at - previous.at >= (absentAfter(rule) ?? 0)
  return settle(isGap ? withoutCalm(before) : before, { at, value: at - before.since })
}

/** What firing makes of a rule. */
export function fire({ changes }: RuleState, { at, value, newId }: { at: number, value: number, newId: () => string }): { state: RuleState } & RuleChange {
  const alertId = newId()
  return { state: { state: 'firing', since: at, alertId, changes: remember(changes, at) }, change: 'fired', alertId, value }
}

type Firing = Extract<RuleState, { state: 'firing' }>

/** The figure is back: the alert is over, unless it came and went too often. */
function settle(before: Firing, { at, value }: { at: number, value: number }): Verdict {
  const { alertId } = before
  const changes = remember(before.changes, at)
  if (before.isFlapping) {
    const calmSince = before.calmSince ?? at
    return at - calmSince >= FLAPPING_SECONDS
      ? { state: { state: 'ok', changes: [at] }, change: 'resolved', alertId, value }
      : { state: { ...before, calmSince } }
  }
  if (changes.length >= FLAPPING_CHANGES) return { state: { ...before, changes, isFlapping: true, calmSince: at }, change: 'flapping', alertId, value }
  return { state: { state: 'ok', changes }, change: 'resolved', alertId, value }
}

function withoutCalm({ calmSince: _calm, ...state }: Firing): Firing {
  return state
}

const remember = (changes: readonly number[] = [], at: number): number[] => [...changes.filter(one => one > at - FLAPPING_SECONDS), at]

function isTrue({ op, threshold }: AlertRule, value: number): boolean {
  if (op === '>') return value > threshold
  if (op === '>=') return value >= threshold
  return op === '<' ? value < threshold : value <= threshold
}

function isOver(rule: AlertRule, value: number): boolean {
  const isAbove = rule.op === '>' || rule.op === '>='
  return !isTrue({ ...rule, threshold: rule.threshold + (isAbove ? -rule.hysteresis : rule.hysteresis) }, value)
}
