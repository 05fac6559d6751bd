/** The bare app: limits on what a peer may send and how slowly, identifiers of requests, and answers to what is no HTTP of ours. */

import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fastify, type ConnectionError, type FastifyBaseLogger, type FastifyServerOptions } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { ErrorCode } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import type { App } from '../http.ts'
import { isLikeCredential, logSerializers } from './log.ts'
import { sendProblem, toBody, toProblem } from './problems.ts'
import { tracePlugin } from '../tracing/plugin.ts'
import { createRequestTraces } from '../tracing/request-trace.ts'
import type { Tracer } from '../tracing/tracer.ts'

/** Largest body in bytes: a batch of 1,000 events. */
const BODY_BYTES = 1_048_576

/** Times in milliseconds; Node looks for late peers each `CHECK_MS`. */
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
const CHECK_MS = 2_000
const HEADER_BYTES = 16_384

/**
 * Zod's compilers, given when the app is made and not only set afterwards: Fastify would load the compilers of JSON Schema for
 * nothing, a tenth of a second of every start. Its types know those only.
 */
const withoutJsonSchema = {
  compilersFactory: { buildValidator: () => validatorCompiler, buildSerializer: () => serializerCompiler },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>

/** Whose word on a caller's address is taken. */
const PRIVATE = ['loopback', 'linklocal', 'uniquelocal']

/** Creates the app without any route. */
export function createApp(logger: FastifyBaseLogger | undefined, { isBehindGateway = false, tracer }: { isBehindGateway?: boolean, tracer?: Tracer | undefined } = {}): App {
  const traceOf = createRequestTraces(tracer)
  const app = fastify({
    ...logger && { loggerInstance: logger.child({}, { serializers: logSerializers }) },
    bodyLimit: BODY_BYTES, requestTimeout: REQUEST_MS, trustProxy: isBehindGateway && PRIVATE, forceCloseConnections: 'idle', return503OnClosing: false, exposeHeadRoutes: true,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: CHECK_MS, maxHeaderSize: HEADER_BYTES },
    schemaController: withoutJsonSchema,
    onProtoPoisoning: 'error', onConstructorPoisoning: 'error',
    genReqId: requestId,
    // Every line about a request names its trace.
    childLoggerFactory: (own, bindings, options, raw) => own.child({ ...bindings, traceId: traceOf(raw).traceId }, options) as FastifyBaseLogger,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => { sendProblem(request, reply, toProblem(error)) },
  }).withTypeProvider()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeContentTypeParser('text/plain')
  tracePlugin(app as unknown as App, traceOf)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('preClose', () => readWhatCame(app.server))
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.routeOptions.config.isBodyOptional && hasNoBody(request.headers)) request.body = {}
    done()
  })
  return app as unknown as App
}

/** No body at all, which JSON's `null` is not (RFC 9110 6.4). */
function hasNoBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

/** A caller's own identifier is kept where it cannot break a line of the log and is nothing that a log must not hold. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) && !isLikeCredential(given) ? given : randomUUID()
}

const connectionFaults: Readonly<Record<string, { status: number, code: ErrorCode }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 'payload_too_large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'invalid_request' },
}

/** Answers what Node could not read as a request. */
function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { status, code } = connectionFaults[error.code] ?? { status: 400, code: 'invalid_request' as const }
  const body = JSON.stringify({ ...toBody(new Problem(code)), status, title: STATUS_CODES[status] })
  if (socket.writable) {
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
  }
  socket.destroy(error)
}

/** How many turns of the loop what has come is read for: a port at which more comes all the time is closed as well. */
const TURNS = 200

/**
 * Resolves when what the network brought until now was read. What waits there unread while the port is closed is refused without an answer,
 * although whoever sent it was in time: on a busy machine that is a publish of which nobody knows whether it was written. A turn of the loop takes one
 * new connection and reads it in the next, and the turn that this begins in may be past its reading: so a whole one has to bring nothing.
 */
async function readWhatCame(server: Server): Promise<void> {
  let came = 0
  const count = (): void => { came++ }
  server.on('connection', count).on('request', count)
  let before = -1
  await nextTurn()
  for (let turn = 0; turn < TURNS && came !== before; turn++) {
    before = came
    await nextTurn()
  }
  server.off('connection', count).off('request', count)
}

/** How often connections that have become idle are looked for while closing, in milliseconds. */
const SWEEP_MS = 50

/**
 * Closes the server. A kept-alive connection that was busy when closing began becomes idle afterwards and would hold the end up
 * for its whole keep-alive time, so idle ones are closed until none is left.
 */
export async function closeServer(app: App): Promise<void> {
  // Between a timer and what is immediate every connection that is kept is read.
  const sweep = setInterval(() => { setImmediate(() => { app.server.closeIdleConnections() }) }, SWEEP_MS)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
  }
}
