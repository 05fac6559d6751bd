/** The thin shell around the feed's table: performs its effects and turns what happens into its events. */

import type { BackoffOptions } from './backoff.ts'
import type { Clock, Timer } from './clock.ts'
import type { Connection } from './connection.ts'
import type { FeedEffect, FeedEvent, FeedFault, FeedItem, FeedPosition, FeedRules, FeedState } from './feed-events.ts'
import { ApiError } from './api-error.ts'
import { toBackoffMs } from './backoff.ts'
import { systemClock } from './clock.ts'
import { initialFeedState, stepFeed } from './feed-state.ts'

/**
 * Where a feed is. `loading` the first view is being fetched · `live` · `catching-up` what was missed is being fetched ·
 * `offline` comes back by itself · `denied` may not be read · `failed` ended; `start()` tries again. With a `reason`, `loading` and
 * `offline` have asked for the first view in vain more than once and go on trying; `start()` tries at once.
 */
export type FeedStatus =
  | { state: 'idle' | 'live' | 'catching-up' }
  | { state: 'loading' | 'offline', reason?: FeedFault }
  | { state: 'denied' | 'failed', reason: FeedFault }

/** A running view of a channel. */
export interface Feed {
  readonly status: FeedStatus
  /** Begins, also after it was denied, failed or stopped; while it waits to try again it tries at once. Idempotent. */
  start(): void
  /** Ends: no handler is called any more. Idempotent. */
  stop(): void
}

/** The feed with something beside it that starts after it and stops before it. */
export function alongside(feed: Feed, { start, stop }: { start?: () => void, stop: () => void }): Feed {
  return {
    get status() { return feed.status },
    start: () => {
      feed.start()
      start?.()
    },
    stop: () => {
      stop()
      feed.stop()
    },
  }
}

/** What every kind of feed takes. */
export interface FeedBasics {
  connection: Pick<Connection, 'subscribe'>
  channel: string
  onStatus?: (status: FeedStatus) => void
  /** What a handler threw; the feed goes on. @default an unhandled rejection */
  onHandlerError?: (error: unknown) => void
  clock?: Clock
  /** A number in [0, 1), for jitter. @default Math.random */
  random?: () => number
  /** Shortest first and longest wait before a fetch is repeated, in milliseconds. @default 500 and 20000 */
  retry?: Pick<BackoffOptions, 'baseMs' | 'maxMs'>
}

/** What distinguishes the kinds of feed. */
export interface FeedKindOptions {
  rules: FeedRules
  /** Reads a publication; `undefined` for what is none of this feed's. */
  toItem(data: unknown): FeedItem | undefined
  fetchSnapshot(signal: AbortSignal): Promise<{ position: FeedPosition, value: unknown }>
  fetchPage(after: FeedPosition, signal: AbortSignal): Promise<FeedPage>
  onSnapshot(value: unknown): void
  onItem(item: FeedItem): void
}

/** What comes after a position; `trimmed` when that is no longer kept. */
export type FeedPage = 'trimmed' | { items: readonly FeedItem[], epoch: string, newest: number, hasMore: boolean }

/** Makes a feed of any kind. */
export function createFeed(basics: FeedBasics, kind: FeedKindOptions): Feed {
  return new FeedShell(basics, kind)
}

type Effect<Type extends FeedEffect['type']> = Extract<FeedEffect, { type: Type }>

class FeedShell implements Feed {
  readonly #basics: FeedBasics
  readonly #kind: FeedKindOptions
  readonly #clock: Clock
  readonly #queue: FeedEvent[] = []
  #state: FeedState = initialFeedState
  #status: FeedStatus = { state: 'idle' }
  #isDraining = false
  /** Counts stops: what is left of a step that began before one is not told any more. */
  #run = 0
  #release: (() => void) | undefined
  #fetch: AbortController | undefined
  #timer: Timer | undefined

  constructor(basics: FeedBasics, kind: FeedKindOptions) {
    this.#basics = basics
    this.#kind = kind
    this.#clock = basics.clock ?? systemClock
  }

  get status(): FeedStatus {
    return this.#status
  }

  start(): void {
    if (this.#timer === undefined) return this.#dispatch({ type: 'start' })
    this.#clock.clearTimeout(this.#timer)
    this.#retry(this.#state.generation)
  }

  stop(): void {
    this.#run++
    this.#queue.length = 0
    this.#dispatch({ type: 'stop' })
  }

  /** Events that happen while effects are performed wait their turn: a handler may stop the feed it is called by. */
  #dispatch(event: FeedEvent): void {
    this.#queue.push(event)
    if (this.#isDraining) return
    this.#isDraining = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next)
    } finally {
      this.#isDraining = false
    }
  }

