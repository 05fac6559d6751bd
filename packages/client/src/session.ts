/**
 * The signed-in person: an access token in memory and nowhere else, renewed ahead of its end by the refresh cookie, one renewal
 * at a time across the tabs of a browser.
 */

import type { Session as SignedIn, User } from '@neo-stack/events'
import type { Clock, Timer } from './clock.ts'
import type { Portal, Rest } from './rest.ts'
import type { Tabs } from './tabs.ts'
import { ApiError } from './api-error.ts'
import { toBackoffMs } from './backoff.ts'
import { systemClock } from './clock.ts'

/** `unknown` before `restore` or `signIn` · `signed-out` with the reason when it was not the person's own act. */
export type SessionStatus =
  | { state: 'unknown' }
  | { state: 'restoring' }
  | { state: 'signed-in', user: User }
  | { state: 'signed-out', reason?: 'session_expired' | 'session_revoked' }

/** The session of one portal. */
export interface Session {
  readonly status: SessionStatus
  /** The signed-in person. */
  readonly user: User | undefined
  /** Rejects with `ApiError` `invalid_credentials`, `rate_limited` … */
  signIn(email: string, password: string): Promise<User>
  /** Takes up the session of the refresh cookie; `undefined` when there is none. Rejects when that cannot be found out. */
  restore(): Promise<User | undefined>
  /** Ends the session here, at the service and in the other tabs. The person is signed out here even when the service cannot be told. */
  signOut(): Promise<void>
  /** Forgets the session because the service ended it. */
  end(reason: 'session_expired' | 'session_revoked'): void
  /** A token that is good for a while yet; renews it where needed. `undefined` when nobody is signed in. */
  getAccessToken(): Promise<string | undefined>
  /** Another token than `rejected`; `undefined` when the session has ended. */
  renewAccessToken(rejected: string): Promise<string | undefined>
  /** Calls `listener` on each change of status from now on; returns the function that stops it. */
  onChange(listener: (status: SessionStatus) => void): () => void
  /** Stops renewing; the session itself goes on and can be restored. Idempotent. */
  close(): void
}

/** How a session works. */
export interface SessionOptions {
  rest: Pick<Rest, 'session'>
  portal: Portal
  /** What the tabs of this browser share. @default nothing */
  tabs?: Tabs
  /** Whether there may be a refresh cookie: without one `restore` does not ask. @default always */
  mayRestore?: () => boolean
  clock?: Clock
  /** A number in [0, 1), for jitter. @default Math.random */
  random?: () => number
}

interface Held {
  session: SignedIn
  /** When the token ends by this side's clock, in milliseconds since the Unix epoch. */
  endsAt: number
}

/** A token with less than this left is renewed before it is used. */
const MARGIN_MS = 5_000
/** The renewal comes after this share of a token's life, minus up to a tenth of it at random. */
const RENEW_AT = 0.8
/** Above setTimeout's range a timer rings at once; no token lives this long. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Makes a session. Nothing is asked before `restore` or `signIn`.
 * @example
 * const session = createSession({ rest, portal: 'tenant' })
 * const user = await session.restore() ?? await session.signIn(email, password)
 */
export function createSession(options: SessionOptions): Session {
  return new PortalSession(options)
}

class PortalSession implements Session {
  readonly #options: SessionOptions
  readonly #clock: Clock
  readonly #listeners = new Set<(status: SessionStatus) => void>()
  #status: SessionStatus = { state: 'unknown' }
  #held: Held | undefined
  #renewal: Promise<Held | undefined> | undefined
  #timer: Timer | undefined
  #isClosed = false
  /** Counts what happened to the session, so that the answer of an older request is recognised. */
  #version = 0

