/** Requests of an HTTP server that has listeners of its own. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/** Answers one request. Must not reject. */
export type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void

/** Asks `find` ahead of the listeners the server has; what it does not know is theirs. Returns how to stop. */
export function interceptRequests(server: Server, find: (request: IncomingMessage) => Serve | undefined): () => void {
  const others = server.listeners('request') as RequestListener[]
  const listen: RequestListener = (request, response) => {
    const serve = find(request)
    if (serve) return void serve(request, response)
    for (const other of others) other(request, response)
    // With nobody else to answer, the request would stay open for ever.
    if (others.length === 0 && server.listenerCount('request') === 1) end(response, 404)
  }
  for (const other of others) server.off('request', other)
  server.prependListener('request', listen)
  return () => {
    server.off('request', listen)
    for (const other of others) server.on('request', other)
  }
}

/** Path of a request without its query. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** An answer without a body. What was not read of a request that is too large would be taken for the next one: its socket ends. */
export function end(response: ServerResponse, status: number): void {
  if (response.destroyed || response.headersSent) return
  if (status === 413) response.shouldKeepAlive = false
  response.writeHead(status, status === 204 ? {} : { 'content-length': 0 }).end()
}
