/** /openapi.json from the routes' schemas, and /docs to browse it; nothing is loaded from elsewhere. */

import swagger from '@fastify/swagger'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import type { App } from '../http.ts'

/** Registers the collector: before any route. */
export async function openapiPlugin(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'NEO_STACK Events', version, description: 'Publish events, read their history, deploy and watch. Errors are problem details with a code.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Access token of a session, or API key' } } },
      security: [{ bearer: [] }],
    },
    transform: jsonSchemaTransform,
  })
}

/** Adds the document and the page: after all routes. */
export async function openapiRoutes(app: App): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  await app.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json', withDefaultFonts: false, telemetry: false } })
}
