/** Entity tags of what is read (RFC 9110 8.8.3, 13.1.2): who has the same already is told so instead of being sent it again. */

import { createHash } from 'node:crypto'
import type { App } from '../http.ts'

/** Adds an `ETag` to each JSON answer of a GET under /v1 and answers 304 to a matching `If-None-Match`. Streams have none. */
export function etagPlugin(app: App): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isRead = request.method === 'GET' && reply.statusCode === 200 && request.url.startsWith('/v1/') && typeof payload === 'string'
    if (!isRead || reply.hasHeader('cache-control')) {
      done(null, payload)
      return
    }
    const tag = `"${createHash('sha1').update(payload).digest('base64url')}"`
    // Only the one who asked may keep it, and asks each time whether it still holds.
    reply.header('etag', tag).header('cache-control', 'private, no-cache').header('vary', 'authorization, accept')
    const isKnown = (request.headers['if-none-match'] ?? '').split(',').some(one => one.trim().replace(/^W\//, '') === tag)
    if (isKnown) reply.code(304).removeHeader('content-length')
    done(null, isKnown ? '' : payload)
  })
}
