/** The log feed: every event of a channel once and in order, from a snapshot on. */

import type { Envelope } from '@neo-stack/events'
import type { Feed, FeedBasics, FeedPage } from './feed.ts'
import type { FeedItem } from './feed-events.ts'
import type { Rest } from './rest.ts'
import { ApiError } from './api-error.ts'
import { createFeed } from './feed.ts'
import { logRules } from './feed-events.ts'

/** A view together with the place in the log it was taken at. */
export interface Snapshot<Value> {
  logEpoch: string
  /** The view holds every event up to and including this one. */
  seq: number
  value: Value
}

/** How to make a log feed. */
export interface LogFeedOptions<Value> extends FeedBasics {
  rest: { events: Pick<Rest['events'], 'history'> }
  /** Reads the view and its place in one consistent answer. */
  snapshot: (signal: AbortSignal) => Promise<Snapshot<Value>>
  /** The view as of now: replaces what was there. Comes first, and again where the log could not be followed. */
  onSnapshot: (value: Value) => void
  /** The next event after the view: `seq` 1 higher each time. */
  onEvent: (envelope: Envelope) => void
}

/** Most events asked for at once. */
const PAGE = 1000

/**
 * Makes a log feed: after `onSnapshot` of a view at `seq` n, `onEvent` gets n+1, n+2, n+3 … each once and in order, through
 * lost connections, late and double delivery.
 * @example
 * const feed = createLogFeed({ connection, rest, channel, snapshot, onSnapshot, onEvent })
 * feed.start()
 */
export function createLogFeed<Value>(options: LogFeedOptions<Value>): Feed {
  const { rest, channel } = options
  return createFeed(options, {
    rules: logRules,
    toItem: toLogItem,
    fetchSnapshot: async signal => {
      const { logEpoch, seq, value } = await options.snapshot(signal)
      return { position: { epoch: logEpoch, at: seq }, value }
    },
    fetchPage: (after, signal) => fetchHistory(() => rest.events.history({ channel, after: after.at, limit: PAGE }, { signal, retries: 0 })),
    onSnapshot: value => { options.onSnapshot(value as Value) },
    onItem: ({ body }) => { options.onEvent(body as Envelope) },
  })
}

async function fetchHistory(read: () => ReturnType<Rest['events']['history']>): Promise<FeedPage> {
  try {
    const { events, next, logEpoch, seq } = await read()
    return { items: events.flatMap(event => toLogItem(event) ?? []), epoch: logEpoch, newest: seq, hasMore: next !== undefined }
  } catch (error) {
    if (error instanceof ApiError && error.code === 'history_trimmed') return 'trimmed'
    throw error
  }
}

/** What has no `seq` is not kept, and none of a log's. */
function toLogItem(data: unknown): FeedItem | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { seq, logEpoch } = data as Partial<Envelope>
  return typeof seq === 'number' ? { at: seq, epoch: logEpoch, body: data } : undefined
}
