/**
 * Commands of the client protocol. One table says the fields and their types; the request types are derived from it, every codec
 * reads it. As in proto3 a missing field has its zero value, and unknown fields are ignored. Source: PROTOCOL 1.1, 1.2.
 */
import type { Json } from './publication.ts'

/** Fields of each command by their names on the wire. `raw` is any JSON value kept as text. */
export const COMMANDS = {
  connect: { token: 'string', data: 'raw', subs: 'subs', name: 'string', version: 'string', headers: 'texts' },
  subscribe: {
    channel: 'string', token: 'string', recover: 'boolean', epoch: 'string', offset: 'uint', data: 'raw', positioned: 'boolean',
    recoverable: 'boolean', join_leave: 'boolean', delta: 'string', tf: 'object', flag: 'int', type: 'int',
  },
  unsubscribe: { channel: 'string' },
  publish: { channel: 'string', data: 'raw', type: 'int', key: 'string' },
  presence: { channel: 'string' },
  presence_stats: { channel: 'string' },
  history: { channel: 'string', limit: 'int', since: 'position', reverse: 'boolean' },
  ping: {},
  send: { data: 'raw' },
  rpc: { data: 'raw', method: 'string' },
  refresh: { token: 'string' },
  sub_refresh: { channel: 'string', token: 'string', type: 'int' },
} as const

/** Where a client stood in a server-side subscription it had before. */
export interface KnownSubscription {
  readonly recover: boolean
  readonly offset: number
  readonly epoch: string
  readonly delta: string
}

/** Types a field may have. */
export interface FieldTypes {
  string: string
  boolean: boolean
  uint: number
  int: number
  raw: Json | undefined
  object: object | undefined
  /** Texts by name. */
  texts: ReadonlyMap<string, string>
  /** What is known of server-side subscriptions, by channel. */
  subs: ReadonlyMap<string, KnownSubscription>
  position: { readonly offset: number, readonly epoch: string } | undefined
}

/** Name of a command. */
export type Method = keyof typeof COMMANDS

/** Request of one command, every field present. */
export type Request<M extends Method> = {
  readonly [F in keyof (typeof COMMANDS)[M]]: (typeof COMMANDS)[M][F] extends keyof FieldTypes ? FieldTypes[(typeof COMMANDS)[M][F]] : never
}

/** A decoded command to decide on. `send` alone may have the id 0. */
export type NumberedCommand = { [M in Method]: { readonly method: M, readonly id: number, readonly request: Request<M> } }[Method]

/** A decoded command; `pong` is a command with id 0, which only answers a ping. */
export type Command = NumberedCommand | { readonly method: 'pong' }
