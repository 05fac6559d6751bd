/** Frames of RFC 6455 as a server writes them. */

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

const FIN = 0x80
const RSV1 = 0x40

/** A whole message in one frame; `isCompressed` sets the bit that says so. */
export function toFrame(opcode: number, payload: Buffer, isCompressed = false): Buffer {
  const { length } = payload
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = FIN | (isCompressed ? RSV1 : 0) | opcode
  if (start === 2) frame[1] = length
  else if (start === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  payload.copy(frame, start)
  return frame
}

/** A close; 1005 is how the absence of a code is named, and is never written. */
export function toCloseFrame(code: number, reason = ''): Buffer {
  if (code === 1005) return toFrame(CLOSE, Buffer.alloc(0))
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return toFrame(CLOSE, payload)
}

/** Whether a peer may send this close code. */
export const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)

/** Puts messages into frames. A fan-out frames one message for many connections in a row, so the last frame is remembered. */
export class Framer {
  readonly #deflate: ((payload: Buffer) => Buffer) | undefined
  readonly #minSize: number
  #payload: Buffer | undefined
  #opcode = 0
  #frame: Buffer = Buffer.alloc(0)

  /** With `deflate`, payloads of at least `minSize` bytes are compressed. */
  constructor(deflate?: (payload: Buffer) => Buffer, minSize = 0) {
    this.#deflate = deflate
    this.#minSize = minSize
  }

  frame(opcode: number, payload: Buffer): Buffer {
    if (this.#payload === payload && this.#opcode === opcode) return this.#frame
    const deflate = payload.length >= this.#minSize ? this.#deflate : undefined
    this.#frame = deflate ? toFrame(opcode, deflate(payload), true) : toFrame(opcode, payload)
    this.#payload = payload
    this.#opcode = opcode
    return this.#frame
  }
}
