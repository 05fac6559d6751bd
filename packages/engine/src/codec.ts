/**
 * Port: how commands and replies are written on the wire. Adapters: `codec-json.ts`, `codec-protobuf.ts`.
 * A codec has no state, so one object serves every connection and its identity tells which encoding a message has.
 */
import type { Command } from './command.ts'
import type { Push, Reply } from './reply.ts'

/** One encoded reply or push, ready to be joined with others. The same object is shared by all its receivers. */
export type Message = Buffer

/** What a frame held: the commands before the first fault, and whether there was one. */
export interface Decoded {
  readonly commands: readonly Command[]
  readonly isMalformed: boolean
}

/** An encoding of the client protocol. No method throws. */
export interface Codec {
  /** Subprotocol name. */
  readonly name: string
  /** Whether frames are text. */
  readonly isText: boolean
  /** Commands of one frame in order. */
  decode(frame: Buffer): Decoded
  encodeReply(reply: Reply): Message
  encodePush(push: Push): Message
  /** The ping: an empty reply. */
  readonly ping: Message
  /** Joins messages into one frame; must not copy when there is only one. */
  join(messages: readonly Message[]): Buffer
}
