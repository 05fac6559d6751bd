/** Reply errors: what a command is answered with when the connection may live on. Temporary ones are retried by clients. */

/** Every error code the engine replies with; `temporary` makes clients try again with a backoff. Source: PROTOCOL 1.8. */
export const ERRORS = {
  internal: { code: 100, message: 'internal server error', temporary: true },
  unauthorized: { code: 101, message: 'unauthorized', temporary: false },
  unknownChannel: { code: 102, message: 'unknown channel', temporary: false },
  permissionDenied: { code: 103, message: 'permission denied', temporary: false },
  methodNotFound: { code: 104, message: 'method not found', temporary: false },
  alreadySubscribed: { code: 105, message: 'already subscribed', temporary: false },
  limitExceeded: { code: 106, message: 'limit exceeded', temporary: false },
  badRequest: { code: 107, message: 'bad request', temporary: false },
  notAvailable: { code: 108, message: 'not available', temporary: false },
  tokenExpired: { code: 109, message: 'token expired', temporary: false },
  expired: { code: 110, message: 'expired', temporary: false },
  tooManyRequests: { code: 111, message: 'too many requests', temporary: true },
  unrecoverablePosition: { code: 112, message: 'unrecoverable position', temporary: false },
  concurrentPagination: { code: 113, message: 'concurrent pagination', temporary: true },
} as const

/** Name of an error of the table. */
export type ErrorName = keyof typeof ERRORS

/** The error part of a reply; applications may use codes 400–1999 of their own. */
export interface ErrorReply {
  readonly code: number
  readonly message: string
  readonly temporary?: boolean
}

/** Refuses a command. */
export const refuse = (name: ErrorName): { readonly error: ErrorReply } => ({ error: ERRORS[name] })

/** Thrown by the in-process API with the same codes the server API would answer with. `code` narrows. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: number
  constructor(name: ErrorName, detail: string, options?: ErrorOptions) {
    super(`${ERRORS[name].message}: ${detail}`, options)
    this.code = ERRORS[name].code
  }
}

/** Thrown by `createEngine` when options contradict each other; `faults` holds one sentence per fault. */
export class EngineConfigError extends Error {
  override readonly name = 'EngineConfigError'
  readonly code = 'ENGINE_CONFIG'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}
