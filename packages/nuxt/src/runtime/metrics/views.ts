/** What a chart can show, and how its values are said. Pure. */
import type { Metrics } from '@neo-stack/events'
import { toRate } from './series.ts'

/** A figure of a sample. */
export type Figure = keyof Metrics

/** Views of a chart: figures that share an axis. */
export const views = {
  network: ['networkIn', 'networkOut'], usage: ['cpu', 'memory', 'disk'], instances: ['activeInstances'], uptime: ['uptime'],
} as const satisfies Record<string, readonly Figure[]>

/** See {@link views}. */
export type ViewId = keyof typeof views

/** The view that has a figure. */
export function viewOf(figure: string | undefined): ViewId {
  const found = Object.entries(views).find(([, figures]) => (figures as readonly string[]).includes(figure ?? ''))
  return found ? found[0] as ViewId : 'network'
}

/** How values are said: `toDuration` says seconds, `toPercent` hundredths. */
export interface ValueWords {
  language: string
  toDuration: (seconds: number) => string
  toPercent: (percentage: number) => string
}

/** A value of a view in its unit, in a language: `1,2 MB/s`, `43,5%`, `3`. */
export function toValueText(view: ViewId, value: number, { language, toDuration, toPercent }: ValueWords): string {
  if (view === 'network') return toRate(value, language)
  if (view === 'uptime') return toDuration(value)
  return view === 'usage' ? toPercent(value) : value.toLocaleString(language, { maximumFractionDigits: 1 })
}

/** The highest value that an axis of a view shows at least. */
export const atLeast: Readonly<Record<ViewId, number>> = { network: 1000, usage: 100, instances: 2, uptime: 60 }
