/** Ranges of a chart and how past and live samples become one series. Pure. */
import type { MetricsSample } from '@neo-stack/events'
import type { Figure } from './views.ts'

/** A range that can be picked, with how far it goes back in seconds; `live` is the last {@link LIVE_POINTS} samples, whenever they came. */
export const ranges = { live: 0, m5: 300, m30: 1800, h3: 10_800, h24: 86_400, d7: 604_800, d30: 2_592_000 } as const

/** See {@link ranges}. */
export type RangeId = keyof typeof ranges

/** Samples of the range `live`. */
export const LIVE_POINTS = 20

/** Seconds without a sample that are a gap: longer than the period of who is not looked at. */
const GAP_SECONDS = 12

/** A range in seconds since the Unix epoch, both included. */
export interface Span {
  from: number
  to: number
}

/** What was read of the past: points `step` seconds wide. */
export interface Past {
  samples: readonly MetricsSample[]
  step: number
}

/**
 * The series of a range: what was read, then what came live since, without hole or overlap. A live sample belongs to a point that was
 * read already or stands behind the last one.
 * @param span where it is cut; a span without live samples is one of the past
 */
export function joinSeries(past: Past, live: readonly MetricsSample[], span: Span): readonly MetricsSample[] {
  const last = past.samples.at(-1)
  const next = last ? last.at + past.step : Number.NEGATIVE_INFINITY
  const joined = [...past.samples, ...live.filter(({ at }) => at >= next)]
  return joined.filter(({ at }) => at > span.from - past.step && at <= span.to)
}

/** Columns for a chart: the time, then each figure; where samples are missing the line has a gap. */
export type Columns = [number[], ...(number | null)[][]]

/** Columns of some figures. A place without samples for longer than their period is `null` there. */
export function toColumns(samples: readonly MetricsSample[], figures: readonly Figure[], step = 1): Columns {
  const times: number[] = []
  const lines = figures.map((): (number | null)[] => [])
  const gap = Math.max(GAP_SECONDS, step * 2)
  for (const sample of samples) {
    const before = times.at(-1)
    if (before !== undefined && sample.at - before > gap) {
      times.push(before + step)
      for (const line of lines) line.push(null)
    }
    times.push(sample.at)
    figures.forEach((figure, index) => { lines[index]?.push(sample[figure]) })
  }
  return [times, ...lines]
}

const figures = ['cpu', 'memory', 'disk', 'networkIn', 'networkOut', 'activeInstances', 'uptime'] as const satisfies readonly Figure[]

/** Samples as CSV (RFC 4180): the time in ISO 8601, then each figure in its unit. */
export function toCsv(samples: readonly MetricsSample[]): string {
  const rows = samples.map(sample => [new Date(sample.at * 1000).toISOString(), ...figures.map(figure => String(sample[figure]))].join(','))
  return `${[['time', ...figures].join(','), ...rows].join('\r\n')}\r\n`
}

/** Zooms a span around a place by a factor (below 1 into it), never under ten seconds. */
export function zoomSpan({ from, to }: Span, at: number, factor: number): Span {
  const width = Math.max(10, (to - from) * factor)
  const part = to > from ? (at - from) / (to - from) : 0.5
  const start = Math.round(at - width * part)
  return { from: start, to: Math.round(start + width) }
}
