/**
 * A server in front of an HTTP server. A publish over HTTP costs more in Node's HTTP than in the engine, so requests of the server API
 * and upgrades that come plain and whole are taken here. Whatever is not beyond doubt – other paths, other methods, pieces, odd headers, a wrong
 * key – goes to the HTTP server with its connection, which then stays there: there is one judge of what HTTP is. Source: RFC 9112.
 */
import type { IncomingHttpHeaders, Server as HttpServer } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { contentType } from './api-door.ts'
import type { ApiAnswer, ApiDoor, Reply } from './api-door.ts'
import { pathOf } from './requests.ts'
import type { Upgrade, UpgradeRequest } from './websocket-handshake.ts'

/** The server, and how to end what is idle. */
export interface Front {
  readonly server: Server
  close(): void
}

const GONE = ['timeout', 'error', 'close']
/** Time of a silent connection before its first request, in milliseconds, where the HTTP server has none. */
const FIRST_MS = 60_000

/** What is known here: the server API, and upgrades by path. */
export interface Known {
  readonly door: ApiDoor | undefined
  readonly upgrades: ReadonlyMap<string, Upgrade>
}

/** Makes the server. */
export function createFront(http: HttpServer, known: Known): Front {
  const lines = new Set<Line>()
  let isClosing = false
  const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
    if (isClosing) return void http.emit('connection', socket)
    const line = new Line(socket, { http, known, onEnd: () => lines.delete(line) })
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
  readonly known: Known
  onEnd(): void
}

/** A request that came whole: how it is taken, and where its body is. */
interface Whole {
  readonly head: UpgradeRequest
  readonly bodyStart: number
  readonly end: number
  readonly answer?: ApiAnswer
  readonly upgrade?: Upgrade
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
      const whole = readWhole(bytes, this.#parts.known)
      if (!whole?.answer) return this.#handOver(bytes, whole)
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

  /** From here on the connection is a client's, or the HTTP server's. */
  #handOver(bytes: Buffer, whole: Whole | undefined): void {
    const socket = this.#socket
    this.#bytes = undefined
    this.#parts.onEnd()
    socket.setTimeout(0)
    socket.off('data', this.#onData).off('end', this.#onEnd)
    for (const event of GONE) socket.off(event, this.#destroy)
    if (whole?.upgrade) return whole.upgrade(whole.head, socket, bytes.subarray(whole.end))
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
const UPGRADE = /^(?:keep-alive, ?)?upgrade$/iu
/** What changes how a request ends. */
const CHANGING = ['transfer-encoding', 'expect', 'trailer', 'te']

/** Reads a request that may be taken, if all of it is there and nothing about it is unusual. Pure. */
export function readWhole(bytes: Buffer, known: Known): Whole | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const [line = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const [method = '', url = '', version] = line.split(' ', 4)
  if (version !== 'HTTP/1.1' || line.length !== method.length + url.length + 10) return undefined
  const headers = readHeaders(fields)
  if (!headers) return undefined
  const request = { bytes, bodyStart: headEnd + HEAD_END.length, head: { method, url, headers } }
  return method === 'POST' ? readPost(request, known) : method === 'GET' ? readUpgrade(request, known) : undefined
}

type Request = Pick<Whole, 'head' | 'bodyStart'> & { readonly bytes: Buffer }

function readPost({ bytes, bodyStart, head }: Request, { door }: Known): Whole | undefined {
  const { headers, url = '' } = head
  const answer = door?.methods.get(url)
  const isPlain = (headers.connection ?? 'keep-alive').toLowerCase() === 'keep-alive' && headers.upgrade === undefined
  const end = bodyStart + (LENGTH.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : Infinity)
  return answer && isPlain && end <= bytes.length && door?.isAllowed(head) ? { answer, head, bodyStart, end } : undefined
}

function readUpgrade({ bodyStart, head }: Request, { upgrades }: Known): Whole | undefined {
  const { headers } = head
  const upgrade = upgrades.get(pathOf(head))
  const isPlain = headers.upgrade !== undefined && UPGRADE.test(headers.connection ?? '') && headers['content-length'] === undefined
  return upgrade && isPlain ? { upgrade, head, bodyStart, end: bodyStart } : undefined
}

/** Header fields by lower-case name; nothing where one is odd, comes twice or changes how a request ends, or none says the host. */
function readHeaders(fields: readonly string[]): IncomingHttpHeaders | undefined {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  for (const field of fields) {
    const [, given, value] = FIELD.exec(field) ?? []
    const name = given?.toLowerCase()
    if (name === undefined || value === undefined || headers[name] !== undefined) return undefined
    headers[name] = value.trimEnd()
  }
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
