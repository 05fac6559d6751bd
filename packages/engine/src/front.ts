/**
 * A server in front of an HTTP server. A publish over HTTP costs more in Node's HTTP than in the engine, so requests of the server API
 * that come plain and whole are answered here. Whatever is not beyond doubt – other paths, other methods, pieces, odd headers, a wrong
 * key – goes to the HTTP server with its connection, which then stays there: there is one judge of what HTTP is. Source: RFC 9112.
 */
import type { Server as HttpServer } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { contentType } from './api-door.ts'
import type { ApiAnswer, ApiDoor, ApiHead, Reply } from './api-door.ts'

/** The server, and how to end what is idle. */
export interface Front {
  readonly server: Server
  close(): void
}

const GONE = ['timeout', 'error', 'close']
/** Time of a silent connection before its first request, in milliseconds, where the HTTP server has none. */
const FIRST_MS = 60_000

/** Makes the server; without a door everything is the HTTP server's. */
export function createFront(http: HttpServer, door: ApiDoor | undefined): Front {
  const lines = new Set<Line>()
  let isClosing = false
  const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
    if (!door || isClosing) return void http.emit('connection', socket)
    const line = new Line(socket, { http, door, onEnd: () => lines.delete(line) })
    lines.add(line)
  })
  // The HTTP server watches over the times of its connections once it listens.
  server.on('listening', () => http.emit('listening'))
  return {
    server,
    close() {
      isClosing = true
      for (const line of lines) line.close()
    },
  }
}

interface LineParts {
  readonly http: HttpServer
  readonly door: ApiDoor
  onEnd(): void
}

/** A request that came whole. */
interface Whole {
  readonly answer: ApiAnswer
  readonly head: ApiHead
  readonly bodyStart: number
  readonly end: number
}

/** One connection, as long as nothing but whole requests come. */
class Line {
  readonly #socket: Socket
  readonly #parts: LineParts
  /** What came and is not answered yet; answers come in the order of the requests. */
  #bytes: Buffer | undefined
  #isBusy = false
  /** The answer did not come at once. */
  #isWaiting = false
  #isClosing = false

  constructor(socket: Socket, parts: LineParts) {
    this.#socket = socket
    this.#parts = parts
    socket.setTimeout(parts.http.headersTimeout || FIRST_MS)
    socket.on('data', this.#onData).on('end', this.#onEnd)
    for (const event of GONE) socket.on(event, this.#destroy)
  }

  /** Ends an idle connection at once, another after its answer. */
  close(): void {
    this.#isClosing = true
    if (!this.#isBusy) this.#destroy()
  }

  readonly #onEnd = (): void => { this.close() }

  readonly #destroy = (): void => {
    this.#parts.onEnd()
    this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes ? Buffer.concat([this.#bytes, chunk]) : chunk
    this.#serve()
  }

  /** Answers what is there, up to a request that is waited for. */
  #serve(): void {
    while (this.#bytes && !this.#isBusy) {
      const bytes = this.#bytes
      const whole = readWhole(bytes, this.#parts.door)
      if (!whole) return this.#handOver(bytes)
      this.#bytes = whole.end < bytes.length ? bytes.subarray(whole.end) : undefined
      this.#isBusy = true
      whole.answer(whole.head, bytes.subarray(whole.bodyStart, whole.end), this.#reply)
    }
    if (this.#isBusy) {
      this.#isWaiting = true
      this.#socket.pause()
    }
  }

  readonly #reply: Reply = (status, text, isJson) => {
    const socket = this.#socket
    this.#isBusy = false
    if (socket.destroyed) return
    const { keepAliveTimeout } = this.#parts.http
    const length = Buffer.byteLength(text)
    socket.write(`${toHead(status, isJson, keepAliveTimeout)}${length}\r\n\r\n${text}`, length === text.length ? 'latin1' : 'utf8')
    if (this.#isClosing) return void socket.end(this.#destroy)
    socket.setTimeout(keepAliveTimeout)
    if (!this.#isWaiting) return
    this.#isWaiting = false
    socket.resume()
    this.#serve()
  }

  /** From here on the connection is the HTTP server's. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket
    this.#bytes = undefined
    this.#parts.onEnd()
    socket.setTimeout(0)
    socket.off('data', this.#onData).off('end', this.#onEnd)
    for (const event of GONE) socket.off(event, this.#destroy)
    socket.pause()
    socket.unshift(bytes)
    this.#parts.http.emit('connection', socket)
    socket.resume()
  }
}

const HEAD_END = Buffer.from('\r\n\r\n')
/** One header field: a token, a colon, and text without control characters. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/u
const LENGTH = /^\d{1,8}$/u
/** What changes how a request ends, or what becomes of its connection. */
const CHANGING = ['transfer-encoding', 'expect', 'upgrade', 'connection', 'trailer', 'te']

/** Reads a request that may be answered, if all of it is there and nothing about it is unusual. Pure. */
export function readWhole(bytes: Buffer, { methods, isAllowed }: ApiDoor): Whole | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const [line = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const path = line.startsWith('POST ') && line.endsWith(' HTTP/1.1') ? line.slice(5, -9) : ''
  const answer = methods.get(path)
  if (!answer) return undefined
  const headers = readHeaders(fields)
  const length = headers?.['content-length']
  if (!headers || length === undefined || !LENGTH.test(length)) return undefined
  const bodyStart = headEnd + HEAD_END.length
  const end = bodyStart + Number(length)
  const head = { headers, url: path }
  return end <= bytes.length && isAllowed(head) ? { answer, head, bodyStart, end } : undefined
}

/** Header fields by lower-case name; nothing where one is odd, comes twice or changes the connection, or none says the host. */
function readHeaders(fields: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  for (const field of fields) {
    const [, given, value] = FIELD.exec(field) ?? []
    const name = given?.toLowerCase()
    if (name === undefined || value === undefined || headers[name] !== undefined) return undefined
    headers[name] = value.trimEnd()
  }
  if (headers['connection']?.toLowerCase() === 'keep-alive') delete headers['connection']
  return headers['host'] === undefined || CHANGING.some(name => headers[name] !== undefined) ? undefined : headers
}

let date = ''
let dateSecond = -1

/** The head up to the length. The date is written once a second. */
function toHead(status: number, isJson: boolean, keepAliveTimeout: number): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    date = new Date(second * 1000).toUTCString()
  }
  const keepAlive = keepAliveTimeout > 0 ? `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}\r\n` : ''
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${contentType(isJson)}\r\nDate: ${date}\r\n${keepAlive}content-length: `
}
