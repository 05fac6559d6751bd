/** Security headers of everything; the portals' pages set a content policy of their own. */

import helmet from '@fastify/helmet'
import type { App } from '../http.ts'

/** Registers the headers: before any route. */
export async function securityPlugin(app: App, { isSecure }: { isSecure: boolean }): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: false,
    strictTransportSecurity: isSecure,
    referrerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: false,
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (!reply.hasHeader('content-security-policy')) {
      const isDocs = request.url.startsWith('/docs')
      reply.header('content-security-policy', isDocs
        ? 'default-src \'self\' data: blob:; script-src \'self\' \'unsafe-inline\' \'unsafe-eval\'; style-src \'self\' \'unsafe-inline\''
        : 'default-src \'none\'; frame-ancestors \'none\'')
    }
    done()
  })
}
