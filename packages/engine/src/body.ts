/** Reads a request's body, never more of it than allowed. */
import type { IncomingMessage } from 'node:http'

/**
 * Calls back once with the body, or the HTTP status of the refusal: 413 too large, 400 cut off. A callback, because a promise with
 * its listeners would be a good part of what a short request costs.
 */
export function takeBody(request: IncomingMessage, limit: number, done: (body: Buffer | number) => void): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) return done(413)
  let chunks: Buffer[] | undefined = []
  let length = 0
  const finish = (body: Buffer | number): void => {
    chunks = undefined
    done(body)
  }
  request.on('data', (chunk: Buffer) => {
    if (!chunks) return
    length += chunk.length
    if (length <= limit) return void chunks.push(chunk)
    request.pause()
    finish(413)
  })
  request.on('end', () => {
    const [first] = chunks ?? []
    if (chunks) finish(chunks.length === 1 && first ? first : Buffer.concat(chunks))
  })
  request.on('close', () => { if (chunks) finish(400) })
}

/** The same as a promise. */
export const readBody = (request: IncomingMessage, limit: number): Promise<Buffer | number> =>
  new Promise(resolve => { takeBody(request, limit, resolve) })
