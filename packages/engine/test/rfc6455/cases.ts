/**
 * Cases of RFC 6455 in the categories of the Autobahn test suite. A case sends bytes to a connected client's socket; the server is
 * to answer what is asked and stay, or to close with a code.
 */
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, toBytes } from './frames.ts'
import type { Frame } from './frames.ts'

/** What is sent, how, and what is to come of it. */
export interface Case {
  readonly name: string
  readonly frames: readonly Frame[]
  /** Size of the pieces the bytes are written in. @default all at once */
  readonly piece?: number
  /** Close code. */
  readonly closes?: number
  /** Payload of the pongs, in order. */
  readonly pongs?: readonly Buffer[]
  /** The text that comes back as a publication's data. */
  readonly echoes?: Buffer
}

/** Where the case's channel is put in a command. */
const CHANNEL = 'open:echo'
const text = (payload: Buffer | string, more: Partial<Frame> = {}): Frame => ({ opcode: TEXT, payload, ...more })
/** A command that publishes a JSON string made of these bytes. */
const saying = (bytes: Buffer | string): Buffer => Buffer.concat([Buffer.from(`{"id":5,"publish":{"channel":"${CHANNEL}","data":"`), Buffer.from(bytes), Buffer.from('"}}')])
/** A command of exactly this many bytes. */
const sized = (size: number): Buffer => saying('x'.repeat(size - saying('').length))
const dataOf = (command: Buffer): Buffer => command.subarray(saying('').length - 3, -3)
const cut = (bytes: Buffer, ...at: number[]): Frame[] => {
  const edges = [0, ...at, bytes.length]
  return edges.slice(1).map((end, index) => ({ opcode: index === 0 ? TEXT : CONTINUATION, payload: bytes.subarray(edges[index], end), fin: index === edges.length - 2 }))
}
const closing = (code: number, reason: Buffer | string = ''): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(code)
  return Buffer.concat([bytes, Buffer.from(reason)])
}

const echo = (name: string, command: Buffer, more: Partial<Case> = {}): Case => ({ name, frames: [text(command)], echoes: dataOf(command), ...more })

const framing: Case[] = [
  ...[60, 64, 125, 126, 127, 128, 129, 255, 256, 1_000, 4_096, 16_384, 65_535, 65_536].flatMap(size => [
    echo(`text of ${size} bytes`, sized(size)),
    echo(`text of ${size} bytes in pieces of 997`, sized(size), { piece: 997 }),
    echo(`binary of ${size} bytes`, sized(size), { frames: [{ opcode: BINARY, payload: sized(size) }] }),
  ]),
  ...[60, 125, 126, 300].map(size => echo(`text of ${size} bytes, byte by byte`, sized(size), { piece: 1 })),
  echo('a length of 100 in 16 bits', sized(100), { frames: [text(sized(100), { lengthBytes: 2 })] }),
  echo('a length of 100 in 64 bits', sized(100), { frames: [text(sized(100), { lengthBytes: 8 })] }),
  echo('a mask of zeros', sized(100), { frames: [text(sized(100), { mask: Buffer.alloc(4) })] }),
  echo('a mask of ones', sized(100), { frames: [text(sized(100), { mask: Buffer.alloc(4, 255) })] }),
  ...[TEXT, BINARY, PING, PONG, CLOSE].map((opcode): Case => ({ name: `opcode ${opcode} without a mask`, frames: [{ opcode, payload: opcode === CLOSE ? closing(1000) : 'x', mask: undefined }], closes: 1002 })),
  { name: 'an empty text', frames: [text('')], closes: 3501 },
  { name: 'an empty binary', frames: [{ opcode: BINARY }], closes: 3501 },
]

const pinging: Case[] = [
  ...[0, 1, 2, 3, 4, 16, 64, 124, 125].flatMap((size): Case[] => [
    { name: `ping of ${size} bytes`, frames: [{ opcode: PING, payload: Buffer.alloc(size, 0xFE) }], pongs: [Buffer.alloc(size, 0xFE)] },
    { name: `ping of ${size} bytes, byte by byte`, frames: [{ opcode: PING, payload: Buffer.alloc(size, 1) }], piece: 1, pongs: [Buffer.alloc(size, 1)] },
    { name: `pong of ${size} bytes that nobody asked for`, frames: [{ opcode: PONG, payload: Buffer.alloc(size) }], pongs: [] },
  ]),
  { name: 'ten pings', frames: Array.from({ length: 10 }, (_, at) => ({ opcode: PING, payload: String(at) })), pongs: Array.from({ length: 10 }, (_, at) => Buffer.from(String(at))) },
  { name: 'a pong, then a ping', frames: [{ opcode: PONG, payload: 'a' }, { opcode: PING, payload: 'b' }], pongs: [Buffer.from('b')] },
  ...[PING, PONG, CLOSE].flatMap((opcode): Case[] => [
    { name: `control frame ${opcode} of 126 bytes`, frames: [{ opcode, payload: Buffer.alloc(126) }], closes: 1002 },
    { name: `control frame ${opcode} of 70,000 bytes`, frames: [{ opcode, payload: Buffer.alloc(70_000) }], closes: 1002 },
    { name: `control frame ${opcode} in fragments`, frames: [{ opcode, payload: 'x', fin: false }, { opcode: CONTINUATION, payload: 'y' }], closes: 1002 },
  ]),
]