  constructor(options: SessionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    options.tabs?.channel?.addEventListener('message', ({ data }) => { this.#onTabMessage(data) })
  }

  get status(): SessionStatus {
    return this.#status
  }

  get user(): User | undefined {
    return this.#status.state === 'signed-in' ? this.#status.user : undefined
  }

  async signIn(email: string, password: string): Promise<User> {
    const session = await this.#options.rest.session.signIn({ email, password, portal: this.#options.portal })
    this.#hold(session)
    this.#tell({ type: 'session', session })
    return session.user
  }

  async restore(): Promise<User | undefined> {
    if (this.#held) return this.#held.session.user
    if (this.#options.mayRestore?.() === false) {
      this.#forget({ state: 'signed-out' })
      return undefined
    }
    if (this.#status.state !== 'restoring') this.#setStatus({ state: 'restoring' })
    try {
      return (await this.#renew())?.session.user
    } catch (error) {
      if (this.#status.state === 'restoring') this.#setStatus({ state: 'unknown' })
      throw error
    }
  }

  async signOut(): Promise<void> {
    this.#forget({ state: 'signed-out' })
    this.#tell({ type: 'signed-out' })
    await this.#options.rest.session.signOut(this.#options.portal)
  }

  end(reason: 'session_expired' | 'session_revoked'): void {
    this.#forget({ state: 'signed-out', reason })
  }

  async getAccessToken(): Promise<string | undefined> {
    if (!this.#held) return (await this.#renewal)?.session.accessToken
    if (this.#clock.now() < this.#held.endsAt - MARGIN_MS) return this.#held.session.accessToken
    return (await this.#renew())?.session.accessToken
  }

  async renewAccessToken(rejected: string): Promise<string | undefined> {
    if (this.#held && this.#held.session.accessToken !== rejected) return this.#held.session.accessToken
    return (await this.#renew())?.session.accessToken
  }

  onChange(listener: (status: SessionStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  close(): void {
    this.#isClosed = true
    this.#clearTimer()
    this.#options.tabs?.channel?.close()
  }

  /** One renewal at a time in this tab; the lock makes it one at a time in this browser. */
  async #renew(): Promise<Held | undefined> {
    this.#renewal ??= this.#renewLocked().finally(() => { this.#renewal = undefined })
    return await this.#renewal
  }

  async #renewLocked(): Promise<Held | undefined> {
    const before = this.#version
    const locks = this.#options.tabs?.locks
    if (!locks) return await this.#refresh(before)
    return await locks.request(`neo-session-${this.#options.portal}`, () => this.#refresh(before))
  }

  async #refresh(before: number): Promise<Held | undefined> {
    // Another tab renewed, or somebody signed in or out, while this one waited for the lock.
    if (this.#version !== before) return this.#held
    try {
      const session = await this.#options.rest.session.refresh(this.#options.portal)
      if (this.#version !== before) return this.#held
      this.#tell({ type: 'session', session })
      return this.#hold(session)
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403)) throw error
      if (this.#version !== before) return this.#held
      this.#forget(this.#held ? { state: 'signed-out', reason: 'session_expired' } : { state: 'signed-out' })
      return undefined
    }
  }

  #hold(session: SignedIn): Held {
    const now = this.#clock.now()
    const lifeMs = toLifeMs(session, now)
    const held = { session, endsAt: now + lifeMs }
    this.#held = held
    this.#version++
    const { random = Math.random } = this.#options
    this.#renewIn(lifeMs * (RENEW_AT - random() / 10))
    const isSame = this.#status.state === 'signed-in' && JSON.stringify(this.#status.user) === JSON.stringify(session.user)
    if (!isSame) this.#setStatus({ state: 'signed-in', user: session.user })
    return held
  }

  #forget(status: SessionStatus): void {
    this.#clearTimer()
    this.#held = undefined
    this.#version++
    if (this.#status.state !== 'signed-out') this.#setStatus(status)
  }

  #renewIn(ms: number, attempt = 0): void {
    this.#clearTimer()
    if (this.#isClosed) return
    this.#timer = this.#clock.setTimeout(() => {
      this.#renew().catch(() => { this.#renewIn(toBackoffMs(attempt, { baseMs: 1000, maxMs: 30_000, random: this.#options.random ?? Math.random }), attempt + 1) })
    }, Math.min(ms, MAX_TIMER_MS))
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tell(message: TabMessage): void {
    if (!this.#isClosed) this.#options.tabs?.channel?.postMessage(message)
  }

  #onTabMessage(data: unknown): void {
    if (this.#isClosed) return
    const message = data as TabMessage
    if (message.type === 'session') this.#hold(message.session)
    else this.#forget({ state: 'signed-out' })
  }

  #setStatus(status: SessionStatus): void {
    this.#status = status
    for (const listener of [...this.#listeners]) listener(status)
  }
}

type TabMessage = { type: 'session', session: SignedIn } | { type: 'signed-out' }

/** A token's life by its own figures, so that a clock that is wrong on this side does not end it early or late. */
function toLifeMs({ accessToken, expiresAt }: SignedIn, now: number): number {
  try {
    const payload = (accessToken.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    const { iat, exp } = JSON.parse(atob(payload)) as { iat?: unknown, exp?: unknown }
    if (typeof iat === 'number' && typeof exp === 'number' && exp > iat) return (exp - iat) * 1000
  } catch {
    // Not a JWT: what the answer says must do.
  }
  return Math.max(0, Date.parse(expiresAt) - now)
}
