/**
 * One HTTP request of the typed REST: authorization, time limit, retries, and every failure as an {@link ApiError}.
 * A 401 renews the access token once, however many requests fail with that token at the same time, and repeats.
 */

import type { Clock } from './clock.ts'
import { ApiError, toApiError } from './api-error.ts'
import { toBackoffMs } from './backoff.ts'
import { systemClock } from './clock.ts'

/** How requests are made. */
export interface RequestOptions {
  /** Origin of the service, for example `https://events.example`; a path after it is kept. */
  baseUrl: string
  /** @default globalThis.fetch */
  fetch?: typeof fetch
  /** Bearer of each request: an access token or an API key. @default none */
  getAccessToken?: () => Promise<string | undefined> | string | undefined
  /** Gets a new access token after `rejected` was answered with 401; `undefined` when there is none. @default none */
  renewAccessToken?: (rejected: string) => Promise<string | undefined>
  /** Time limit of one try, in milliseconds. @default 15000 */
  timeoutMs?: number
  /** Further tries of what may be repeated, when there was no answer or 429, 502, 503, 504. @default 2 */
  retries?: number
  /** @default the system's */
  clock?: Clock
  /** A number in [0, 1), for jitter. @default Math.random */
  random?: () => number
  /** Makes idempotency keys. @default crypto.randomUUID */
  newKey?: () => string
}

/** What one call may ask for. */
export interface CallOptions {
  signal?: AbortSignal
  /** Overrides the option of the same name. */
  timeoutMs?: number
  /** Overrides the option of the same name. */
  retries?: number
  /** Goes out even when the page goes away at the same time. @default false */
  keepalive?: boolean
  /** Repeat-safe key of a creating call; kept across its retries. @default random per call */
  idempotencyKey?: string
}

/** A request as the routes describe it. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Record<string, string | number | undefined>
  body?: unknown
  /** Whether it creates something: gets an idempotency key and may then be repeated. */
  isCreating?: boolean
  /** Whether a repeat does no harm although it is not a GET. */
  isRepeatable?: boolean
  /** False for what stands on the cookie instead of a bearer: a 401 is its answer. @default true */
  isAuthorized?: boolean
  accept?: 'application/json' | 'text/plain'
}

/** Performs a call; the caller vouches for the answer's type, the service validates what it sends. */
export type Send = <Answer>(call: Call, options?: CallOptions | undefined) => Promise<Answer>

/** A key in the body is the caller's; the header repeats it, so that both always agree. */
export function keyOf({ idempotencyKey }: { idempotencyKey?: string | undefined }): CallOptions {
  return idempotencyKey === undefined ? {} : { idempotencyKey }
}

/** Longest `Retry-After` that is waited for inside a call; beyond it the caller decides. */
const MAX_WAIT_MS = 10_000
const RETRIED = new Set([429, 502, 503, 504])

/** Makes the function all routes send with. */
export function createSend(options: RequestOptions): Send {
  const { clock = systemClock, newKey = () => crypto.randomUUID(), retries = 2 } = options
  const renew = shareRenewal(options)

  return async <Answer>(call: Call, own: CallOptions = {}) => {
    const key = call.isCreating ? own.idempotencyKey ?? newKey() : undefined
    const tries = call.method === 'GET' || call.isCreating || call.isRepeatable ? 1 + (own.retries ?? retries) : 1
    for (let attempt = 0; ; attempt++) {
      try {
        return await tryAuthorized(options, renew, { call, own, key }) as Answer
      } catch (error) {
        const waitMs = attempt + 1 < tries ? toWaitMs(error, attempt, options.random) : undefined
        if (waitMs === undefined) throw error
        await sleep(clock, waitMs, own.signal)
      }
    }
  }
}

interface Try { call: Call, own: CallOptions, key: string | undefined }
type Renew = (rejected: string) => Promise<string | undefined>

