/**
 * The realtime connection: one per app, one subscription per channel however many users it has. The only file that knows the
 * `centrifuge` client; what a feed needs of it is {@link Connection.subscribe}.
 */

import type { DisconnectedContext, Subscription, TransportEndpoint, UnsubscribedContext } from 'centrifuge'
import type { Clock, Timer } from './clock.ts'
import type { FeedFault } from './feed-events.ts'
import type { TokenAnswer } from './token-batch.ts'
import { Centrifuge, UnauthorizedError } from 'centrifuge'
import { ApiError } from './api-error.ts'
import { toBackoffMs } from './backoff.ts'
import { systemClock } from './clock.ts'
import { createTokenBatch } from './token-batch.ts'

/**
 * State of the connection; `since` and `nextRetryAt` in milliseconds since the Unix epoch.
 * `idle` not asked for yet · `connecting` the first try · `connected` · `offline` tries again by itself, `nextRetryAt` at the
 * latest · `closed` for good, until `connect()` is called again.
 */
export type ConnectionStatus =
  | { state: 'idle', since: number }
  | { state: 'connecting', since: number }
  | { state: 'connected', since: number }
  | { state: 'offline', since: number, nextRetryAt: number | undefined, reason: string }
  | { state: 'closed', since: number, code: number, reason: string }

/** What happens to a subscription. Each is called with nothing held back and nothing repeated by us. */
export interface SubscriptionListener {
  /** It stands; `isRecovered`: it continued where it was cut, and what was missed follows as publications. */
  onSubscribed(context: { isRecovered: boolean }): void
  onPublication(data: unknown): void
  /** It does not stand now; it comes back by itself. */
  onLost(): void
  /** This channel may not be read (any more). Final for this listener. */
  onDenied(fault: FeedFault): void
  /** The connection was closed for good. Final for this listener. */
  onClosed(fault: FeedFault): void
}

/** How to connect. */
export interface ConnectionOptions {
  /**
   * WebSocket address, for example `wss://events.example/connection/websocket`. With that path, HTTP streaming and SSE beside it
   * are used where WebSocket is refused.
   */
  url: string
  /** Gets a connection token. An `ApiError` with 401 or 403 closes the connection, any other error is tried again. */
  getToken: () => Promise<string>
  /** Gets subscription tokens, up to 100 channels at a time. */
  getSubscriptionTokens: (channels: readonly string[]) => Promise<Readonly<Record<string, TokenAnswer>>>
  /** Given with every connect, JSON. @default nothing */
  data?: unknown
  /** Called once when the server ends the connection for good: the session was revoked or may not connect. */
  onTerminated?: (end: { code: number, reason: string }) => void
  /** Called once for each publication, before its listeners. */
  onPublication?: (channel: string, data: unknown) => void
  /** WebSocket class. @default globalThis.WebSocket */
  webSocket?: unknown
  /** Shortest and longest wait before connecting again, in milliseconds. @default 500 and 20000 */
  minReconnectMs?: number
  maxReconnectMs?: number
  /** How long a subscription outlives its last user, in milliseconds. @default 1000 */
  lingerMs?: number
  /** @default the system's */
  clock?: Clock
  /** A number in [0, 1), for jitter. @default Math.random */
  random?: () => number
}

/** A realtime connection. */
export interface Connection {
  readonly status: ConnectionStatus
  /** Calls `listener` on each change from now on; returns the function that stops it. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void
  /** Connects, again after `closed` too. Subscribing does it by itself unless the connection is closed. */
  connect(): void
  /** Does not wait for the next try while `offline`. */
  retryNow(): void
  /** Becomes one more user of a channel; returns the function that lets go of it (idempotent). Listener calls come later, never inside. */
  subscribe(channel: string, listener: SubscriptionListener): () => void
  /** Ends everything. Idempotent. */
  close(): Promise<void>
}

interface Shared {
  channel: string
  listeners: Set<SubscriptionListener>
  /** Listeners that nothing was told yet. */
  untold: Set<SubscriptionListener>
  subscription: Subscription | undefined
  linger: Timer | undefined
  /** Why the token endpoint refused, kept until the client library reports the end of the subscription. */
  refusal: FeedFault | undefined
  /** Until it is subscribed again. */
  again: Timer | undefined
  /** How often that was in vain. */
  attempt: number
}

