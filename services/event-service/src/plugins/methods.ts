/** 405 with `Allow` for a known address that does not answer a method; without it the address would seem not to exist. */

import type { HTTPMethods } from 'fastify'
import { Problem } from '../errors.ts'
import type { App } from '../http.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies HTTPMethods[]

/**
 * Remembers the routes added from now on.
 * @returns what adds the refusals, to be called after the last of them
 */
export function methodsPlugin(app: App): () => void {
  const known = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const answered = known.get(url) ?? new Set()
    for (const one of [method].flat()) answered.add(one)
    known.set(url, answered)
  })
  return () => {
    for (const [url, answered] of [...known]) {
      const allow = [...answered].sort().join(', ')
      app.route({
        url,
        method: methods.filter(method => !answered.has(method)),
        schema: { hide: true },
        // Before the body is read: whatever it is, this is the fault.
        onRequest: (_request, reply) => {
          reply.header('allow', allow)
          throw new Problem('method_not_allowed')
        },
        handler: () => undefined,
      })
    }
  }
}
