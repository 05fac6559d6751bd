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
  wait?: (tries: number) => Promise<void>
}

/**
 * Gives the lines of a log as they come, and at last how the deployment ended; `undefined` when the signal ended it.
 * @throws {ApiError} when the service refuses
 * @example
 * for await (const line of followLog({ baseUrl, tenantId: 'acme', deploymentId, getAccessToken: () => apiKey })) console.log(line.text)
 */
export async function* followLog(options: FollowOptions): AsyncGenerator<LogLine, FinalStatus | undefined> {
  const { signal, wait = waitLonger } = options
  let { after } = options
  for (let tries = 0; !signal?.aborted; tries++) {
    if (tries > 0) await wait(tries)
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

const waitLonger = (tries: number): Promise<void> =>
  new Promise(resolve => { setTimeout(resolve, toBackoffMs(tries, { baseMs: 200, maxMs: 5000 })) })
