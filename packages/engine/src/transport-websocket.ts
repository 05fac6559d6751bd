/** Adapter of `transport.ts`: WebSocket (RFC 6455) on the socket itself, attached to an HTTP server's upgrades on one path. */
import type { IncomingMessage, Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { jsonCodec } from './codec-json.ts'
import { protobufCodec } from './codec-protobuf.ts'
import type { Disconnect } from './disconnects.ts'
import { isOriginAllowed } from './origin.ts'
import { pathOf } from './requests.ts'
import type { Accept, Transport, TransportEvents } from './transport.ts'
import { DEFLATE_ANSWER, createDeflate, createInflate, offersDeflate } from './websocket-deflate.ts'
import { BINARY, Framer, PING, PONG, TEXT, toCloseFrame, toFrame } from './websocket-frames.ts'
import { acceptText, offeredProtocols, refusalText, upgradeFault } from './websocket-handshake.ts'
import type { Upgrade, UpgradeRequest } from './websocket-handshake.ts'
import { FrameReader } from './websocket-reader.ts'
import type { ReaderEvents, ReaderOptions } from './websocket-reader.ts'

/** How long a closing handshake may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000
const PROTOCOLS = [jsonCodec.name, protobufCodec.name]
/** How a connection ended that nobody closed. */
const ABNORMAL = 1006
/** Pongs for who does not read would pile up: above this many unread bytes pings go without answer. */
const PONG_LIMIT = 65_536
const PING_FRAME = toFrame(PING, Buffer.alloc(0))

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
  readonly allowedOrigins: readonly string[] | '*' | undefined
  /** Largest incoming message in bytes; over it the socket is closed with 1009. */
  readonly messageSizeLimit: number
  readonly accept: Accept
  /** Whether new connections are taken; otherwise 503. */
  isOpen(): boolean
}

/** How a connection's frames are made and read, the same for all that agreed on the same. */
interface Speech {
  readonly framer: Framer
  readonly reading: ReaderOptions
  readonly extensions: string | undefined
}

/** Serves the path on a server; upgrades to other paths are left to other listeners, 404 if there are none. Returns how to stop. */
export function serveWebSocket(server: Server, path: string, take: Upgrade): () => void {
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) === path) take(request, socket, head)
    // With nobody else to answer, the socket would stay open for ever.
    else if (server.listenerCount('upgrade') === 1) refuse(socket, 404)
  }
  server.on('upgrade', upgrade)
  return () => { server.off('upgrade', upgrade) }
}

/** Takes upgrades, or refuses them. */
export function createUpgrade(options: WebSocketOptions): Upgrade {
  const { messageSizeLimit: limit, compressionLevel, compressionMinSize } = options
  const plain: Speech = { framer: new Framer(), reading: { limit }, extensions: undefined }
  const compressed: Speech = {
    framer: new Framer(createDeflate(compressionLevel), compressionMinSize), reading: { limit, inflate: createInflate(limit) }, extensions: DEFLATE_ANSWER,
  }
  return (request, socket, head) => {
    const status = refusal(request, options)
    if (status !== undefined) return refuse(socket, status)
    const speech = options.compression && offersDeflate(request.headers['sec-websocket-extensions']) ? compressed : plain
    open(request, socket, { head, speech, accept: options.accept })
  }
}

/** HTTP status of a refused upgrade. */
function refusal(request: UpgradeRequest, { isOpen, allowedOrigins }: WebSocketOptions): number | undefined {
  if (!isOpen()) return 503
  return isOriginAllowed(request.headers, allowedOrigins) ? upgradeFault(request) : 403
}

function refuse(socket: Duplex, status: number): void {
  // A client that is already gone must not become an unhandled error of the process.
  socket.on('error', () => { socket.destroy() })
  // Nobody watches an upgraded socket's time any more: it is closed from this side, whether or not the other one closes.
  socket.end(refusalText(status), () => { socket.destroy() })
}

function open(request: UpgradeRequest, socket: Duplex, { head, speech, accept }: { head: Buffer, speech: Speech, accept: Accept }): void {
  if (!socket.readable || !socket.writable) return void socket.destroy()
  const { url = '', headers } = request
  const query = url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))) : undefined
  const protocol = offeredProtocols(request).find(name => PROTOCOLS.includes(name))
  const format = query?.get('format') ?? query?.get('cf_protocol')
  const codec = protocol === protobufCodec.name || format === 'protobuf' ? protobufCodec : jsonCodec
  if (socket instanceof Socket) socket.setNoDelay(true).setTimeout(0)
  socket.write(acceptText(headers['sec-websocket-key'] ?? '', { protocol, extensions: speech.extensions }), 'latin1')
  const transport = new WebSocketTransport(socket, speech, query?.get('cf_ws_frame_ping_pong') === 'true')
  transport.listen(accept(transport, codec, headers), head)
}

class WebSocketTransport implements Transport, ReaderEvents {
  readonly name = 'websocket'
  readonly ping?: () => void
  readonly #socket: Duplex
  readonly #framer: Framer
  readonly #reader: FrameReader
  #events: TransportEvents | undefined
  /** A close was sent: nothing may follow it. */
  #isClosing = false
  #code = ABNORMAL
  #reason = ''
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Duplex, { framer, reading }: Speech, hasNativePing: boolean) {
    this.#socket = socket
    this.#framer = framer
    this.#reader = new FrameReader(this, reading)
    if (hasNativePing) this.ping = () => { this.#write(PING_FRAME) }
  }

  /** Starts reading, with what came right behind the request. */
  listen(events: TransportEvents, head: Buffer): void {
    this.#events = events
    const socket = this.#socket
    socket.on('data', (chunk: Buffer) => { this.#reader.take(chunk) })
    socket.on('end', () => { socket.end() })
    // `close` follows.
    socket.on('error', ignoreFault)
    socket.on('close', () => { this.#gone() })
    if (head.length > 0) this.#reader.take(head)
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  send(frame: Buffer, isText: boolean): void {
    this.#write(this.#framer.frame(isText ? TEXT : BINARY, frame))
  }

  close({ code, reason }: Disconnect): void {
    this.#say(code, reason)
    // What a paused reader sends would never be read, its closing handshake included.
    this.#socket.resume()
  }

  cut(): void {
    this.#socket.destroy()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  onMessage(payload: Buffer): void {
    this.#events?.onFrame(payload)
  }

  onPing(payload: Buffer): void {
    if (this.bufferedBytes <= PONG_LIMIT) this.#write(toFrame(PONG, payload))
  }

  onCloseFrame(code: number, reason: string): void {
    this.#code = code
    this.#reason = reason
    this.#say(code, '')
    this.#socket.end()
  }

  onFault(code: number): void {
    this.#code = code
    this.#say(code, '')
    this.#socket.end()
    // What still comes is thrown away; unread, it would turn the end into a reset that overtakes the close.
    this.#socket.resume()
  }

  #write(frame: Buffer): void {
    if (!this.#isClosing) this.#socket.write(frame)
  }

  /** Says goodbye once, and cuts who does not answer. */
  #say(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#write(toCloseFrame(code, reason))
    this.#isClosing = true
    this.#timer = setTimeout(() => { this.#socket.destroy() }, CLOSE_TIMEOUT_MS)
  }

  #gone(): void {
    this.#isClosing = true
    clearTimeout(this.#timer)
    this.#events?.onClose(this.#code, this.#reason)
  }
}

const ignoreFault = (): void => undefined
