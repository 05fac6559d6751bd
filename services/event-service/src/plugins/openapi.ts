/** /openapi.json from the routes' schemas, /asyncapi.json from the event catalogue, and /docs to browse it; nothing is loaded from elsewhere. */

import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { toJSONSchema } from 'zod'
import { problemSchema, toAsyncApi } from '@neo-stack/events'
import type { App } from '../http.ts'
import { pagePolicy, scriptHashes } from './content-policy.ts'

type Transform = typeof jsonSchemaTransform

const problem = {
  description: 'What went wrong, as problem details with a stable code',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

/** Whatever would ask or point to another host is off. */
const configuration = {
  url: '/openapi.json', withDefaultFonts: false, telemetry: false, showDeveloperTools: 'never', hideClientButton: true, agent: { disabled: true },
} as const

/** Registers the collector: before any route. */
export async function openapiPlugin(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'NEO_STACK Events', version, description: 'Publish events, read their history, deploy and watch. Errors are problem details with a code.' },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Access token of a session, or API key' } },
        schemas: { Problem: toJSONSchema(problemSchema) as object },
      },
      security: [{ bearer: [] }],
    },
    transform,
    transformObject: document => 'openapiObject' in document ? markOptionalBodies(document.openapiObject) : document.swaggerObject,
  })
}

/** Adds the documents and the page, which `open` gives: after all routes. */
export function openapiRoutes(app: App, version: string, open: typeof openBrowser = openBrowser): void {
  let asyncApi: ReturnType<typeof toAsyncApi> | undefined
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  app.get('/asyncapi.json', { schema: { hide: true } }, () => asyncApi ??= toAsyncApi(version))
  let browser: ReturnType<typeof openBrowser> | undefined
  const getBrowser = (): ReturnType<typeof openBrowser> => browser ??= open().catch((error: unknown): never => {
    // Not for good: the next one tries again.
    browser = undefined
    throw error
  })
  app.addHook('onClose', async () => { await (await browser?.catch(() => undefined))?.close() })
  for (const url of ['/docs', '/docs/', '/docs/js/scalar.js']) {
    app.get(url, { schema: { hide: true } }, async (_request, reply) => {
      const { statusCode, headers, rawPayload } = await (await getBrowser()).inject(url)
      for (const name of ['content-type', 'location'] as const) if (headers[name] !== undefined) reply.header(name, headers[name])
      if (url === '/docs/') reply.header('content-security-policy', pagePolicy(scriptHashes(rawPayload.toString())))
      return reply.code(statusCode).send(rawPayload)
    })
  }
}

/** The page and its script, megabytes of it: read when somebody looks for the first time, not by every process that starts. */
async function openBrowser(): Promise<FastifyInstance> {
  const [{ fastify }, { default: scalar }] = await Promise.all([import('fastify'), import('@scalar/fastify-api-reference')])
  const browser = fastify()
  await browser.register(scalar, { routePrefix: '/docs', configuration })
  return browser
}

/** Every route may answer a problem. */
const transform: Transform = document => {
  const { schema, url } = jsonSchemaTransform(document)
  if (schema.hide) return { url, schema }
  const body = document.route.config?.isBodyOptional ? { body: { ...schema.body as object, [OPTIONAL]: true } } : {}
  return { url, schema: { ...schema, ...body, response: { ...schema.response as object, default: problem } } }
}

/** Marks the schema of a body that may be left out until the document is whole: the collector calls every body required. */
const OPTIONAL = 'x-optional'

type Document = ReturnType<App['swagger']>

function markOptionalBodies<Whole extends Partial<Document>>(document: Whole): Whole {
  const operations = Object.values((document as { paths?: Record<string, Record<string, Operation>> }).paths ?? {}).flatMap(path => Object.values(path))
  for (const { requestBody } of operations) {
    const schema = requestBody?.content['application/json']?.schema
    if (!requestBody || !schema?.[OPTIONAL]) continue
    requestBody.required = false
    delete schema[OPTIONAL]
  }
  return document
}

interface Operation {
  requestBody?: { required?: boolean, content: Record<string, { schema?: { [OPTIONAL]?: boolean } }> }
}
