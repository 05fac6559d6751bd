/** WebSocket frames made and read by hand, so that they may be wrong in any way. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A frame as a client may send it. */
export interface Frame {
  readonly opcode: number
  readonly payload?: Buffer | string
  /** @default true */
  readonly fin?: boolean
  /** The three reserved bits, 0 to 7. @default 0 */
  readonly rsv?: number
  /** undefined: not masked. @default four bytes */
  readonly mask?: Buffer | undefined
  /** How the length is written, whether or not it is short enough for less. @default the shortest way */
  readonly lengthBytes?: 0 | 2 | 8
  /** The length that is claimed. @default the payload's */
  readonly length?: bigint
}

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

const MASK = Buffer.from([0x37, 0xFA, 0x21, 0x3D])

/** The bytes of a frame. */
export function toBytes(frame: Frame): Buffer {
  const { opcode, fin = true, rsv = 0 } = frame
  const mask = 'mask' in frame ? frame.mask : MASK
  const payload = Buffer.from(frame.payload ?? '')
  const { bytes, marker } = toLength(frame.length ?? BigInt(payload.length), frame.lengthBytes)
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, (mask ? 0x80 : 0) | marker])
  if (!mask) return Buffer.concat([head, bytes, payload])
  return Buffer.concat([head, bytes, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))])
}

function toLength(length: bigint, lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8): { bytes: Buffer, marker: number } {
  if (lengthBytes === 0) return { bytes: Buffer.alloc(0), marker: Number(length) }
  const bytes = Buffer.alloc(lengthBytes)
  if (lengthBytes === 2) bytes.writeUInt16BE(Number(length))
  else bytes.writeBigUInt64BE(length)
  return { bytes, marker: lengthBytes === 2 ? 126 : 127 }
}

/** A frame of the server. */
export interface Heard {
  readonly opcode: number
  readonly payload: Buffer
}

/** A TCP connection after its upgrade. */
export interface Peer {
  readonly socket: Socket
  /** Frames in order. */
  readonly heard: Heard[]
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>
  /** Resolves with the first frame from here on that is meant, or undefined when the connection ends without it. */
  first(isMeant: (frame: Heard) => boolean): Promise<Heard | undefined>
}

const UPGRADE = 'GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** Opens a connection and upgrades it. */
export async function openPeer(port: number): Promise<Peer> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => { socket.destroy() })
  const heard: Heard[] = []
  const waiting = new Set<() => void>()
  let rest = Buffer.alloc(0)
  let isOver = false
  const wake = (): void => { for (const look of [...waiting]) look() }
  const upgraded = Promise.withResolvers<undefined>()
  let isUpgraded = false
  socket.on('error', () => undefined)
  socket.on('data', data => {
    rest = Buffer.concat([rest, data])
    if (!isUpgraded) {
      const end = rest.indexOf('\r\n\r\n')
      if (end === -1) return
      isUpgraded = true
      rest = rest.subarray(end + 4)
      upgraded.resolve(undefined)
    }
    for (let frame = readFrame(rest); frame; frame = readFrame(rest)) {
      rest = rest.subarray(frame.size)
      heard.push(frame)
    }
    wake()
  })
  const ended = new Promise<void>(resolve => {
    socket.on('close', () => {
      isOver = true
      wake()
      resolve()
    })
  })
  socket.write(UPGRADE)
  await upgraded.promise
  return {
    socket, heard, ended,
    first: isMeant => new Promise(resolve => {
      const look = (): void => {
        const found = heard.find(isMeant)
        if (!found && !isOver) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    }),
  }
}

/** Frames of a server are never masked and, here, never longer than 16 bits say. */
function readFrame(bytes: Buffer): (Heard & { readonly size: number }) | undefined {
  if (bytes.length < 2) return undefined
  const marker = bytes.readUInt8(1)
  const start = marker < 126 ? 2 : marker === 126 ? 4 : 10
  if (bytes.length < start) return undefined
  const length = marker < 126 ? marker : marker === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (bytes.length < start + length) return undefined
  return { opcode: bytes.readUInt8(0) & 15, payload: bytes.subarray(start, start + length), size: start + length }
}
