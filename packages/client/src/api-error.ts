/** The one error of the typed REST: what the service's problem body said, or why there was no answer. */

import { errorCodes } from '@neo-stack/events'
import type { ErrorCode, Problem } from '@neo-stack/events'

/** A code of the service, or of this side: `network` no connection, `timeout` no answer in time, `unexpected` not our service's answer. */
export type ApiErrorCode = ErrorCode | 'network' | 'timeout' | 'unexpected'

/** What an {@link ApiError} is made of. */
export interface ApiErrorInit {
  code: ApiErrorCode
  /** HTTP status; 0 where no answer came. */
  status: number
  /** English sentence a person can act on; portals translate by `code`. */
  detail: string
  /** Path and sentence of each fault in the request. */
  errors?: readonly { path: string, message: string }[] | undefined
  requestId?: string | undefined
  /** Milliseconds to wait, from `Retry-After`. */
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** Thrown by every call of `Rest`. Narrow it by `code`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly status: number
  readonly detail: string
  readonly errors: readonly { path: string, message: string }[]
  readonly requestId: string | undefined
  /** Milliseconds the service asks to wait before the next try. */
  readonly retryAfterMs: number | undefined

  constructor(init: ApiErrorInit) {
    super(`${init.code}: ${init.detail}`, { cause: init.cause })
    this.code = init.code
    this.status = init.status
    this.detail = init.detail
    this.errors = init.errors ?? []
    this.requestId = init.requestId
    this.retryAfterMs = init.retryAfterMs
  }

  /** Seconds of `Retry-After`, rounded up. */
  get retryAfter(): number | undefined {
    return this.retryAfterMs === undefined ? undefined : Math.ceil(this.retryAfterMs / 1000)
  }

  /** Whether the same request may succeed later without a person doing anything. */
  get isTemporary(): boolean {
    // A 2xx that is not the service's comes from a network that wants a sign-in of its own first.
    if (this.code === 'unexpected' && this.status < 300) return true
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

/** Makes the error of an answer outside 2xx. A body that is no problem of ours (a proxy's page) is `unexpected` or, for 5xx, `unavailable`. */
export function toApiError(response: Response, body: unknown, now: number): ApiError {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), now)
  if (isProblem(body)) {
    const { code, detail, errors, requestId } = body
    return new ApiError({ code, detail, errors, requestId, status: response.status, retryAfterMs })
  }
  const code = response.status >= 502 ? 'unavailable' : 'unexpected'
  return new ApiError({ code, status: response.status, detail: `The answer ${response.status} did not come from the service.`, retryAfterMs })
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false
  const { code, detail } = body as Record<string, unknown>
  return typeof code === 'string' && Object.hasOwn(errorCodes, code) && typeof detail === 'string'
}

/** `Retry-After` is a number of seconds or a date (RFC 9110 10.2.3). */
function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const seconds = Number(header)
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
