/** The series feed: samples on the grid of whole seconds, first a range, then one by one, without hole or overlap. */

import type { Envelope, MetricsSample } from '@neo-stack/events'
import type { Feed, FeedBasics, FeedPage } from './feed.ts'
import type { FeedItem } from './feed-events.ts'
import { systemClock } from './clock.ts'
import { createFeed } from './feed.ts'
import { seriesRules } from './feed-events.ts'

/** A range of samples, oldest first. `from` in seconds since the Unix epoch; without it the service's default range. */
export type FetchSamples = (range: { from?: number }, signal: AbortSignal) => Promise<readonly MetricsSample[]>

/** How to make a series feed. */
export interface SeriesFeedOptions extends FeedBasics {
  fetchSamples: FetchSamples
  /** The range before now: replaces what was there. Comes first, and again after a long absence. */
  onSnapshot: (samples: readonly MetricsSample[]) => void
  /** The next sample; `at` always grows. A second without a sample has none. */
  onSample: (sample: MetricsSample) => void
  /** After an absence longer than this the range is replaced instead of continued, in seconds. @default 300 */
  maxGapSeconds?: number
}

/**
 * Makes a series feed. Samples missed while the connection was cut are fetched before new ones are given.
 * @example
 * const feed = createSeriesFeed({ connection, channel: 'admin:metrics', fetchSamples, onSnapshot, onSample })
 */
export function createSeriesFeed(options: SeriesFeedOptions): Feed {
  const { fetchSamples, clock = systemClock, maxGapSeconds = 300 } = options
  let seenAtMs = clock.now()
  return createFeed(options, {
    rules: seriesRules,
    toItem: data => toSampleItem((data as Envelope | null)?.data),
    fetchSnapshot: async signal => {
      const samples = await fetchSamples({}, signal)
      seenAtMs = clock.now()
      return { position: { epoch: '', at: samples.at(-1)?.at ?? 0 }, value: samples }
    },
    fetchPage: async (after, signal): Promise<FeedPage> => {
      if (after.at === 0 || clock.now() - seenAtMs > maxGapSeconds * 1000) return 'trimmed'
      const samples = await fetchSamples({ from: after.at + 1 }, signal)
      const items = samples.flatMap(sample => toSampleItem(sample) ?? [])
      return { items, epoch: '', newest: items.at(-1)?.at ?? after.at, hasMore: false }
    },
    onSnapshot: value => { options.onSnapshot(value as readonly MetricsSample[]) },
    onItem: ({ body }) => {
      seenAtMs = clock.now()
      options.onSample(body as MetricsSample)
    },
  })
}

function toSampleItem(sample: unknown): FeedItem | undefined {
  const at = (sample as Partial<MetricsSample> | null | undefined)?.at
  return typeof at === 'number' ? { at, epoch: undefined, body: sample } : undefined
}