async function tryAuthorized(options: RequestOptions, renew: Renew, attempt: Try): Promise<unknown> {
  if (attempt.call.isAuthorized === false) return await tryOnce(options, attempt, undefined)
  const token = await options.getAccessToken?.()
  try {
    return await tryOnce(options, attempt, token)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401 || token === undefined) throw error
    const renewed = await renew(token)
    if (renewed === undefined || renewed === token) throw error
    return await tryOnce(options, attempt, renewed)
  }
}

/** Requests that fail with one and the same token share its renewal. */
function shareRenewal({ renewAccessToken }: RequestOptions): Renew {
  let running: { rejected: string, renewal: Promise<string | undefined> } | undefined
  return async rejected => {
    if (renewAccessToken === undefined) return undefined
    if (running?.rejected !== rejected) running = { rejected, renewal: renewAccessToken(rejected) }
    const mine = running
    return await mine.renewal.finally(() => { if (running === mine) running = undefined })
  }
}

async function tryOnce(options: RequestOptions, { call, own, key }: Try, token: string | undefined): Promise<unknown> {
  const { clock = systemClock, fetch: send = globalThis.fetch } = options
  const limit = new AbortController()
  const abort = (): void => { limit.abort(own.signal?.reason) }
  own.signal?.addEventListener('abort', abort)
  if (own.signal?.aborted) abort()
  let timedOut = false
  const timer = clock.setTimeout(() => { timedOut = true; limit.abort() }, own.timeoutMs ?? options.timeoutMs ?? 15_000)
  try {
    const response = await send(toUrl(options.baseUrl, call), toInit(call, { token, key, signal: limit.signal, keepalive: own.keepalive ?? false }))
    return await readAnswer(response, call, clock.now())
  } catch (error) {
    if (error instanceof ApiError || own.signal?.aborted) throw error
    if (timedOut) throw new ApiError({ code: 'timeout', status: 0, detail: 'The service did not answer in time.', cause: error })
    throw new ApiError({ code: 'network', status: 0, detail: 'The service cannot be reached.', cause: error })
  } finally {
    clock.clearTimeout(timer)
    own.signal?.removeEventListener('abort', abort)
  }
}

function toUrl(baseUrl: string, { path, query = {} }: Call): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined)
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()
  return `${baseUrl.replace(/\/$/, '')}${path}${search === '' ? '' : `?${search}`}`
}

interface Bearing { token: string | undefined, key: string | undefined, signal: AbortSignal, keepalive: boolean }

function toInit({ method, body, accept = 'application/json' }: Call, { token, key, signal, keepalive }: Bearing): RequestInit {
  const headers: Record<string, string> = { accept }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  if (key !== undefined) headers['idempotency-key'] = key
  const init: RequestInit = { method, headers, signal, credentials: 'include', cache: 'no-store', ...keepalive && { keepalive } }
  if (body === undefined) return init
  headers['content-type'] = 'application/json'
  return { ...init, body: JSON.stringify(body) }
}

async function readAnswer(response: Response, { accept }: Call, now: number): Promise<unknown> {
  const text = await response.text()
  if (response.ok && accept === 'text/plain') return text
  const body = text === '' ? undefined : parseJson(text)
  if (!response.ok) throw toApiError(response, body, now)
  if (text !== '' && body === undefined) throw toApiError(response, body, now)
  return body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Milliseconds until the next try, or `undefined` when trying again has no sense. */
function toWaitMs(error: unknown, attempt: number, random: (() => number) | undefined): number | undefined {
  if (!(error instanceof ApiError) || !(error.status === 0 || RETRIED.has(error.status))) return undefined
  const waitMs = Math.max(error.retryAfterMs ?? 0, toBackoffMs(attempt, random ? { baseMs: 300, random } : { baseMs: 300 }))
  return waitMs > MAX_WAIT_MS ? undefined : waitMs
}

function sleep(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clock.clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}
