/** Reads a Protobuf message into a command. Payloads are JSON text here as everywhere in this engine. Source: PROTOCOL 1.1, 1.2. */
import { COMMANDS } from './command.ts'
import type { Command, FieldTypes, KnownSubscription, Method } from './command.ts'
import { isJson } from './json-text.ts'
import { WireError, readMessage, readRepeated } from './protobuf.ts'
import { oneLine } from './publication.ts'

type Wire = bigint | Buffer | undefined
type Numbers<M extends Method> = { readonly [F in keyof (typeof COMMANDS)[M]]: number }

/** Numbers of the commands in `Command`, and of their fields. */
const NUMBERS: { readonly [M in Method]: { readonly number: number, readonly fields: Numbers<M> } } = {
  connect: { number: 4, fields: { token: 1, data: 2, subs: 3, name: 4, version: 5, headers: 6 } },
  subscribe: {
    number: 5,
    fields: {
      channel: 1, token: 2, recover: 3, epoch: 6, offset: 7, data: 8, positioned: 9, recoverable: 10, join_leave: 11, delta: 12, tf: 13,
      flag: 14, type: 15,
    },
  },
  unsubscribe: { number: 6, fields: { channel: 1 } },
  publish: { number: 7, fields: { channel: 1, data: 2, type: 3, key: 4 } },
  presence: { number: 8, fields: { channel: 1 } },
  presence_stats: { number: 9, fields: { channel: 1 } },
  history: { number: 10, fields: { channel: 1, limit: 7, since: 8, reverse: 9 } },
  ping: { number: 11, fields: {} },
  send: { number: 12, fields: { data: 1 } },
  rpc: { number: 13, fields: { data: 1, method: 2 } },
  refresh: { number: 14, fields: { token: 1 } },
  sub_refresh: { number: 15, fields: { channel: 1, token: 2, type: 3 } },
}

const METHODS = Object.keys(COMMANDS) as Method[]

/** The command of a message, undefined when it is none. */
export function readCommand(bytes: Buffer): Command | undefined {
  try {
    return toCommand(readMessage(bytes))
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

function toCommand(fields: ReadonlyMap<number, bigint | Buffer>): Command | undefined {
  const id = READERS.uint(fields.get(1))
  const method = METHODS.find(name => fields.has(NUMBERS[name].number))
  if (id === 0 && method !== 'send') return { method: 'pong' }
  if (method === undefined) return undefined
  const { number, fields: numbers } = NUMBERS[method]
  return { method, id, request: toRequest(method, { body: bytesOf(fields.get(number)), numbers }) } as Command
}

function toRequest(method: Method, { body, numbers }: { body: Buffer, numbers: Readonly<Record<string, number>> }): Record<string, unknown> {
  const given = readMessage(body)
  const types = Object.entries(COMMANDS[method]) as [string, keyof FieldTypes][]
  return Object.fromEntries(types.map(([name, type]) => {
    const number = numbers[name] ?? 0
    return [name, type === 'texts' || type === 'subs' ? readMap(type, body, number) : READERS[type](given.get(number))]
  }))
}

/** A map is a repeated message of key and value. */
function readMap(type: 'texts' | 'subs', body: Buffer, number: number): ReadonlyMap<string, unknown> {
  const entries = readRepeated(body, number).map(bytesOf).map(readMessage)
  const read = type === 'texts' ? READERS.string : (value: Wire) => readKnown(readMessage(bytesOf(value)))
  return new Map(entries.map(entry => [READERS.string(entry.get(1)), read(entry.get(2))]))
}

/** Numbers of a SubscribeRequest. */
function readKnown(fields: ReadonlyMap<number, bigint | Buffer>): KnownSubscription {
  return {
    recover: READERS.boolean(fields.get(3)), epoch: READERS.string(fields.get(6)), offset: READERS.uint(fields.get(7)),
    delta: READERS.string(fields.get(12)),
  }
}

const READERS: { readonly [T in Exclude<keyof FieldTypes, 'texts' | 'subs'>]: (value: Wire) => FieldTypes[T] } = {
  string: value => bytesOf(value).toString(),
  boolean: value => numberOf(value) !== 0n,
  uint: value => whole(numberOf(value)),
  int: value => Number(BigInt.asIntN(32, numberOf(value))),
  raw: value => readJson(bytesOf(value).toString()),
  object: value => (value === undefined ? undefined : {}),
  position: value => (value === undefined ? undefined : readPosition(readMessage(bytesOf(value)))),
}

function readPosition(fields: ReadonlyMap<number, bigint | Buffer>): FieldTypes['position'] {
  return { offset: READERS.uint(fields.get(1)), epoch: READERS.string(fields.get(2)) }
}

/** Bytes that are no JSON would break every JSON subscriber of the channel. */
function readJson(text: string): string | undefined {
  if (text === '') return undefined
  if (!isJson(text)) throw new WireError('a payload is no JSON')
  return oneLine(text)
}

function numberOf(value: Wire = 0n): bigint {
  if (typeof value !== 'bigint') throw new WireError('a number is expected')
  return value
}

function bytesOf(value: Wire = Buffer.alloc(0)): Buffer {
  if (typeof value === 'bigint') throw new WireError('bytes are expected')
  return value
}

function whole(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new WireError('a number is too large')
  return Number(value)
}

/** The body of `POST /emulation` in Protobuf, undefined when it is none. */
export function readProtobufEmulation(body: Buffer): { session: string, node: string, data: Buffer } | undefined {
  try {
    const fields = readMessage(body)
    return { node: READERS.string(fields.get(1)), session: READERS.string(fields.get(2)), data: bytesOf(fields.get(3)) }
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
