/** Cross-origin answers: a listed origin may read them; another one is served, but its page sees nothing. Source: PROTOCOL 1.17, 6.4. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isOriginAllowed } from './origin.ts'

/** Seconds a browser may remember a preflight. */
const MAX_AGE = '300'

/** Sets what lets the asking page read the answer, if it may. */
export function allowCrossOrigin({ headers }: IncomingMessage, response: ServerResponse, allowed: readonly string[] | '*' | undefined): void {
  response.setHeader('vary', 'Origin')
  if (headers.origin === undefined || !isOriginAllowed(headers, allowed)) return
  response.setHeader('access-control-allow-origin', headers.origin)
  response.setHeader('access-control-allow-credentials', 'true')
}

/** Answers OPTIONS: 204, and what may be sent when the origin is allowed. */
export function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  if (response.hasHeader('access-control-allow-origin')) {
    response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
    response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? 'content-type')
    response.setHeader('access-control-max-age', MAX_AGE)
  }
  response.writeHead(204).end()
}
