/**
 * The words of a feed's table: its states, what can happen to it, what it has done. Pure.
 *
 * Items stand on a line of whole numbers: an event's `seq`, or a sample's second. `FeedRules` says what distinguishes the two.
 */

/** One thing the feed delivers. `at` is its place, `epoch` the log it belongs to where it says so. */
export interface FeedItem {
  at: number
  epoch: string | undefined
  body: unknown
}

/** How far the handler has seen: everything up to and including `at`. */
export interface FeedPosition {
  epoch: string
  at: number
}

/** Why a feed ended. `code` is an `ApiErrorCode`, `closed`, or a code the server gave. */
export interface FeedFault {
  code: string
  detail: string
}

/** How a kind of feed counts. */
export interface FeedRules {
  /** Places follow each other by 1, so that a missing one shows. */
  isDense: boolean
  /** What the server says it recovered is all there was. */
  trustsRecovery: boolean
}

/** **log**: a dense `seq`, recovered from the server's stream. */
export const logRules: FeedRules = { isDense: true, trustsRecovery: true }

/** **series**: places on the sample grid, which may be empty; nothing is kept in the server's stream. */
export const seriesRules: FeedRules = { isDense: false, trustsRecovery: false }

/** What arrived while it could not be applied; `hasOverflowed` when some of it had to be dropped. */
export interface Held {
  items: readonly FeedItem[]
  hasOverflowed: boolean
}

/** `generation` counts fetches: an answer to an earlier one is late and ignored. */
export type FeedState = { generation: number } & (
  | { kind: 'idle' }
  | { kind: 'subscribing' }
  /** `fault`: why the first view could not be fetched the last time. */
  | { kind: 'loading', attempt: number, held: Held, fault?: FeedFault }
  | { kind: 'live', position: FeedPosition }
  | { kind: 'catching-up', attempt: number, held: Held, position: FeedPosition }
  /** `isWhole`: all that was delivered before the cut was applied, so recovery may continue there. */
  | { kind: 'offline', attempt: number, position: FeedPosition | undefined, isWhole: boolean, fault?: FeedFault }
  | { kind: 'denied', fault: FeedFault }
  | { kind: 'failed', fault: FeedFault }
)

/** Name of a state. */
export type FeedKind = FeedState['kind']

/** What can happen to a feed. */
export type FeedEvent =
  | { type: 'start' }
  | { type: 'stop' }
  /** The subscription stands; `isRecovered`: continued where it was cut, what was missed follows. */
  | { type: 'subscribed', isRecovered: boolean }
  /** The subscription does not stand; it will be made again by itself. */
  | { type: 'lost' }
  | { type: 'publication', item: FeedItem }
  | { type: 'snapshot', generation: number, position: FeedPosition, value: unknown }
  /** What comes after a position, in order; `newest` is the place of the newest item there is. */
  | { type: 'page', generation: number, items: readonly FeedItem[], epoch: string, newest: number, hasMore: boolean }
  /** What comes after the position is no longer kept. */
  | { type: 'trimmed', generation: number }
  /** A fetch found no answer; it may next time. */
  | { type: 'missed', generation: number, waitMs: number, fault: FeedFault }
  | { type: 'retry', generation: number }
  /** A fetch was answered with a final no. */
  | { type: 'refused', generation: number, isDenied: boolean, fault: FeedFault }
  | { type: 'denied', fault: FeedFault }
  | { type: 'closed', fault: FeedFault }

/** What the shell does. */
export type FeedEffect =
  | { type: 'subscribe' }
  | { type: 'unsubscribe' }
  | { type: 'fetch-snapshot', generation: number }
  | { type: 'fetch-page', generation: number, after: FeedPosition }
  /** Sends `retry` later: after a backoff for `attempt`, at least `waitMs`. */
  | { type: 'retry-later', generation: number, attempt: number, waitMs: number }
  /** Abandons the running fetch and the waiting retry. */
  | { type: 'cancel' }
  | { type: 'emit-snapshot', value: unknown }
  | { type: 'emit-item', item: FeedItem }

/** What comes of an event. */
export interface FeedStep {
  state: FeedState
  effects: readonly FeedEffect[]
}
