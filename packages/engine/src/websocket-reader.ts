/** Reads the frames of a WebSocket client from the bytes of its socket. Knows no socket. Source: RFC 6455, 5 and 8.1. */
import { isUtf8 } from 'node:buffer'
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, isCloseCode } from './websocket-frames.ts'

/** Fragments of one message; more are an attack on the memory that each one costs. */
const MAX_FRAGMENTS = 16 * 1_024
const FIN = 0x80
const RESERVED = 0x70
const RSV1 = 0x40
const MASKED = 0x80
const MAX_CONTROL_BYTES = 125

/** Told of what was read, in order. After a close or a fault comes nothing more. */
export interface ReaderEvents {
  onMessage(payload: Buffer): void
  onPing(payload: Buffer): void
  /** 1005: the close named no code. */
  onCloseFrame(code: number, reason: string): void
  /** What came is no WebSocket any more; the code tells the client why it is closed. */
  onFault(code: number): void
}

/** What messages are held to. */
export interface ReaderOptions {
  /** Bytes of one message, over all its fragments; more is fault 1009. */
  readonly limit: number
  /** Where compression was agreed on: the message, or the code of the fault. */
  readonly inflate?: ((payload: Buffer) => Buffer | number) | undefined
}

interface Fragments {
  readonly opcode: number
  readonly isCompressed: boolean
  readonly parts: Buffer[]
  bytes: number
}

/** One client's frames. */
export class FrameReader {
  readonly #options: ReaderOptions
  readonly #events: ReaderEvents
  /** The beginning of a frame that has not come as a whole, with room for more. */
  #held: Buffer | undefined
  #heldBytes = 0
  /** Bytes without which it is no use to look again. */
  #needed = 2
  #fragments: Fragments | undefined
  #isOver = false

  constructor(events: ReaderEvents, options: ReaderOptions) {
    this.#events = events
    this.#options = options
  }

  /** Takes bytes as they come; they are changed in place and must not be used afterwards. */
  take(chunk: Buffer): void {
    if (this.#isOver) return
    const bytes = this.#held ? this.#append(this.#held, chunk) : chunk
    if (bytes.length < this.#needed) return this.#hold(bytes, 0)
    let at = 0
    while (!this.#isOver) {
      const size = this.#look(bytes, at)
      if (at + size > bytes.length) {
        this.#needed = size
        break
      }
      if (this.#isOver) break
      this.#needed = 2
      this.#read(bytes, at, size)
      at += size
    }
    if (this.#isOver || at === bytes.length) this.#held = undefined
    else this.#hold(bytes, at)
  }

  #append(held: Buffer, chunk: Buffer): Buffer {
    const length = this.#heldBytes + chunk.length
    let room = held
    if (room.length < length) {
      room = Buffer.allocUnsafe(Math.max(length, room.length * 2))
      held.copy(room, 0, 0, this.#heldBytes)
    }
    chunk.copy(room, this.#heldBytes)
    this.#held = room
    this.#heldBytes = length
    return room.subarray(0, length)
  }

  #hold(bytes: Buffer, at: number): void {
    const rest = bytes.length - at
    if (at === 0 && this.#held) return
    this.#held = Buffer.allocUnsafe(rest)
    bytes.copy(this.#held, 0, at)
    this.#heldBytes = rest
  }

  /** The size of the frame at a place, or of what must be there before its size is known. A head that is wrong ends it all. */
  #look(bytes: Buffer, at: number): number {
    const there = bytes.length - at
    if (there < 2) return 2
    const first = bytes[at] ?? 0
    const second = bytes[at + 1] ?? 0
    const marker = second & 127
    const head = marker < 126 ? 6 : marker === 126 ? 8 : 14
    const fault = this.#faultOf(first, second)
    if (fault !== undefined) return this.#fail(fault)
    if (there < head) return head
    const length = marker < 126 ? marker : marker === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
    const isControl = (first & 8) !== 0
    if (!isControl && length + (this.#fragments?.bytes ?? 0) > this.#options.limit) return this.#fail(1009)
    return head + length
  }

  #faultOf(first: number, second: number): number | undefined {
    const opcode = first & 15
    const isWhole = (first & FIN) !== 0
    const reserved = first & RESERVED
    const mayBeCompressed = this.#options.inflate !== undefined && (opcode === TEXT || opcode === BINARY)
    if ((second & MASKED) === 0 || (reserved !== 0 && !(mayBeCompressed && reserved === RSV1))) return 1002
    if (opcode === CONTINUATION) return this.#fragments ? undefined : 1002
    if (opcode === TEXT || opcode === BINARY) return this.#fragments ? 1002 : undefined
    const isControl = opcode === CLOSE || opcode === PING || opcode === PONG
    return isControl && isWhole && (second & 127) <= MAX_CONTROL_BYTES ? undefined : 1002
  }

  /** As a size: nothing more is to be waited for. */
  #fail(code: number): 0 {
    this.#isOver = true
    this.#held = undefined
    this.#fragments = undefined
    this.#events.onFault(code)
    return 0
  }

  #read(bytes: Buffer, at: number, size: number): void {
    const first = bytes[at] ?? 0
    const marker = (bytes[at + 1] ?? 0) & 127
    const start = at + (marker < 126 ? 6 : marker === 126 ? 8 : 14)
    const payload = bytes.subarray(start, at + size)
    unmask(payload, bytes, start - 4)
    const opcode = first & 15
    if (opcode === PING) return this.#events.onPing(payload)
    if (opcode === CLOSE) return this.#close(payload)
    if (opcode === PONG) return
    const isWhole = (first & FIN) !== 0
    const isCompressed = (first & RSV1) !== 0
    if (isWhole && !this.#fragments) this.#message(opcode, payload, isCompressed)
    else this.#fragment(this.#fragments ?? { opcode, isCompressed, parts: [], bytes: 0 }, payload, isWhole)
  }

  #fragment(fragments: Fragments, payload: Buffer, isLast: boolean): void {
    if (fragments.parts.length >= MAX_FRAGMENTS) return void this.#fail(1008)
    // A copy, or each fragment would keep all the bytes it came with.
    fragments.parts.push(Buffer.from(payload))
    fragments.bytes += payload.length
    this.#fragments = isLast ? undefined : fragments
    if (isLast) this.#message(fragments.opcode, Buffer.concat(fragments.parts), fragments.isCompressed)
  }

  #message(opcode: number, given: Buffer, isCompressed: boolean): void {
    const payload = isCompressed && this.#options.inflate ? this.#options.inflate(given) : given
    if (typeof payload === 'number') this.#fail(payload)
    else if (opcode === TEXT && !isUtf8(payload)) this.#fail(1007)
    else this.#events.onMessage(payload)
  }

  #close(payload: Buffer): void {
    const code = payload.length === 0 ? 1005 : payload.length === 1 ? 0 : payload.readUInt16BE(0)
    const reason = payload.subarray(2)
    if (code !== 1005 && !isCloseCode(code)) return void this.#fail(1002)
    if (code === 1005 && payload.length > 0) return void this.#fail(1002)
    if (!isUtf8(reason)) return void this.#fail(1007)
    this.#isOver = true
    this.#events.onCloseFrame(code, reason.toString())
  }
}

/** The four bytes of the mask stand right before the payload. */
function unmask(payload: Buffer, bytes: Buffer, maskAt: number): void {
  const mask = [bytes[maskAt] ?? 0, bytes[maskAt + 1] ?? 0, bytes[maskAt + 2] ?? 0, bytes[maskAt + 3] ?? 0] as const
  for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[(at & 3) as 0 | 1 | 2 | 3])
}
