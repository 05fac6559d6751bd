/**
 * Says that somebody is here: a heartbeat each 25 s, at once when something others see changes, and a last word when the page
 * goes away. A hidden tab's timers run once a minute; the service allows for it.
 */

import type { SetPresence } from '@neo-stack/events'
import type { Clock, Timer } from './clock.ts'
import type { Connection } from './connection.ts'
import type { Page } from './page.ts'
import type { Rest } from './rest.ts'
import { ApiError } from './api-error.ts'
import { systemClock } from './clock.ts'

/** How a heartbeat is made. */
export interface HeartbeatOptions {
  rest: Pick<Rest, 'presence'>
  connection: Pick<Connection, 'onStatus' | 'status'>
  page: Page
  tenantId: string
  /** Name of this tab, the one the realtime connection was opened with. */
  connectionId: string
  clock?: Clock
}

/** A running heartbeat. */
export interface Heartbeat {
  /** Begins, again after `stop` too. Idempotent. */
  start(): void
  /** Which page is looked at, a path inside the portal. */
  setPage(currentPage: string): void
  /** Says that this tab left, and ends. Idempotent. */
  stop(): void
}

/** Well within the 75 s after which the service gives a silent tab up. */
const BEAT_MS = 25_000
/**
 * Without a socket, and after a beat that failed: within the 15 s of grace. Also after a beat of a hidden tab that no timer
 * rang for: the browser rings its timers on the minute only, so with 25 s the next one could come 85 s later.
 */
const URGENT_MS = 10_000
/** Nothing touched for this long is told as idle; the first touch afterwards is told at once. */
const IDLE_MS = 300_000
/** Idling shorter than this is not worth a word. */
const TELL_IDLE_MS = 60_000

/**
 * Makes a heartbeat. Nothing is sent before `start`.
 * @example
 * const heartbeat = createHeartbeat({ rest, connection, page: findPage(), tenantId: 'acme', connectionId })
 * heartbeat.setPage('/deployments')
 * heartbeat.start()
 */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  return new TabHeartbeat(options)
}

class TabHeartbeat implements Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #clock: Clock
  #currentPage: string | undefined
  #touchedAt: number
  #timer: Timer | undefined
  #release: (() => void)[] = []
  #state: 'stopped' | 'beating' | 'away' = 'stopped'
  #isSending = false
  #wantsAnother = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#touchedAt = this.#clock.now()
  }

  start(): void {
    if (this.#state !== 'stopped') return
    const { page, connection } = this.#options
    this.#state = 'beating'
    this.#touchedAt = this.#clock.now()
    this.#release = [
      page.listen(event => { this.#onPage(event) }),
      // The service counts the grace from the moment the socket was lost: a word over HTTP says that the tab is still there.
      connection.onStatus(({ state }) => { if (state === 'offline' || state === 'connected') this.#beat() }),
    ]
    this.#beat()
  }

  setPage(currentPage: string): void {
    if (currentPage === this.#currentPage) return
    this.#currentPage = currentPage
    this.#beat()
  }

  stop(): void {
    if (this.#state === 'stopped') return
    for (const release of this.#release) release()
    if (this.#state === 'beating') this.#leave()
    this.#state = 'stopped'
  }

  #onPage(event: Parameters<Parameters<Page['listen']>[0]>[0]): void {
    switch (event) {
      case 'touch': return this.#touch()
      case 'visibility': return this.#beat()
      case 'leave':
        if (this.#state === 'beating') this.#leave()
        this.#state = 'away'
        return
      case 'return':
        this.#state = 'beating'
        this.#touch()
        return this.#beat()
    }
  }

  #touch(): void {
    const wasIdle = this.#clock.now() - this.#touchedAt >= IDLE_MS
    this.#touchedAt = this.#clock.now()
    if (wasIdle) this.#beat()
  }

  /** One at a time: what is wanted meanwhile is said right after. */
  #beat(isTimed = false): void {
    if (this.#state !== 'beating') return
    if (this.#isSending) {
      this.#wantsAnother = true
      return
    }
    this.#isSending = true
    void this.#send(isTimed)
  }

  async #send(isTimed: boolean): Promise<void> {
    const { rest, tenantId, connectionId, page, connection } = this.#options
    let waitMs = connection.status.state === 'offline' || (page.isHidden() && !isTimed) ? URGENT_MS : BEAT_MS
    try {
      await rest.presence.beat({ tenantId, connectionId }, this.#say(), { timeoutMs: URGENT_MS, retries: 0 })
    } catch (error) {
      if (isFinal(error)) return this.#end()
      waitMs = Math.max(URGENT_MS, error instanceof ApiError ? error.retryAfterMs ?? 0 : 0)
    } finally {
      this.#isSending = false
    }
    this.#next(waitMs)
  }

  #next(waitMs: number): void {
    if (this.#state !== 'beating') return
    this.#clearTimer()
    this.#timer = this.#clock.setTimeout(() => { this.#beat(true) }, waitMs)
    if (!this.#wantsAnother) return
    this.#wantsAnother = false
    this.#beat()
  }

  #say(): SetPresence {
    const idleMs = this.#clock.now() - this.#touchedAt
    return {
      hidden: this.#options.page.isHidden(),
      ...this.#currentPage !== undefined && { currentPage: this.#currentPage },
      ...idleMs >= TELL_IDLE_MS && { idleSeconds: Math.min(86_400, Math.floor(idleMs / 1000)) },
    }
  }

  #leave(): void {
    const { rest, tenantId, connectionId } = this.#options
    this.#clearTimer()
    rest.presence.leave({ tenantId, connectionId }, { keepalive: true, retries: 0 }).catch(() => undefined)
  }

  /** Not allowed to be present, or not signed in any more: there is nobody to speak for. */
  #end(): void {
    this.#clearTimer()
    for (const release of this.#release) release()
    this.#state = 'stopped'
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

const isFinal = (error: unknown): boolean => error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 404)
