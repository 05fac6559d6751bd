/** Adapter of `transport.ts`: WebSocket over `ws`, attached to an HTTP server's upgrades on one path. */
import { STATUS_CODES } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { PerMessageDeflateOptions, WebSocket } from 'ws'
import type { Codec } from './codec.ts'
import { jsonCodec } from './codec-json.ts'
import { protobufCodec } from './codec-protobuf.ts'
import { isOriginAllowed } from './origin.ts'
import type { Accept, Transport } from './transport.ts'

/** How long a closing handshake may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000
const PROTOCOLS = [jsonCodec.name, protobufCodec.name]

/** How messages are compressed. */
export interface Compression {
  readonly compression: boolean
  /** 1–9. */
  readonly compressionLevel: number
  /** Bytes below which a message goes as it is. */
  readonly compressionMinSize: number
}

/** What upgrades are held to. */
export interface WebSocketOptions extends Compression {
  readonly path: string
  readonly allowedOrigins: readonly string[] | '*' | undefined
  /** Largest incoming frame in bytes; over it the socket is closed with 1009. */
  readonly messageSizeLimit: number
  readonly accept: Accept
  /** Whether new connections are taken; otherwise 503. */
  isOpen(): boolean
}

/** Serves the path on a server; upgrades to other paths are left to other listeners, 404 if there are none. Returns how to stop. */
export function serveWebSocket(server: Server, options: WebSocketOptions): () => void {
  const sockets = new WebSocketServer({
    noServer: true, clientTracking: false, perMessageDeflate: deflateOptions(options),
    maxPayload: options.messageSizeLimit,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: offered => [...offered].find(name => PROTOCOLS.includes(name)) ?? false,
  } as ConstructorParameters<typeof WebSocketServer>[0])

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = parseUrl(request)
    if (url?.pathname !== options.path) {
      // With nobody else to answer, the socket would stay open for ever.
      if (server.listenerCount('upgrade') === 1) answer(socket, 404)
      return
    }
    const status = refusal(request, options)
    if (status !== undefined) return answer(socket, status)
    sockets.handleUpgrade(request, socket, head, webSocket => {
      const hasNativePing = url.searchParams.get('cf_ws_frame_ping_pong') === 'true'
      serve(webSocket, options.accept, { hasNativePing, codec: codecOf(webSocket, url), headers: request.headers })
    })
  }

  server.on('upgrade', upgrade)
  return () => {
    server.off('upgrade', upgrade)
    sockets.close()
  }
}

/** Without context takeover a connection keeps no dictionary, which would cost more memory than all the rest of it. */
function deflateOptions({ compression, compressionLevel: level, compressionMinSize: threshold }: Compression): PerMessageDeflateOptions | false {
  return compression && { serverNoContextTakeover: true, clientNoContextTakeover: true, zlibDeflateOptions: { level }, threshold }
}

/** HTTP status of a refused upgrade. */
function refusal(request: IncomingMessage, { isOpen, allowedOrigins }: WebSocketOptions): number | undefined {
  if (!isOpen()) return 503
  return isOriginAllowed(request.headers, allowedOrigins) ? undefined : 403
}

function answer(socket: Duplex, status: number): void {
  // A client that is already gone must not become an unhandled error of the process.
  socket.on('error', () => { socket.destroy() })
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function codecOf({ protocol }: WebSocket, { searchParams }: URL): Codec {
  const format = searchParams.get('format') ?? searchParams.get('cf_protocol')
  return protocol === protobufCodec.name || format === 'protobuf' ? protobufCodec : jsonCodec
}

interface Upgraded {
  readonly hasNativePing: boolean
  readonly codec: Codec
  readonly headers: IncomingHttpHeaders
}

function serve(webSocket: WebSocket, accept: Accept, { hasNativePing, codec, headers }: Upgraded): void {
  const events = accept(toTransport(webSocket, hasNativePing), codec, headers)
  webSocket.on('message', data => { events.onFrame(data as Buffer) })
  webSocket.on('close', (code, reason) => { events.onClose(code, reason.toString()) })
  // Faults of the frame format close the socket with their own code; `close` reports it.
  webSocket.on('error', () => undefined)
}

function toTransport(webSocket: WebSocket, hasNativePing: boolean): Transport {
  return {
    name: 'websocket',
    get bufferedBytes() {
      return webSocket.bufferedAmount
    },
    send(frame, isText) {
      webSocket.send(frame, { binary: !isText }, ignoreFault)
    },
    close({ code, reason }) {
      webSocket.close(code, reason)
      // What a paused reader sends would never be read, its closing handshake included.
      webSocket.resume()
    },
    cut() {
      webSocket.terminate()
    },
    pause() {
      webSocket.pause()
    },
    resume() {
      webSocket.resume()
    },
    ...(hasNativePing && { ping: () => { webSocket.ping() } }),
  }
}

/** A write to a socket that is going away fails; `close` follows. */
const ignoreFault = (): void => undefined

function parseUrl({ url }: IncomingMessage): URL | undefined {
  return URL.parse(url ?? '/', 'http://host') ?? undefined
}