/**
 * After these the server's answer to a fresh token may differ, although the client library gives up: `invalid token` (a key the
 * server could not fetch, a token that outlived a key), `stale` (the connect command came too late) and `expired` (while it was read).
 */
const RETRIED_CODES = new Set([110, 3500, 3502])
/** A connection that lasted this long was good: the next failure starts with the shortest wait again. */
const GOOD_AFTER_MS = 10_000
/**
 * Ends of a subscription that another token changes nothing about, as the HTTP API calls them, which portals translate. After any other the
 * channel is subscribed again: permission denied by a node that could not fetch the key, expired after it stood still.
 */
const FINAL_CODES: Readonly<Record<number, string>> = { 102: 'unknown_channel', 104: '104', 106: '106', 107: '107', 108: '108', 2000: 'forbidden' }
const REFUSED_TOKEN_CODES = new Set(['forbidden', 'not_found', 'unknown_channel'])

/**
 * Makes a connection. Nothing happens before `connect()` or the first subscription.
 * @example
 * const connection = createConnection({ url, getToken, getSubscriptionTokens })
 * const release = connection.subscribe('tenant:acme:deployments', listener)
 */
export function createConnection(options: ConnectionOptions): Connection {
  return new RealtimeConnection(options)
}

class RealtimeConnection implements Connection {
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  readonly #getSubscriptionToken: (channel: string) => Promise<TokenAnswer>
  readonly #channels = new Map<string, Shared>()
  readonly #listeners = new Set<(status: ConnectionStatus) => void>()
  #status: ConnectionStatus
  #client: Centrifuge | undefined
  #reopening: Timer | undefined
  #attempt = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#getSubscriptionToken = createTokenBatch(options.getSubscriptionTokens)
    this.#status = { state: 'idle', since: this.#clock.now() }
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  connect(): void {
    if (this.#status.state !== 'idle' && this.#status.state !== 'closed') return
    this.#attempt = 0
    this.#setStatus({ state: 'connecting', since: this.#clock.now() })
    this.#open()
  }

  retryNow(): void {
    if (this.#status.state !== 'offline') return
    if (this.#reopening !== undefined) return this.#open()
    this.#client?.disconnect()
    this.#client?.connect()
  }

  subscribe(channel: string, listener: SubscriptionListener): () => void {
    const shared = this.#share(channel)
    shared.listeners.add(listener)
    shared.untold.add(listener)
    queueMicrotask(() => { this.#greet(shared, listener) })
    return () => { this.#release(shared, listener) }
  }

  close(): Promise<void> {
    this.#end({ code: 0, reason: 'closed by this side' })
    return Promise.resolve()
  }

  /** Tells a new user of a channel how things stand. */
  #greet(shared: Shared, listener: SubscriptionListener): void {
    if (!shared.untold.delete(listener)) return
    const { state } = this.#status
    if (state === 'closed') listener.onClosed(toFault(this.#status))
    else if (shared.subscription?.state === 'subscribed') listener.onSubscribed({ isRecovered: false })
    else if (state === 'offline' || shared.again !== undefined) listener.onLost()
    else if (state === 'idle') this.connect()
  }

  #share(channel: string): Shared {
    const existing = this.#channels.get(channel)
    if (existing) {
      if (existing.linger !== undefined) this.#clock.clearTimeout(existing.linger)
      existing.linger = undefined
      return existing
    }
    const shared: Shared = { channel, listeners: new Set(), untold: new Set(), subscription: undefined, linger: undefined, refusal: undefined, again: undefined, attempt: 0 }
    this.#channels.set(channel, shared)
    if (this.#client) this.#subscribeShared(this.#client, shared)
    return shared
  }

  #release(shared: Shared, listener: SubscriptionListener): void {
    shared.untold.delete(listener)
    if (!shared.listeners.delete(listener) || shared.listeners.size > 0 || this.#channels.get(shared.channel) !== shared) return
    shared.linger = this.#clock.setTimeout(() => { this.#drop(shared) }, this.#options.lingerMs ?? 1000)
  }

  #drop(shared: Shared): void {
    if (shared.linger !== undefined) this.#clock.clearTimeout(shared.linger)
    if (this.#channels.get(shared.channel) === shared) this.#channels.delete(shared.channel)
    this.#detach(shared)
  }

  #detach(shared: Shared): void {
    const subscription = this.#silence(shared)
    if (subscription) this.#client?.removeSubscription(subscription)
  }

  /** Nothing more comes of a channel's subscription. @returns it, which its client still has */
  #silence(shared: Shared): Subscription | undefined {
    if (shared.again !== undefined) this.#clock.clearTimeout(shared.again)
    shared.again = undefined
    const { subscription } = shared
    shared.subscription = undefined
    subscription?.removeAllListeners()
    return subscription
  }

  /** Makes a new client: tokens and positions of the one before are forgotten, feeds fetch what they missed. */
  #open(): void {
    this.#discard()
    const { url, webSocket = globalThis.WebSocket, minReconnectMs = 500, maxReconnectMs = 20_000 } = this.#options
    const client = new Centrifuge(toTransports(url), {
      websocket: webSocket,
      emulationEndpoint: toHttp(url, '/emulation'),
      getToken: () => this.#getToken(),
      minReconnectDelay: minReconnectMs,
      maxReconnectDelay: maxReconnectMs,
      name: 'neo-stack',
      ...this.#options.data !== undefined && { data: this.#options.data },
    })
    this.#client = client
    client.on('connected', () => { this.#setStatus({ state: 'connected', since: this.#clock.now() }) })
    client.on('connecting', ({ code, reason }) => { if (code !== 0) this.#onCut(reason) })
    client.on('error', ({ error }) => { if (client.state === 'connecting') this.#onCut(error.message) })
    client.on('disconnected', context => { if (this.#client === client) this.#onDisconnected(context) })
    for (const shared of this.#channels.values()) this.#subscribeShared(client, shared)
    client.connect()
  }

  #discard(): void {
    if (this.#reopening !== undefined) this.#clock.clearTimeout(this.#reopening)
    this.#reopening = undefined
    const client = this.#client
    this.#client = undefined
    if (!client) return
    client.removeAllListeners()
    for (const shared of this.#channels.values()) this.#silence(shared)
    client.disconnect()
  }

  async #getToken(): Promise<string> {
    try {
      return await this.#options.getToken()
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) throw new UnauthorizedError(error.detail)
      throw error
    }
  }

  #subscribeShared(client: Centrifuge, shared: Shared): void {
    const subscription = client.newSubscription(shared.channel, { getToken: () => this.#getTokenFor(shared) })
    shared.subscription = subscription
    subscription.on('subscribed', ({ wasRecovering, recovered }) => {
      shared.attempt = 0
      tell(shared, listener => { listener.onSubscribed({ isRecovered: wasRecovering && recovered }) })
    })
    subscription.on('publication', ({ data }) => {
      this.#options.onPublication?.(shared.channel, data)
      for (const listener of [...shared.listeners]) listener.onPublication(data)
    })
    subscription.on('subscribing', ({ code }) => { if (code !== 0) tellLost(shared) })
    // A token that cannot be had in advance is asked for again while the subscription stands.
    subscription.on('error', () => { if (subscription.state !== 'subscribed') tellLost(shared) })
    subscription.on('unsubscribed', context => { this.#onUnsubscribed(shared, context) })
    subscription.subscribe()
  }

  async #getTokenFor(shared: Shared): Promise<string> {
    const answer = await this.#getSubscriptionToken(shared.channel)
    if (typeof answer === 'string') return answer
    if (!REFUSED_TOKEN_CODES.has(answer.error.code)) throw new Error(answer.error.detail)
    shared.refusal = answer.error
    throw new UnauthorizedError(answer.error.detail)
  }

  #onUnsubscribed(shared: Shared, { code, reason }: UnsubscribedContext): void {
    const final = FINAL_CODES[code]
    const fault = shared.refusal ?? (final === undefined ? undefined : { code: final, detail: reason })
    if (!fault) return this.#subscribeAgain(shared)
    this.#drop(shared)
    tell(shared, listener => { listener.onDenied(fault) })
  }

  /** The token endpoint lets this person in; who may not is told so by it. */
  #subscribeAgain(shared: Shared): void {
    this.#detach(shared)
    shared.again = this.#clock.setTimeout(() => {
      shared.again = undefined
      // Without a client it is subscribed with the next one.
      if (this.#client) this.#subscribeShared(this.#client, shared)
    }, this.#toWaitMs(shared.attempt++))
    tellLost(shared)
  }

  /** How long is waited before what was in vain `attempt` times before is tried again. */
  #toWaitMs(attempt: number): number {
    const { minReconnectMs = 500, maxReconnectMs = 20_000, random = Math.random } = this.#options
    return toBackoffMs(attempt, { baseMs: minReconnectMs, maxMs: maxReconnectMs, random })
  }

  /** The connection is gone or was not made; the client library tries again. */
  #onCut(reason: string): void {
    const { minReconnectMs = 500, maxReconnectMs = 20_000 } = this.#options
    const now = this.#clock.now()
    const since = this.#status.state === 'offline' ? this.#status.since : now
    if (this.#status.state === 'connected') this.#attempt = 0
    // The library draws its wait at random up to this: the next try comes at the latest then.
    const latestMs = Math.min(maxReconnectMs, minReconnectMs + minReconnectMs * 2 ** this.#attempt++)
    this.#setStatus({ state: 'offline', since, nextRetryAt: now + latestMs, reason })
  }

  #onDisconnected({ code, reason }: DisconnectedContext): void {
    // Asked for by retryNow, which connects again at once.
    if (code === 0) return
    if (!RETRIED_CODES.has(code)) return this.#terminate({ code, reason })
    const now = this.#clock.now()
    if (this.#status.state === 'connected' && now - this.#status.since >= GOOD_AFTER_MS) this.#attempt = 0
    const since = this.#status.state === 'offline' ? this.#status.since : now
    const waitMs = this.#toWaitMs(this.#attempt++)
    this.#discard()
    this.#reopening = this.#clock.setTimeout(() => { this.#open() }, waitMs)
    this.#setStatus({ state: 'offline', since, nextRetryAt: now + waitMs, reason })
  }

  #terminate(end: { code: number, reason: string }): void {
    this.#end(end)
    this.#options.onTerminated?.(end)
  }

  #end({ code, reason }: { code: number, reason: string }): void {
    if (this.#status.state === 'closed') return
    this.#discard()
    this.#setStatus({ state: 'closed', since: this.#clock.now(), code, reason })
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status
    if (status.state === 'offline') for (const shared of this.#channels.values()) tellLost(shared)
    if (status.state === 'closed') this.#closeChannels(toFault(status))
    for (const listener of [...this.#listeners]) listener(status)
  }

  #closeChannels(fault: FeedFault): void {
    const all = [...this.#channels.values()]
    for (const shared of all) this.#drop(shared)
    for (const shared of all) tell(shared, listener => { listener.onClosed(fault) })
  }
}

const WEBSOCKET_PATH = '/connection/websocket'

/** In the order they are tried: the next one when one could not be opened at all. */
function toTransports(url: string): TransportEndpoint[] {
  const first: TransportEndpoint = { transport: 'websocket', endpoint: url }
  if (!new URL(url).pathname.endsWith(WEBSOCKET_PATH)) return [first]
  return [
    first,
    { transport: 'http_stream', endpoint: toHttp(url, '/connection/http_stream') },
    { transport: 'sse', endpoint: toHttp(url, '/connection/sse') },
  ]
}

/** The HTTP address of a path beside the WebSocket one. */
function toHttp(url: string, path: string): string {
  const address = new URL(url)
  address.pathname = address.pathname.replace(WEBSOCKET_PATH, path)
  return address.href.replace(/^ws/, 'http')
}

/** Tells all listeners of a channel how things stand; a listener may let go of it while it is told. */
function tell(shared: Shared, say: (listener: SubscriptionListener) => void): void {
  shared.untold.clear()
  for (const listener of [...shared.listeners]) if (shared.listeners.has(listener)) say(listener)
}

const tellLost = (shared: Shared): void => { tell(shared, listener => { listener.onLost() }) }

function toFault(status: ConnectionStatus): FeedFault {
  return { code: 'closed', detail: status.state === 'closed' ? status.reason : '' }
}
