/**
 * Adapters of `transport.ts` for clients that get no WebSocket: a streamed answer carries replies and pushes (HTTP streaming: one per
 * line, SSE: one per event), further commands come by `POST /emulation`. Source: PROTOCOL 1.17, 6.1, 6.4.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { readBody } from './body.ts'
import { jsonCodec } from './codec-json.ts'
import { protobufCodec } from './codec-protobuf.ts'
import type { Codec } from './codec.ts'
import { allowCrossOrigin, answerPreflight } from './cors.ts'
import { DISCONNECTS } from './disconnects.ts'
import { readEmulation } from './emulation.ts'
import { readProtobufEmulation } from './protobuf-command.ts'
import { end, interceptRequests, pathOf } from './requests.ts'
import type { Serve } from './requests.ts'
import type { Accept, Transport, TransportEvents } from './transport.ts'

/** How long a client may take to read the end of its stream, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000

const STREAM_HEADERS = {
  'x-accel-buffering': 'no',
  'cache-control': 'private, no-cache, no-store, must-revalidate, max-age=0',
  'pragma': 'no-cache',
  'x-content-type-options': 'nosniff',
}

/** What requests are held to. */
export interface HttpOptions {
  /** `false`: not served. */
  readonly paths: { readonly httpStream: string | false, readonly sse: string | false, readonly emulation: string | false }
  readonly allowedOrigins: readonly string[] | '*' | undefined
  /** Largest body in bytes; over it 413. */
  readonly messageSizeLimit: number
  readonly accept: Accept
  /** Name of this engine; a command for another one is answered 404. */
  readonly node: string
  /** Whether new connections are taken; otherwise 503. */
  isOpen(): boolean
}

/** How replies look in a stream. */
interface Format {
  readonly codec: Codec
  readonly contentType: string
  readonly preamble: string
  wrap(frame: Buffer): Buffer
}

const OCTETS = 'application/octet-stream'
const BREAK = Buffer.from('\n')

/** Whole lines per chunk: the official client decodes chunk by chunk. */
const LINES: Format = {
  codec: jsonCodec, contentType: 'text/plain; charset=utf-8', preamble: '',
  wrap: frame => Buffer.concat([frame, BREAK]),
}

/** Messages carry their length. */
const MESSAGES: Format = { codec: protobufCodec, contentType: OCTETS, preamble: '', wrap: frame => frame }

const EVENTS: Format = {
  codec: jsonCodec,
  contentType: 'text/event-stream; charset=utf-8',
  preamble: '\r\n',
  wrap: frame => Buffer.from(frame.toString().split('\n').map(line => `data: ${line}\n\n`).join('')),
}

/** Takes the three paths of a server. Returns how to stop. */
export function serveHttp(server: Server, options: HttpOptions): () => void {
  const emulated = new EmulatedSessions(options)
  return interceptRequests(server, request => emulated.find(request))
}

interface Emulated {
  readonly events: TransportEvents
  /** More commands wait than the session reads. */
  isPaused: boolean
}

class EmulatedSessions {
  readonly #options: HttpOptions
  readonly #sessions = new Map<string, Emulated>()
  readonly #serves: ReadonlyMap<string, Serve>

