/** W3C Trace Context: a request belongs to its caller's trace, or begins one; where a tracer is, it is a span of it. */

import type { IncomingMessage } from 'node:http'
import { createRandom } from '../random.ts'
import type { Trace } from './context.ts'
import type { Span, Tracer } from './tracer.ts'

/** `version-traceid-parentid-flags` (W3C Trace Context 3.2); an identifier of zeros is none. */
const TRACEPARENT = /^00-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-([\da-f]{2})$/

/** Asked all day long by machines; a span of each would tell nothing. */
const UNTRACED = /^\/(?:livez|readyz|healthz|metrics)\b/

/** A request's trace and its span, while it is answered. */
export interface RequestTrace extends Trace {
  span?: Span
}

/** Traces of requests: the same one each time a request is asked for. What does not fit the form is as if it were not there. */
export type TraceOf = (request: IncomingMessage) => RequestTrace

const random = createRandom()

/** Keeps the traces of an app's requests. */
export function createRequestTraces(tracer?: Tracer): TraceOf {
  const traces = new WeakMap<IncomingMessage, RequestTrace>()
  return request => {
    const known = traces.get(request)
    if (known) return known
    const trace = makeTrace(request, tracer)
    traces.set(request, trace)
    return trace
  }
}

function makeTrace({ headers: { traceparent: given }, method = 'GET', url = '' }: IncomingMessage, tracer: Tracer | undefined): RequestTrace {
  const match = typeof given === 'string' ? TRACEPARENT.exec(given) : null
  if (tracer && !UNTRACED.test(url)) {
    const span = tracer.start(method, { kind: 'server', ...match && { parent: match[0] }, attributes: { 'http.request.method': method } })
    return { span, traceparent: span.traceparent, traceId: span.traceparent.slice(3, 35), isPassedOn: true }
  }
  const [, traceId = random(16).toString('hex'), flags = '00'] = match ?? []
  return { traceId, traceparent: `00-${traceId}-${random(8).toString('hex')}-${flags}`, isPassedOn: match !== null }
}
