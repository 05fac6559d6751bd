/** Follows a deployment's log over plain HTTP: each line once and in order, through cut connections and restarts of the service. */

import type { FinalStatus, LogLine } from '@neo-stack/events'
import type { DeploymentPath } from './rest.ts'
import { ApiError, toApiError } from './api-error.ts'
import { toBackoffMs } from './backoff.ts'
import { createEventReader } from './event-stream.ts'

/** What is followed, and how. */
export interface FollowOptions extends DeploymentPath {
  /** Origin of the service; a path after it is kept. */
  baseUrl: string
  /** Bearer of each request: an access token or an API key. */
  getAccessToken: () => Promise<string | undefined> | string | undefined
  /** Lines above this number. @default the last 1000 lines */
  after?: number
  /** ISO 8601: lines from this time on, instead of `after`. */
  since?: string
  /** Ends it. */
  signal?: AbortSignal
  /** @default globalThis.fetch */
  fetch?: typeof fetch
  /** Waits before it connects again. @default with growing pauses up to 5 s */
  wait?: (tries: number, signal?: AbortSignal) => Promise<void>
  /** Hears why a connection could not be had, before it is tried again; `tries` counts from 1 and begins anew with each line. */
  onRetry?: (error: unknown, tries: number) => void
}

/**
 * Gives the lines of a log as they come, and at last how the deployment ended; `undefined` when the signal ended it.
 * @throws {ApiError} when the service refuses
 * @throws {TypeError} when `baseUrl` is no address of a web service; `code` is `ERR_INVALID_URL`
 * @example
 * for await (const line of followLog({ baseUrl, tenantId: 'acme', deploymentId, getAccessToken: () => apiKey })) console.log(line.text)
 */
export async function* followLog(options: FollowOptions): AsyncGenerator<LogLine, FinalStatus | undefined> {
  const { signal, wait = waitLonger, onRetry } = options
  let { after } = options
  assertWebAddress(options.baseUrl)
  for (let tries = 0; !signal?.aborted; tries++) {
    if (tries > 0) await wait(tries, signal)
    if (isAborted(signal)) break
    try {
      for await (const { event, data } of openStream(options, after)) {
        if (event === 'end') return (JSON.parse(data) as { status: FinalStatus }).status
        if (event !== 'line') continue
        const line = JSON.parse(data) as LogLine
        after = line.n
        tries = 0
        yield line
      }
    } catch (error) {
      if (error instanceof ApiError && isRefusal(error)) throw error
      if (!isAborted(signal)) onRetry?.(error, tries + 1)
    }
  }
  return undefined
}

const isRefusal = ({ status }: ApiError): boolean => status >= 400 && status < 500 && status !== 429

async function* openStream(options: FollowOptions, after: number | undefined): AsyncGenerator<{ event: string, data: string }> {
  const { baseUrl, tenantId, deploymentId, since, signal, getAccessToken, fetch: send = fetch } = options
  const query = after === undefined && since !== undefined ? `?since=${encodeURIComponent(since)}` : ''
  const url = `${baseUrl.replace(/\/$/, '')}/v1/tenants/${encodeURIComponent(tenantId)}/deployments/${encodeURIComponent(deploymentId)}/logs${query}`
  const token = await getAccessToken()
  const headers = { accept: 'text/event-stream', ...token !== undefined && { authorization: `Bearer ${token}` }, ...after !== undefined && { 'last-event-id': String(after) } }
  const response = await send(url, { headers, ...signal && { signal } })
  if (!response.ok || !response.body) throw toApiError(response, await response.json().catch(() => undefined), Date.now())
  const read = createEventReader()
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield* read(decoder.decode(next.value, { stream: true }))
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** What is no address stays none, however often it is tried. */
function assertWebAddress(baseUrl: string): void {
  if (/^https?:$/.test(new URL(baseUrl).protocol)) return
  throw Object.assign(new TypeError('Invalid URL: begins with neither http:// nor https://'), { code: 'ERR_INVALID_URL' })
}

/** Asked anew each time: a signal changes while something is awaited. */
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

/** Ends at once when the signal does. */
function waitLonger(tries: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, toBackoffMs(tries, { baseMs: 200, maxMs: 5000 }))
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}
