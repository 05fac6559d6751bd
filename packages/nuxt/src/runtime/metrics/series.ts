/** Samples as charts and tables take them. Pure. */
import type { MetricsSample } from '@neo-stack/events'

/** Seconds the chart shows. */
export const CHART_SECONDS = 60

/** Samples kept in memory. */
export const MAX_SAMPLES = 300

/** Adds a sample at the end; the oldest beyond the limit goes. */
export function addSample(samples: readonly MetricsSample[], sample: MetricsSample): readonly MetricsSample[] {
  return [...samples, sample].slice(-MAX_SAMPLES)
}

/**
 * Columns time, in and out (bytes per second) of the last {@link CHART_SECONDS} up to the newest sample; a second without a
 * sample is `null`, so that a line has a gap there.
 */
export function toNetworkColumns(samples: readonly MetricsSample[]): [number[], (number | null)[], (number | null)[]] {
  const newest = samples.at(-1)?.at
  if (newest === undefined) return [[], [], []]
  const byTime = new Map(samples.map(sample => [sample.at, sample]))
  const oldest = Math.max(newest - CHART_SECONDS + 1, samples[0]?.at ?? newest)
  const times = Array.from({ length: newest - oldest + 1 }, (_, index) => oldest + index)
  return [times, times.map(at => byTime.get(at)?.networkIn ?? null), times.map(at => byTime.get(at)?.networkOut ?? null)]
}

const units = ['B/s', 'kB/s', 'MB/s', 'GB/s'] as const

/** Bytes per second with a unit, in a language: `1,2 MB/s`. */
export function toRate(bytesPerSecond: number, language: string): string {
  const power = Math.min(units.length - 1, bytesPerSecond < 1 ? 0 : Math.floor(Math.log10(bytesPerSecond) / 3))
  const value = bytesPerSecond / 1000 ** power
  return `${value.toLocaleString(language, { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 })} ${units[power] ?? ''}`
}
