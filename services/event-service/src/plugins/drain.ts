/** The end of a server behind a gateway: requests go elsewhere before nothing listens any more. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '../http.ts'

/** See {@link drainPlugin}. */
export interface Drain {
  isDraining: () => boolean
  /** Begins; resolves when nothing is to come on the connections there are. */
  start: (how?: 'at once') => Promise<void>
}

/**
 * Adds it. Requests are answered as before for `ms` milliseconds, and each answer ends its connection: on one that a gateway keeps,
 * the next request would cross with its end, and a gateway does not repeat a POST that it has sent.
 */
export function drainPlugin(app: App, ms: number): Drain {
  let isDraining = false
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining) reply.header('connection', 'close')
    done()
  })
  return {
    isDraining: () => isDraining,
    start: async how => {
      isDraining = true
      if (ms > 0 && how === undefined) await sleep(ms)
    },
  }
}
