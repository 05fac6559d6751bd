/**
 * Port: streams of publications. Adapters: `broker-memory.ts`.
 * What an adapter must keep: publications of one channel get offsets 1,2,3… and are handed to `onPublication` in that order, before
 * `publish` returns, so that a publisher's own push precedes its reply; an epoch changes whenever offsets start anew. Publishing is
 * synchronous because this engine is one process; history may come later, sessions hold live publications meanwhile.
 */
import type { ClientInfo, Json, Position, Publication } from './publication.ts'

/** Where publications go: declared here, implemented by who fans out. */
export interface BrokerEvents {
  /** `previous` is the publication before it, where the draft asked for deltas and it is still kept. */
  onPublication(channel: string, publication: Publication, epoch: string, previous?: Publication): void
  /** A repeat, or a version that is not greater than the last one. */
  onSuppressed?(channel: string, reason: 'idempotency' | 'version'): void
}

/** How much of a stream is kept. A size or ttl of 0 keeps nothing: publications then have no offset. Times in milliseconds. */
export interface Retention {
  readonly historySize: number
  readonly historyTtl: number
  /** How long the position outlives the publications. */
  readonly historyMetaTtl: number
}

/** Whether anything is kept. */
export const keepsHistory = ({ historySize, historyTtl }: Pick<Retention, 'historySize' | 'historyTtl'>): boolean => historySize > 0 && historyTtl > 0

/** What is published. */
export interface Draft {
  readonly data: Json
  readonly info?: ClientInfo
  readonly tags?: Readonly<Record<string, string>>
  /** Not delivered when not greater than the last one of this `versionEpoch`; needs history. 0 or absent: no version. */
  readonly version?: number
  readonly versionEpoch?: string
  /** A repeat within 5 minutes gets the first result and is not delivered. */
  readonly idempotencyKey?: string
  /** Subscribers with deltas get it as a patch of the publication before; needs history. @default false */
  readonly delta?: boolean
}

/** Position of the publication; empty when the channel keeps none. */
export type PublishResult = Position | Readonly<Record<string, never>>

/** What to read. `limit` 0 reads only the position, −1 everything. */
export interface HistoryFilter {
  readonly limit: number
  readonly since?: Position | undefined
  readonly reverse?: boolean
}

/** A slice and the top of the stream. `isOtherEpoch`: `since` names another epoch, there are no publications. */
export interface History extends Position {
  readonly publications: readonly Publication[]
  readonly isOtherEpoch: boolean
}

/** Keeps streams and numbers publications. */
export interface Broker {
  publish(channel: string, draft: Draft, retention: Retention): PublishResult
  history(channel: string, filter: HistoryFilter, retention: Retention): History | Promise<History>
  removeHistory(channel: string): void
  /** Forgets everything and leaves no timer. */
  close(): void
}

/** Makes a broker that reports to `events`. */
export type BrokerFactory = (events: BrokerEvents) => Broker