const reserved: Case[] = [1, 2, 3, 4, 5, 6, 7].flatMap(rsv => [
  ...[TEXT, BINARY, PING, PONG].map((opcode): Case => ({ name: `reserved bits ${rsv} on opcode ${opcode}`, frames: [{ opcode, payload: sized(60), rsv }], closes: 1002 })),
  { name: `reserved bits ${rsv} on a close`, frames: [{ opcode: CLOSE, payload: closing(1000), rsv }], closes: 1002 },
  { name: `reserved bits ${rsv} on a continuation`, frames: [text('{', { fin: false }), { opcode: CONTINUATION, payload: '}', rsv }], closes: 1002 },
])

const opcodes: Case[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Case[] => [
  { name: `opcode ${opcode}`, frames: [{ opcode }], closes: 1002 },
  { name: `opcode ${opcode} with a payload`, frames: [{ opcode, payload: 'x' }], closes: 1002 },
  { name: `opcode ${opcode} after a message`, frames: [text('{"id":3,"rpc":{}}'), { opcode, payload: 'x' }, { opcode: PING }], closes: 1002 },
  { name: `opcode ${opcode} between fragments`, frames: [text('{"id":3,', { fin: false }), { opcode, payload: 'x' }], closes: 1002 },
])

const whole = sized(120)
const fragments: Case[] = [
  ...[1, 2, 3, 10, 60, 118, 119].map(at => echo(`two fragments, cut at ${at}`, whole, { frames: cut(whole, at) })),
  ...[1, 2, 7].map(size => echo(`fragments of ${size}`, whole, { frames: cut(whole, ...Array.from({ length: Math.floor(119 / size) }, (_, at) => (at + 1) * size)) })),
  echo('fragments of one byte, written byte by byte', whole, { frames: cut(whole, ...Array.from({ length: 119 }, (_, at) => at + 1)), piece: 1 }),
  echo('an empty first fragment', whole, { frames: cut(whole, 0) }),
  echo('an empty last fragment', whole, { frames: cut(whole, 120) }),
  echo('an empty fragment in between', whole, { frames: cut(whole, 50, 50) }),
  echo('a thousand empty fragments in between', whole, { frames: cut(whole, ...Array.from<number>({ length: 1_000 }).fill(50)) }),
  ...[1, 2, 3].map(count => echo(`${count} pings between fragments`, whole, {
    frames: [...cut(whole, 60).slice(0, 1), ...Array.from({ length: count }, (_, at) => ({ opcode: PING, payload: String(at) })), ...cut(whole, 60).slice(1)],
    pongs: Array.from({ length: count }, (_, at) => Buffer.from(String(at))),
  })),
  echo('a pong between fragments', whole, { frames: [...cut(whole, 60).slice(0, 1), { opcode: PONG }, ...cut(whole, 60).slice(1)] }),
  { name: 'a continuation of nothing', frames: [{ opcode: CONTINUATION, payload: 'x' }], closes: 1002 },
  { name: 'an unfinished continuation of nothing', frames: [{ opcode: CONTINUATION, payload: 'x', fin: false }], closes: 1002 },
  { name: 'an empty continuation of nothing', frames: [{ opcode: CONTINUATION }], closes: 1002 },
  { name: 'a continuation after a whole message', frames: [text('{"id":3,"rpc":{}}'), { opcode: CONTINUATION, payload: 'x' }], closes: 1002 },
  { name: 'a continuation after the last fragment', frames: [...cut(whole, 60), { opcode: CONTINUATION, payload: 'x' }], closes: 1002 },
  ...[TEXT, BINARY].flatMap(opcode => [true, false].map((fin): Case => ({ name: `opcode ${opcode}${fin ? '' : ', unfinished,'} between fragments`, frames: [text('{', { fin: false }), { opcode, payload: 'x', fin }], closes: 1002 }))),
  { name: 'a close between fragments', frames: [text('{', { fin: false }), { opcode: CLOSE, payload: closing(1000) }], closes: 1000 },
]

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
const VALID = ['7f', 'c280', 'dfbf', 'e0a080', 'ed9fbf', 'ee8080', 'efbfbd', 'efbfbe', 'efbfbf', 'f0908080', 'f09fbfbe', 'f09fbfbf', 'f3bfbfbf', 'f48fbfbe', 'f48fbfbf', 'cebae1bdb9cf83cebcceb5', 'f09f9880', 'e697a5e69cace8aa9e', 'c3a9c3a9c3a9']
const INVALID = [
  '80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', 'c020', 'df20', 'e020', 'ef20', 'f020', 'f720', 'f820', 'fb20', 'fc20', 'fd20', 'c0', 'e080', 'f08080', 'f8808080', 'df', 'efbf', 'f7bfbf', 'fe', 'ff', 'fefeffff',
  'c0af', 'e080af', 'f08080af', 'f8808080af', 'c1bf', 'e09fbf', 'f08fbfbf', 'c080', 'e08080', 'f0808080', 'eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbfbf', 'eda080edb080', 'edafbfedbfbf', 'f4908080', 'f5808080', 'f7bfbfbf', 'f888808080',
]
const utf8: Case[] = [
  ...VALID.flatMap(digits => [
    echo(`UTF-8 ${digits}`, saying(hex(digits))),
    echo(`UTF-8 ${digits}, cut inside`, saying(hex(digits)), { frames: cut(saying(hex(digits)), saying('').length - 2) }),
  ]),
  ...INVALID.flatMap((digits): Case[] => [
    { name: `no UTF-8: ${digits}`, frames: [text(saying(hex(digits)))], closes: 1007 },
    { name: `no UTF-8: ${digits}, cut inside`, frames: cut(saying(hex(digits)), saying('').length - 2), closes: 1007 },
  ]),
]

