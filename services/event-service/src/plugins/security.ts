/** Security headers of everything; pages set a content policy of their own. */

import helmet from '@fastify/helmet'
import type { App } from '../http.ts'
import { NO_CONTENT_POLICY } from './content-policy.ts'

/** Registers the headers: before any route. */
export async function securityPlugin(app: App, { isSecure }: { isSecure: boolean }): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: false,
    strictTransportSecurity: isSecure,
    referrerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: false,
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', NO_CONTENT_POLICY)
    done()
  })
}