  #step(event: FeedEvent): void {
    const { state, effects } = stepFeed(this.#kind.rules, this.#state, event)
    this.#state = state
    const run = this.#run
    for (const effect of effects) if (run === this.#run || !effect.type.startsWith('emit')) this.#perform(effect)
    this.#report()
  }

  #perform(effect: FeedEffect): void {
    switch (effect.type) {
      case 'subscribe': return this.#subscribe()
      case 'unsubscribe': return this.#unsubscribe()
      case 'fetch-snapshot': return void this.#fetchSnapshot(effect)
      case 'fetch-page': return void this.#fetchPage(effect)
      case 'retry-later': return this.#retryLater(effect)
      case 'cancel': return this.#cancel()
      case 'emit-snapshot': return this.#call(() => { this.#kind.onSnapshot(effect.value) })
      case 'emit-item': return this.#call(() => { this.#kind.onItem(effect.item) })
    }
  }

  #subscribe(): void {
    this.#release = this.#basics.connection.subscribe(this.#basics.channel, {
      onSubscribed: ({ isRecovered }) => { this.#dispatch({ type: 'subscribed', isRecovered }) },
      onPublication: data => {
        const item = this.#kind.toItem(data)
        if (item) this.#dispatch({ type: 'publication', item })
      },
      onLost: () => { this.#dispatch({ type: 'lost' }) },
      onDenied: fault => { this.#dispatch({ type: 'denied', fault }) },
      onClosed: fault => { this.#dispatch({ type: 'closed', fault }) },
    })
  }

  #unsubscribe(): void {
    this.#release?.()
    this.#release = undefined
  }

  async #fetchSnapshot({ generation }: Effect<'fetch-snapshot'>): Promise<void> {
    const { signal } = this.#fetch = new AbortController()
    try {
      const { position, value } = await this.#kind.fetchSnapshot(signal)
      this.#dispatch({ type: 'snapshot', generation, position, value })
    } catch (error) {
      this.#dispatch(toFailure(generation, error))
    }
  }

  async #fetchPage({ generation, after }: Effect<'fetch-page'>): Promise<void> {
    const { signal } = this.#fetch = new AbortController()
    try {
      const page = await this.#kind.fetchPage(after, signal)
      this.#dispatch(page === 'trimmed' ? { type: 'trimmed', generation } : { type: 'page', generation, ...page })
    } catch (error) {
      this.#dispatch(toFailure(generation, error))
    }
  }

  #retryLater({ generation, attempt, waitMs }: Effect<'retry-later'>): void {
    const { random = Math.random, retry } = this.#basics
    const delayMs = Math.max(waitMs, toBackoffMs(attempt, { ...retry, random }))
    this.#timer = this.#clock.setTimeout(() => { this.#retry(generation) }, delayMs)
  }

  #retry(generation: number): void {
    this.#timer = undefined
    this.#dispatch({ type: 'retry', generation })
  }

  #cancel(): void {
    this.#fetch?.abort()
    this.#fetch = undefined
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #call(handler: () => void): void {
    try {
      handler()
    } catch (error) {
      const { onHandlerError = rejectUnhandled } = this.#basics
      onHandlerError(error)
    }
  }

  #report(): void {
    const status = toStatus(this.#state)
    if (status.state === this.#status.state && codeOf(status) === codeOf(this.#status)) return
    this.#status = status
    const { onStatus } = this.#basics
    if (!onStatus) return
    // A stop is reported too: it is the answer to the caller's own call.
    try {
      onStatus(status)
    } catch (error) {
      const { onHandlerError = rejectUnhandled } = this.#basics
      onHandlerError(error)
    }
  }
}

const rejectUnhandled = (error: unknown): void => { void Promise.reject(error as Error) }

/** Attempts in vain that nobody is told of: the next one is half a second away. */
const HICCUPS = 1

const codeOf = (status: FeedStatus): string | undefined => 'reason' in status ? status.reason?.code : undefined

function toStatus(state: FeedState): FeedStatus {
  switch (state.kind) {
    case 'subscribing': return { state: 'loading' }
    case 'loading':
    case 'offline': return { state: state.kind, ...state.fault && state.attempt > HICCUPS && { reason: state.fault } }
    case 'denied':
    case 'failed': return { state: state.kind, reason: state.fault }
    case 'idle':
    case 'live':
    case 'catching-up': return { state: state.kind }
  }
}

/** A 401 is final here: the session was renewed in vain. Errors that are not the service's are ours, and final. */
function toFailure(generation: number, error: unknown): FeedEvent {
  if (!(error instanceof ApiError)) return refusedBy(generation, error)
  const fault = { code: error.code, detail: error.detail }
  if (error.isTemporary) return { type: 'missed', generation, waitMs: error.retryAfterMs ?? 0, fault }
  const isDenied = error.status === 403 || error.status === 404
  return { type: 'refused', generation, isDenied, fault }
}

const refusedBy = (generation: number, error: unknown): FeedEvent =>
  ({ type: 'refused', generation, isDenied: false, fault: { code: 'unexpected', detail: error instanceof Error ? error.message : String(error) } })
