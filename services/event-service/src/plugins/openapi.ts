/** /openapi.json from the routes' schemas, /asyncapi.json from the event catalogue, and /docs to browse it; nothing is loaded from elsewhere. */

import type { FastifyInstance, RouteOptions } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
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

/**
 * Collects the routes that are added from now on.
 * @returns what writes the document of them
 */
export function openapiPlugin(app: App, version: string): () => Promise<object> {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', route => { if (!route.schema?.hide && route.method !== 'HEAD') routes.push(route) })
  return untilItWorks(() => write(routes, version))
}

/** What writes it costs a tenth of a second to load: when somebody asks for the first time, not by every process that starts. */
async function write(routes: readonly RouteOptions[], version: string): Promise<object> {
  const [{ fastify }, { default: swagger }] = await Promise.all([import('fastify'), import('@fastify/swagger')])
  const writer = fastify().setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler)
  await writer.register(swagger, {
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
  for (const { url, method, schema, config } of routes) writer.route({ url, method, ...schema && { schema }, ...config && { config }, handler: () => undefined })
  try {
    await writer.ready()
    return writer.swagger()
  } finally {
    await writer.close()
  }
}

/** Made once; one that failed is made again for the next who asks. */
function untilItWorks<Made>(make: () => Promise<Made>): (() => Promise<Made>) & { made?: Promise<Made> | undefined } {
  const get: ReturnType<typeof untilItWorks<Made>> = () => get.made ??= make().catch((error: unknown): never => {
    get.made = undefined
    throw error
  })
  return get
}

/** What {@link openapiRoutes} shows. */
export interface ShownApi {
  version: string
  /** Writes the document of the routes. */
  writeDocument: () => Promise<object>
  /** Opens the page. @default the one that comes with it */
  open?: () => Promise<FastifyInstance>
}

/** Adds the documents and the page: after all routes. */
export function openapiRoutes(app: App, { version, writeDocument, open = openBrowser }: ShownApi): void {
  let asyncApi: ReturnType<typeof toAsyncApi> | undefined
  app.get('/openapi.json', { schema: { hide: true } }, writeDocument)
  app.get('/asyncapi.json', { schema: { hide: true } }, () => asyncApi ??= toAsyncApi(version))
  const getBrowser = untilItWorks(open)
  app.addHook('onClose', async () => { await (await getBrowser.made?.catch(() => undefined))?.close() })
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

type Document = ReturnType<FastifyInstance['swagger']>

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
