/** Reads one line into a command: typed fields, payloads as raw text, anything else refused. */
import { COMMANDS } from './command.ts'
import type { Command, FieldTypes, KnownSubscription, Method, Request } from './command.ts'
import { isDeeperThan, memberText, skipBlank, valueEnd } from './json-text.ts'

/** Deeper nesting is refused before it is parsed: what nests this deep is an attack, and could not be written again. */
const MAX_DEPTH = 256
/** Ids have 32 bits. */
const MAX_ID = 0xFFFF_FFFF

const METHODS = Object.keys(COMMANDS) as Method[]
const FAULT: unique symbol = Symbol('fault')

type Fields = Readonly<Record<string, unknown>>

/** The command of a line, undefined when it is none. `null` is the empty command, as in Go. */
export function decodeCommand(line: string): Command | undefined {
  if (isDeeperThan(line, MAX_DEPTH)) return undefined
  const [text, value] = parseFirst(line)
  if (value === null) return { method: 'pong' }
  if (!isFields(value)) return undefined
  return toCommand(value, text)
}

/** A second value on the line is dropped, as the real server does. */
function parseFirst(line: string): [text: string, value: unknown] {
  const whole = parse(line)
  if (whole !== FAULT) return [line, whole]
  const start = skipBlank(line, 0)
  const first = line.slice(start, valueEnd(line, start))
  return [first, first.length < line.length ? parse(first) : FAULT]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return FAULT
  }
}

function toCommand(value: Fields, text: string): Command | undefined {
  const id = readField('uint', own(value, 'id'))
  if (id === FAULT || id > MAX_ID) return undefined
  let method: Method | undefined
  for (const name of Object.keys(value)) {
    const place = PLACES.get(name)
    if (place === undefined || isAbsent(value[name])) continue
    if (!isFields(value[name])) return undefined
    if (method === undefined || place < (PLACES.get(method) ?? 0)) method = name as Method
  }
  if (id === 0 && method !== 'send') return { method: 'pong' }
  if (method === undefined) return undefined
  const request = toRequest(method, value[method] as Fields, text)
  return request && ({ method, id, request } as Command)
}

/** A fresh object with the known fields only, so that nothing the sender names can reach a prototype. */
function toRequest<M extends Method>(method: M, fields: Fields, text: string): Request<M> | undefined {
  const { types, zero } = SHAPES.get(method) ?? { types: new Map<string, keyof FieldTypes>(), zero: {} }
  const request: Record<string, unknown> = { ...zero }
  for (const name of Object.keys(fields)) {
    const type = types.get(name)
    if (type === undefined) continue
    const value = type === 'raw' ? rawField(text, { method, name, given: fields[name] }) : readField(type, fields[name])
    if (value === FAULT) return undefined
    request[name] = value
  }
  return request as Request<M>
}

function rawField(text: string, { method, name, given }: { method: string, name: string, given: unknown }): string | undefined {
  if (given === undefined) return undefined
  const request = memberText(text, method)
  return request === undefined ? undefined : memberText(request, name)
}

const READERS: { readonly [T in Exclude<keyof FieldTypes, 'raw'>]: (value: unknown) => FieldTypes[T] | typeof FAULT } = {
  string: value => (isAbsent(value) ? '' : typeof value === 'string' ? value : FAULT),
  boolean: value => (isAbsent(value) ? false : typeof value === 'boolean' ? value : FAULT),
  uint: value => (isAbsent(value) ? 0 : Number.isInteger(value) && Number(value) >= 0 ? Number(value) : FAULT),
  int: value => (isAbsent(value) ? 0 : Number.isInteger(value) ? Number(value) : FAULT),
  object: value => (isAbsent(value) ? undefined : isFields(value) ? value : FAULT),
  texts: value => readMap(value, entry => READERS.string(entry)),
  subs: value => readMap(value, entry => (isFields(entry) ? readKnown(entry) : FAULT)),
  position: value => (isAbsent(value) ? undefined : isFields(value) ? readPosition(value) : FAULT),
}

/** Of several methods in one command the first of the table counts. */
const PLACES: ReadonlyMap<string, number> = new Map(METHODS.map((name, at) => [name, at]))
/** The fields of each method, and a request in which none was given. */
const SHAPES: ReadonlyMap<Method, { readonly types: ReadonlyMap<string, keyof FieldTypes>, readonly zero: object }> = new Map(METHODS.map(method => {
  const types = new Map(Object.entries(COMMANDS[method]) as [string, keyof FieldTypes][])
  return [method, { types, zero: Object.fromEntries([...types].map(([name, type]) => [name, type === 'raw' ? undefined : readField(type, undefined)])) }]
}))

function readPosition(value: Fields): NonNullable<FieldTypes['position']> | typeof FAULT {
  const offset = READERS.uint(own(value, 'offset'))
  const epoch = READERS.string(own(value, 'epoch'))
  return offset === FAULT || epoch === FAULT ? FAULT : { offset, epoch }
}

function readMap<T>(value: unknown, read: (entry: unknown) => T | typeof FAULT): ReadonlyMap<string, T> | typeof FAULT {
  if (isAbsent(value)) return new Map()
  if (!isFields(value)) return FAULT
  const entries = new Map<string, T>()
  for (const [name, entry] of Object.entries(value)) {
    const known = read(entry)
    if (known === FAULT) return FAULT
    entries.set(name, known as T)
  }
  return entries
}

function readKnown(value: Fields): KnownSubscription | typeof FAULT {
  const recover = READERS.boolean(own(value, 'recover'))
  const delta = READERS.string(own(value, 'delta'))
  const position = readPosition(value)
  return recover === FAULT || delta === FAULT || position === FAULT ? FAULT : { recover, delta, ...position }
}

function readField<T extends Exclude<keyof FieldTypes, 'raw'>>(type: T, value: unknown): FieldTypes[T] | typeof FAULT {
  return READERS[type](value)
}

function own(value: Fields, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