  constructor(options: HttpOptions) {
    this.#options = options
    const { httpStream, sse, emulation } = options.paths
    const serves: [string | false, Serve][] = [
      [httpStream, this.#guarded(['POST'], (request, response) => this.#stream(request, response, isBinary(request) ? MESSAGES : LINES))],
      [sse, this.#guarded(['GET', 'POST'], (request, response) => this.#stream(request, response, EVENTS))],
      [emulation, this.#guarded(['POST'], (request, response) => this.#emulate(request, response))],
    ]
    this.#serves = new Map(serves.filter((entry): entry is [string, Serve] => entry[0] !== false))
  }

  find(request: IncomingMessage): Serve | undefined {
    return this.#serves.get(pathOf(request))
  }

  #guarded(methods: readonly string[], serve: Serve): Serve {
    return async (request, response) => {
      const { method = '' } = request
      // A client that is already gone must not become an unhandled error of the process.
      response.on('error', () => { response.destroy() })
      allowCrossOrigin(request, response, this.#options.allowedOrigins)
      if (method === 'OPTIONS') return answerPreflight(request, response)
      if (!methods.includes(method)) return end(response.setHeader('allow', methods.join(', ')), 405)
      await serve(request, response)
    }
  }

  async #stream(request: IncomingMessage, response: ServerResponse, format: Format): Promise<void> {
    if (!this.#options.isOpen()) return end(response, 503)
    const first = await this.#firstFrame(request)
    if (typeof first === 'number') return end(response, first)
    if (response.destroyed) return
    response.shouldKeepAlive = false
    response.socket?.setTimeout(0)
    response.writeHead(200, { ...STREAM_HEADERS, 'content-type': format.contentType })
    response.flushHeaders()
    if (format.preamble) response.write(format.preamble)
    this.#open(response, format, request.headers).onFrame(first)
  }

  /** The commands a stream starts with, or the HTTP status of the refusal. */
  async #firstFrame(request: IncomingMessage): Promise<Buffer | number> {
    const { messageSizeLimit } = this.#options
    if (request.method === 'POST') return readBody(request, messageSizeLimit)
    const connect = URL.parse(request.url ?? '', 'http://host')?.searchParams.get('cf_connect') ?? ''
    return connect === '' ? 400 : Buffer.byteLength(connect) > messageSizeLimit ? 413 : Buffer.from(connect)
  }

  #open(response: ServerResponse, format: Format, headers: IncomingHttpHeaders): TransportEvents {
    const session = randomUUID()
    const setPaused = (isPaused: boolean): void => {
      const emulated = this.#sessions.get(session)
      if (emulated) emulated.isPaused = isPaused
    }
    const transport = toTransport(response, { format, setPaused, emulation: { session, node: this.#options.node } })
    const events = this.#options.accept(transport, format.codec, headers)
    this.#sessions.set(session, { events, isPaused: false })
    response.on('close', () => {
      this.#sessions.delete(session)
      events.onClose(DISCONNECTS.connectionClosed.code, DISCONNECTS.connectionClosed.reason)
    })
    return events
  }

  /** A session that is not known is answered like one that is: it may have ended this moment. */
  async #emulate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, this.#options.messageSizeLimit)
    if (typeof body === 'number') return end(response, body)
    const emulation = isBinary(request) ? readProtobufEmulation(body) : readEmulation(body)
    if (!emulation) return end(response, 400)
    if (emulation.node !== this.#options.node) return end(response, 404)
    const emulated = this.#sessions.get(emulation.session)
    if (emulated?.isPaused) return end(response, 503)
    emulated?.events.onFrame(Buffer.from(emulation.data))
    end(response, 204)
  }
}

const isBinary = ({ headers }: IncomingMessage): boolean => headers['content-type']?.startsWith(OCTETS) ?? false

interface StreamParts {
  readonly format: Format
  readonly emulation: NonNullable<Transport['emulation']>
  readonly setPaused: (isPaused: boolean) => void
}

function toTransport(response: ServerResponse, { format, emulation, setPaused }: StreamParts): Transport {
  return {
    name: format === EVENTS ? 'sse' : 'http_stream',
    emulation,
    get bufferedBytes() {
      return response.writableLength
    },
    send(frame) {
      response.write(format.wrap(frame), () => undefined)
    },
    close(disconnect) {
      response.end(format.wrap(format.codec.encodePush({ type: 'disconnect', disconnect })))
      const timer = setTimeout(() => { response.destroy() }, CLOSE_TIMEOUT_MS).unref()
      response.once('close', () => { clearTimeout(timer) })
    },
    cut() {
      response.destroy()
    },
    pause() {
      setPaused(true)
    },
    resume() {
      setPaused(false)
    },
  }
}
