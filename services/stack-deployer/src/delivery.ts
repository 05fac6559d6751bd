/** Calls to the platform: repeated until they arrive, unless the platform says no. */

import type { ErrorCode } from '@neo-stack/events'

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5000

/** Answers that another try does not change. */
const refusals: ReadonlySet<string | undefined> = new Set<ErrorCode | undefined>([
  'invalid_request', 'invalid_json', 'unknown_channel', 'unknown_event_type', 'forbidden', 'not_found', 'method_not_allowed', 'idempotency_conflict',
  'deployment_finished', 'log_conflict', 'log_gap', 'payload_too_large', 'unsupported_media_type', 'unprocessable',
])

/** The deployment has ended without this run: it was cancelled, or another worker was faster. */
export class DeploymentEnded extends Error {
  constructor() {
    super('the deployment has already ended')
    this.name = 'DeploymentEnded'
  }
}

/** The platform does not accept what the deployer says; the cause is its answer. */
export class DeliveryRefused extends Error {
  constructor(cause: unknown) {
    super(`the platform refused: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'DeliveryRefused'
  }
}

/** Problem code of an error, where it has one. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** How to wait between tries, and when to end them. */
interface DeliverOptions {
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

/**
 * Calls until it succeeds, with growing pauses.
 * @param options.signal ends the tries; the call in flight is not waited for
 * @throws the platform's answer when it is a refusal, or the signal's reason
 */
export async function deliver<Result>(call: () => Promise<Result>, options: DeliverOptions): Promise<Result> {
  const { sleep, signal } = options
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
    signal.throwIfAborted()
    try {
      return await unlessAborted(call(), signal)
    } catch (error) {
      signal.throwIfAborted()
      if (refusals.has(codeOf(error))) throw error
    }
    await sleep(pause, signal)
  }
}

function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
