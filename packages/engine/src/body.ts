/** Reads a request's body, never more of it than allowed. */
import type { IncomingMessage } from 'node:http'

/** The body, or the HTTP status of the refusal: 413 too large, 400 cut off. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | number> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return 413
  const { promise, resolve } = Promise.withResolvers<Buffer | number>()
  const chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
    else {
      request.pause()
      resolve(413)
    }
  })
  request.on('end', () => { resolve(Buffer.concat(chunks)) })
  request.on('error', () => { resolve(400) })
  request.on('close', () => { resolve(400) })
  return promise
}
