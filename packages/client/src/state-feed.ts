/**
 * The state feed: things by identifier, told as batches under one version. A batch replaces what it names; a version that is
 * missing, and every absence, fetches the whole state again: nothing is kept that could be replayed.
 */

import type { Envelope } from '@neo-stack/events'
import type { Feed, FeedBasics } from './feed.ts'
import type { FeedItem, FeedRules } from './feed-events.ts'
import { createFeed } from './feed.ts'

/** Versions are dense, nothing is kept in the server's stream, and a gap takes the whole state. */
const stateRules: FeedRules = { isDense: true, trustsRecovery: false }

/** How to make a state feed. */
export interface StateFeedOptions<State, Batch> extends FeedBasics {
  /** Fetches the whole state: everything up to `version` is in it, what comes after may be. */
  fetchState: (signal: AbortSignal) => Promise<{ version: number, value: State }>
  /** Reads a publication's data; `undefined` for what is none of this feed's. */
  toBatch: (data: Envelope['data']) => { version: number, value: Batch } | undefined
  /** The whole state: replaces what was there. Comes first, and again after every gap. */
  onState: (value: State) => void
  /** What changed. */
  onBatch: (value: Batch) => void
}

/**
 * Makes a state feed.
 * @example
 * const feed = createStateFeed({ connection, channel: 'tenant:acme:presence', fetchState, toBatch, onState, onBatch })
 */
export function createStateFeed<State, Batch>(options: StateFeedOptions<State, Batch>): Feed {
  return createFeed(options, {
    rules: stateRules,
    toItem: publication => {
      const data = (publication as Partial<Envelope> | null | undefined)?.data
      const batch = data && options.toBatch(data)
      return batch && { at: batch.version, epoch: undefined, body: batch.value } satisfies FeedItem
    },
    fetchSnapshot: async signal => {
      const { version, value } = await options.fetchState(signal)
      return { position: { epoch: '', at: version }, value }
    },
    fetchPage: () => Promise.resolve('trimmed'),
    onSnapshot: value => { options.onState(value as State) },
    onItem: ({ body }) => { options.onBatch(body as Batch) },
  })
}
