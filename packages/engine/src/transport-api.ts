/** The server API over HTTP: `POST /api/<method>`, who may, and how errors look. Source: PROTOCOL 2.1, 6.22, 6.23. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Server, ServerResponse } from 'node:http'
import { contentType } from './api-door.ts'
import type { ApiAnswer, ApiDoor, ApiHead, Reply } from './api-door.ts'
import { toApiError } from './api.ts'
import type { ApiMethod } from './api.ts'
import { takeBody } from './body.ts'
import { ERRORS } from './errors.ts'
import { BodyError, Fields } from './fields.ts'
import type { Meters } from './meters.ts'
import type { HttpApiOptions } from './options.ts'
import { end, interceptRequests, pathOf } from './requests.ts'
import type { Serve } from './requests.ts'

/** Largest request: a broadcast may be long, a file is not meant. */
const MAX_BODY_BYTES = 16 * 1_048_576

/** HTTP status of each error in transport mode, others 500. */
const STATUSES: Readonly<Record<number, number>> = { 102: 404, 104: 404, 107: 400, 108: 400, 112: 416, 113: 409 }

/** What methods are answered with. */
export interface ApiDoorOptions extends HttpApiOptions {
  readonly meters: Meters
  onFault(error: unknown): void
}

/** The door of the methods. */
export function createApiDoor(methods: ReadonlyMap<string, ApiMethod>, options: ApiDoorOptions): ApiDoor {
  const { handlerPrefix: prefix = '/api' } = options
  return {
    prefix,
    methods: new Map([...methods].map(([name, method]) => [`${prefix}/${name}`, createAnswer(name, method, options)])),
    isAllowed: head => isAllowed(head, options),
  }
}

/** What is served besides the methods, and where. */
export interface ApiServerOptions {
  readonly healthPath: string | false
  readonly metricsPath: string | false
  /** Prometheus text. */
  metrics(): string
}

/** Serves the methods, health and metrics on a server, ahead of its listeners. Returns how to stop. */
export function serveApi(server: Server, door: ApiDoor | undefined, options: ApiServerOptions): () => void {
  const { healthPath, metricsPath } = options
  const serves = new Map([...door?.methods ?? []].map(([path, answer]) => [path, serveMethod(door, answer)]))
  return interceptRequests(server, request => {
    const path = pathOf(request)
    if (path === healthPath) return health
    if (path === metricsPath) return serveMetrics(options)
    return serves.get(path) ?? (door && path.startsWith(`${door.prefix}/`) ? notFound : undefined)
  })
}

const health: Serve = (_, response) => { send(response, { status: 200, text: '{}', isJson: true }) }
const serveMetrics = ({ metrics }: ApiServerOptions): Serve => (_, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics())
}
const notFound: Serve = (_, response) => { end(response, 404) }

function serveMethod(door: ApiDoor | undefined, answer: ApiAnswer): Serve {
  return (request, response) => {
    response.on('error', destroy)
    if (request.method !== 'POST') return end(response.setHeader('allow', 'POST'), 405)
    if (!door?.isAllowed(request)) return end(response, 401)
    takeBody(request, MAX_BODY_BYTES, body => {
      if (typeof body === 'number') return end(response, body)
      answer(request, body, (status, text, isJson) => { send(response, { status, text, isJson }) })
    })
  }
}

function createAnswer(name: string, method: ApiMethod, options: ApiDoorOptions): ApiAnswer {
  const { meters, onFault } = options
  const observe = (started: number): void => { meters.apiCommands.observe((meters.tick() - started) / 1000, 'http', name) }
  return (head, body, reply) => {
    const started = meters.tick()
    const done = (result: string): void => {
      reply(200, name === 'batch' ? result : `{"result":${result}}`, true)
      observe(started)
    }
    const failed = (error: unknown): void => {
      if (!(error instanceof BodyError) && toApiError(error).code === ERRORS.internal.code) onFault(error)
      meters.apiErrors.of('http', name, String(toApiError(error).code)).value++
      fail(reply, error, isTransportMode(head, options))
      observe(started)
    }
    try {
      const result = method(readFields(body.toString()))
      // Most methods answer at once.
      if (typeof result === 'string') done(result)
      else result.then(done).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** A client that is already gone must not become an unhandled error of the process. */
function destroy(this: ServerResponse): void {
  this.destroy()
}

function fail(reply: Reply, error: unknown, isTransport: boolean): void {
  if (error instanceof BodyError) return reply(400, 'Bad Request\n', false)
  const apiError = toApiError(error)
  if (isTransport) reply(STATUSES[apiError.code] ?? 500, JSON.stringify(apiError), true)
  else reply(200, JSON.stringify({ error: apiError }), true)
}

/** A body of `null` is an empty request, an empty body is none. */
function readFields(text: string): Fields {
  try {
    return new Fields(JSON.parse(text), text)
  } catch (error) {
    throw new BodyError('no JSON object', { cause: error })
  }
}

function isTransportMode({ headers }: ApiHead, { errorMode }: HttpApiOptions): boolean {
  return errorMode === 'transport' || headers['x-centrifugo-error-mode'] === 'transport'
}

/** A header that is wrong is not made good by the other header; the query counts by itself. */
function isAllowed({ headers, url = '' }: ApiHead, { key = '', insecure = false }: HttpApiOptions): boolean {
  if (insecure) return true
  if (key === '') return false
  const bearer = /^apikey (.+)$/iu.exec(headers.authorization ?? '')?.[1]
  const inHeader = headers['x-api-key'] ?? bearer
  const inQuery = URL.parse(url, 'http://host')?.searchParams.get('api_key') ?? ''
  return isSame(typeof inHeader === 'string' ? inHeader : '', key) || isSame(inQuery, key)
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** In constant time, whatever the lengths. */
const isSame = (given: string, key: string): boolean => timingSafeEqual(digest(given), digest(key))

function send(response: ServerResponse, { status, text, isJson }: { status: number, text: string, isJson: boolean }): void {
  const length = Buffer.byteLength(text)
  // With the length, head and body leave in one write instead of three chunks; what is ASCII needs no encoding.
  response.writeHead(status, { 'content-type': contentType(isJson), 'content-length': length }).end(text, length === text.length ? 'latin1' : 'utf8')
}
