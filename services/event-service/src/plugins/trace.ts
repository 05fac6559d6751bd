/** W3C Trace Context: a request belongs to its caller's trace, or begins one. */

import type { IncomingMessage } from 'node:http'
import { createRandom } from '../random.ts'

/** `version-traceid-parentid-flags` (W3C Trace Context 3.2); an identifier of zeros is none. */
const TRACEPARENT = /^00-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-([\da-f]{2})$/

/** A request's place in its trace. */
export interface Trace {
  traceId: string
  /** This request's own span, as others are to name it. */
  traceparent: string
}

const random = createRandom()
const traces = new WeakMap<IncomingMessage, Trace>()

/** The trace of a request, the same one each time. What does not fit the form is as if it were not there. */
export function traceOf(request: IncomingMessage): Trace {
  const known = traces.get(request)
  if (known) return known
  const given = request.headers['traceparent']
  const [, traceId = random(16).toString('hex'), flags = '00'] = (typeof given === 'string' && TRACEPARENT.exec(given)) || []
  const trace = { traceId, traceparent: `00-${traceId}-${random(8).toString('hex')}-${flags}` }
  traces.set(request, trace)
  return trace
}
