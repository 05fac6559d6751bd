/** The registry of this service: instruments are made by their name in the reference, so that no other can exist. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { inTime } from '../in-time.ts'
import { knownSeries, metricsReference, type MetricName } from './reference.ts'

type NameOf<Type extends string> = Extract<(typeof metricsReference)[number], { type: Type }>['name']

/** A registry, Node's own metrics included. */
export interface Instruments {
  counter: (name: NameOf<'counter'>) => Counter
  /** @param buckets upper bounds, in the unit of the metric */
  histogram: (name: NameOf<'histogram'>, buckets: readonly number[]) => Histogram
  /** A gauge that asks when it is read; where nobody answers in time it says so by being no number, and where `undefined` is answered it is not there. */
  gauge: (name: NameOf<'gauge'>, read: () => number | undefined | Promise<number | undefined>) => void
  /** A gauge with one label, asked when it is read; where nobody answers in time it is not there. */
  gauges: (name: NameOf<'gauge'>, read: () => Promise<Readonly<Record<string, number>>>) => void
  /** A gauge that says the same always. */
  info: (name: NameOf<'gauge'>, labels: Readonly<Record<string, string>>) => void
  contentType: string
  text: () => Promise<string>
}

/** A part that hangs says nothing, in this many milliseconds: whoever scrapes hears of everything else, and of a service that is up. */
const ANSWER_MS = 1500

/** Makes an empty registry. */
export function createInstruments({ answerWithinMs = ANSWER_MS }: { answerWithinMs?: number } = {}): Instruments {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const of = (name: MetricName): { name: string, help: string, labelNames: string[], registers: Registry[] } => {
    const { help, labels } = metricsReference.find(metric => metric.name === name) ?? { help: name, labels: [] }
    return { name, help, labelNames: [...labels], registers: [registry] }
  }
  return {
    counter: name => {
      const counter = new Counter(of(name))
      for (const labels of knownSeries[name] ?? []) counter.inc(labels, 0)
      return counter
    },
    histogram: (name, buckets) => new Histogram({ ...of(name), buckets: [...buckets] }),
    gauge: (name, read) => {
      new Gauge({ ...of(name), async collect() {
        const value = await inTime(answerWithinMs, Promise.resolve().then(read).catch(() => Number.NaN), () => Number.NaN)
        if (value === undefined) this.remove()
        else this.set(value)
      } })
    },
    gauges: (name, read) => {
      const options = of(name)
      new Gauge({ ...options, async collect() {
        const figures = await inTime<Readonly<Record<string, number>>>(answerWithinMs, read().catch(() => ({})), () => ({}))
        this.reset()
        for (const [value, figure] of Object.entries(figures)) this.set({ [options.labelNames[0] ?? '']: value }, figure)
      } })
    },
    info: (name, labels) => { new Gauge(of(name)).set({ ...labels }, 1) },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  }
}
