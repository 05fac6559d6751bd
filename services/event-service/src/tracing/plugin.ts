/** Binds requests to their traces: the answer names it, what the handler does belongs to it, its span ends with the answer. */

import type { App } from '../http.ts'
import { runInTrace } from './context.ts'
import type { TraceOf } from './request-trace.ts'

/** Adds the hooks, before any other. */
export function tracePlugin(app: App, traceOf: TraceOf): void {
  app.addHook('onRequest', (request, reply, done) => {
    const trace = traceOf(request.raw)
    reply.header('traceparent', trace.traceparent)
    runInTrace(trace, done)
  })
  // A body is read in events of its socket, which know nothing of the request's trace.
  app.addHook('preValidation', (request, _reply, done) => { runInTrace(traceOf(request.raw), done) })
  app.addHook('onResponse', (request, reply, done) => {
    const { span } = traceOf(request.raw)
    const route = request.routeOptions.url ?? 'none'
    span?.set({ name: `${request.method} ${route}`, attributes: { 'http.route': route, 'http.response.status_code': reply.statusCode } })
    span?.end(reply.statusCode >= 500 ? new Error(String(reply.statusCode)) : undefined)
    done()
  })
}
