/** Samples as charts and tables take them. Pure. */
import type { MetricsSample } from '@neo-stack/events'

/** Samples kept in memory. */
export const MAX_SAMPLES = 300

/** Adds a sample at the end; the oldest beyond the limit goes. */
export function addSample(samples: readonly MetricsSample[], sample: MetricsSample): readonly MetricsSample[] {
  return [...samples, sample].slice(-MAX_SAMPLES)
}

const units = ['B/s', 'kB/s', 'MB/s', 'GB/s'] as const

/** Bytes per second with a unit, in a language: `1,2 MB/s`. */
export function toRate(bytesPerSecond: number, language: string): string {
  const power = Math.min(units.length - 1, Math.abs(bytesPerSecond) < 1 ? 0 : Math.floor(Math.log10(Math.abs(bytesPerSecond)) / 3))
  const value = bytesPerSecond / 1000 ** power
  return `${value.toLocaleString(language, { maximumFractionDigits: power === 0 || Math.abs(value) >= 100 ? 0 : 1 })} ${units[power] ?? ''}`
}
