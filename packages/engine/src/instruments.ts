/** Counters, gauges and histograms with labels, written as Prometheus text. A series is found once and then counts by a field. */

/** One series of a counter or gauge. */
export interface Series {
  value: number
}

/** Bounds in seconds for what takes microseconds to seconds, as Centrifugo has them. */
export const DURATIONS: readonly number[] = [0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What a family is made from. */
export interface FamilyOptions {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** Something that can be written. */
export interface Writable {
  text(): string
}

/** Counters or gauges of one name. */
export class Family implements Writable {
  readonly #options: FamilyOptions
  readonly #type: 'counter' | 'gauge'
  readonly #series = new Map<string, Series>()

  constructor(type: 'counter' | 'gauge', options: FamilyOptions) {
    this.#type = type
    this.#options = options
  }

  /** The series with these label values; the same object each time. */
  of(...values: readonly string[]): Series {
    const key = values.length === 1 ? values[0] ?? '' : values.join('\n')
    let series = this.#series.get(key)
    if (!series) this.#series.set(key, series = { value: 0 })
    return series
  }

  text(): string {
    const { name, help, labels = [] } = this.#options
    const lines = [...this.#series].map(([key, { value }]) => `${name}${labelText(labels, key.split('\n'))} ${value}`)
    return `# HELP ${name} ${help}\n# TYPE ${name} ${this.#type}\n${lines.map(line => `${line}\n`).join('')}`
  }
}

/** One series of a histogram. */
class Buckets {
  readonly counts: number[]
  count: number = 0
  sum: number = 0
  readonly #bounds: readonly number[]

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.count++
    this.sum += value
    for (let at = 0; at < this.#bounds.length; at++) {
      if (value > (this.#bounds[at] ?? 0)) continue
      this.counts[at] = (this.counts[at] ?? 0) + 1
      return
    }
  }
}

/** Remembers what was made for two names: series are found by their labels once, not at every event. */
export function pairs<T>(make: (first: string, second: string) => T): (first: string, second: string) => T {
  const known = new Map<string, Map<string, T>>()
  return (first, second) => {
    let ofFirst = known.get(first)
    if (!ofFirst) known.set(first, ofFirst = new Map())
    let found = ofFirst.get(second)
    if (found === undefined) ofFirst.set(second, found = make(first, second))
    return found
  }
}

/** Histograms of one name, and the summary of the same observations where the older name is still read. */
export class Histogram implements Writable {
  readonly #options: FamilyOptions & { readonly bounds: readonly number[], readonly summaryName?: string }
  readonly #series = new Map<string, Buckets>()

  constructor(options: FamilyOptions & { readonly bounds: readonly number[], readonly summaryName?: string }) {
    this.#options = options
  }

  /** The series with these label values; the same object each time. */
  of(...values: readonly string[]): Buckets {
    const key = values.join('\n')
    let series = this.#series.get(key)
    if (!series) this.#series.set(key, series = new Buckets(this.#options.bounds))
    return series
  }

  observe(value: number, ...values: readonly string[]): void {
    this.of(...values).observe(value)
  }

  text(): string {
    const { name, help, summaryName } = this.#options
    const lines = [...this.#series].flatMap(([key, series]) => this.#lines(key.split('\n'), series))
    return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${lines.join('')}${summaryName === undefined ? '' : this.#summary(summaryName)}`
  }

  #lines(values: readonly string[], { counts, count, sum }: Buckets): string[] {
    const { name, labels = [], bounds } = this.#options
    let below = 0
    const buckets = bounds.map((bound, at) => `${name}_bucket${labelText([...labels, 'le'], [...values, String(bound)])} ${below += counts[at] ?? 0}\n`)
    const own = labelText(labels, values)
    return [...buckets, `${name}_bucket${labelText([...labels, 'le'], [...values, '+Inf'])} ${count}\n`, `${name}_sum${own} ${sum}\n`, `${name}_count${own} ${count}\n`]
  }

  /** Sum and count; quantiles are what the histogram is for. */
  #summary(name: string): string {
    const { labels = [], help } = this.#options
    const lines = [...this.#series].map(([key, { sum, count }]) => {
      const own = labelText(labels, key.split('\n'))
      return `${name}_sum${own} ${sum}\n${name}_count${own} ${count}\n`
    })
    return `# HELP ${name} ${help}\n# TYPE ${name} summary\n${lines.join('')}`
  }
}

function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return ''
  return `{${labels.map((label, at) => `${label}="${escape(values[at] ?? '')}"`).join(',')}}`
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