const closes: Case[] = [
  { name: 'a close without a code', frames: [{ opcode: CLOSE }], closes: 1005 },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3500, 3999, 4000, 4999].map((code): Case => ({ name: `close ${code}`, frames: [{ opcode: CLOSE, payload: closing(code) }], closes: code })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Case => ({ name: `close ${code}, which nobody may send`, frames: [{ opcode: CLOSE, payload: closing(code) }], closes: 1002 })),
  { name: 'a close of one byte', frames: [{ opcode: CLOSE, payload: 'x' }], closes: 1002 },
  { name: 'a close with a reason', frames: [{ opcode: CLOSE, payload: closing(1000, 'bye') }], closes: 1000 },
  { name: 'a close with a reason of 123 bytes', frames: [{ opcode: CLOSE, payload: closing(1000, 'x'.repeat(123)) }], closes: 1000 },
  { name: 'a close with a reason of 124 bytes', frames: [{ opcode: CLOSE, payload: closing(1000, 'x'.repeat(124)) }], closes: 1002 },
  { name: 'a close with a reason that is no UTF-8', frames: [{ opcode: CLOSE, payload: closing(1000, hex('cebae1bdb9eda080')) }], closes: 1007 },
  { name: 'two closes', frames: [{ opcode: CLOSE, payload: closing(1000) }, { opcode: CLOSE, payload: closing(1001) }], closes: 1000 },
  { name: 'a ping after a close', frames: [{ opcode: CLOSE, payload: closing(1000) }, { opcode: PING }], closes: 1000, pongs: [] },
  { name: 'a message after a close', frames: [{ opcode: CLOSE, payload: closing(1000) }, text(sized(60))], closes: 1000 },
]

const EMPTY: Frame = { opcode: CONTINUATION, fin: false }
const limits: Case[] = [
  { name: 'a message one byte too long', frames: [text(sized(65_537))], closes: 1009 },
  { name: 'a message one byte too long in two fragments', frames: cut(sized(65_537), 40_000), closes: 1009 },
  { name: 'a message one byte too long in pieces', frames: [text(sized(65_537))], piece: 4_096, closes: 1009 },
  ...[2n ** 31n, 2n ** 32n, 2n ** 53n - 1n].map((length): Case => ({ name: `a claimed length of ${length}`, frames: [text('', { lengthBytes: 8, length })], closes: 1009 })),
  ...[2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].map((length): Case => ({ name: `a claimed length of ${length}`, frames: [text('', { lengthBytes: 8, length })], closes: 1009 })),
  // Given up on for the number of fragments before their sum is too much.
  { name: 'fragments of one byte beyond the limit', frames: cut(sized(65_540), ...Array.from({ length: 65_539 }, (_, at) => at + 1)), closes: 1008 },
  { name: 'a million empty fragments', frames: [text('{', { fin: false }), ...Array.from({ length: 1_000_000 }, () => EMPTY)], closes: 1008 },
]

/** All of them, by category. */
export const CASES: Readonly<Record<string, readonly Case[]>> = { framing, ping: pinging, 'reserved bits': reserved, opcodes, fragments, 'UTF-8': utf8, close: closes, limits }

/** The bytes of a case in the pieces they are written in. */
export function piecesOf({ frames, piece }: Case): Buffer[] {
  const bytes = Buffer.concat(frames.map(toBytes))
  if (piece === undefined) return [bytes]
  return Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) => bytes.subarray(at * piece, (at + 1) * piece))
}
