/** Problems: errors with a code of the contract. They become HTTP at one place, `plugins/problems.ts`. */

import { errorCodes, type ErrorCode, type Fault } from '@neo-stack/events'

/** Where somebody stands with a limit, for `RateLimit-*`. */
export interface RateState {
  limit: number
  remaining: number
  /** Seconds until there is more. */
  reset: number
}

/** What a problem may say besides its code. */
export interface ProblemOptions {
  /** A sentence a person can act on. @default the code's sentence */
  detail?: string
  /** Path and sentence of each fault. */
  errors?: readonly Fault[]
  /** More members of the body, for example `last` of `log_gap`. */
  extra?: Readonly<Record<string, unknown>>
  /** Seconds until a retry makes sense: header `Retry-After`. */
  retryAfter?: number
  /** The limit that was met. */
  rate?: RateState
  cause?: unknown
}

/** An error that the caller may see. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ErrorCode
  readonly status: number
  readonly errors: readonly Fault[] | undefined
  readonly extra: Readonly<Record<string, unknown>>
  readonly retryAfter: number | undefined
  readonly rate: RateState | undefined

  constructor(code: ErrorCode, options: ProblemOptions = {}) {
    super(options.detail ?? errorCodes[code].detail, { cause: options.cause })
    this.code = code
    this.status = errorCodes[code].status
    this.errors = options.errors
    this.extra = options.extra ?? {}
    this.retryAfter = options.retryAfter
    this.rate = options.rate
  }
}

/** Whether something thrown is a {@link Problem}, optionally of one code. */
export function isProblem(error: unknown, code?: ErrorCode): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code)
}
