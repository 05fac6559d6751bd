/** Adapter of `codec.ts`: Protobuf, each message after its length. Numbers: PROTOCOL 1.1–1.3. */
import type { Codec, Decoded } from './codec.ts'
import type { Command } from './command.ts'
import { listOf } from './delta.ts'
import { WireError, WireReader, delimit, field, message } from './protobuf.ts'
import { readCommand } from './protobuf-command.ts'
import type { ClientInfo, Publication } from './publication.ts'
import type { ConnectResult, Push, Reply, Result, SubscribeResult } from './reply.ts'

/** Stops at the first message that is no command. */
function decode(frame: Buffer): Decoded {
  const commands: Command[] = []
  try {
    const reader = new WireReader(frame)
    do {
      const command = readCommand(reader.delimited())
      if (command === undefined) return { commands, isMalformed: true }
      commands.push(command)
    } while (!reader.isAtEnd)
    return { commands, isMalformed: false }
  } catch (error) {
    if (error instanceof WireError) return { commands, isMalformed: true }
    throw error
  }
}

/** Numbers in `Reply`: one more than in `Command`. */
const RESULTS: Readonly<Record<Result['method'], number>> = {
  connect: 5, subscribe: 6, unsubscribe: 7, publish: 8, presence: 9, presence_stats: 10, history: 11, rpc: 13, refresh: 14, sub_refresh: 15,
}

function encodeReply(reply: Reply): Buffer {
  const id = field(1, reply.id)
  if ('result' in reply) return delimit(id, message(RESULTS[reply.result.method], ...resultFields(reply.result)))
  const { code, message: text, temporary } = reply.error
  return delimit(id, message(2, field(1, code), field(2, text), field(3, temporary)))
}

function resultFields(result: Result): Buffer[] {
  switch (result.method) {
    case 'connect': return connectFields(result.value)
    case 'refresh': return [field(3, result.value.expires), field(4, result.value.ttl)]
    case 'rpc': return [field(1, result.data)]
    case 'sub_refresh': return [field(1, result.value.expires), field(2, result.value.ttl)]
    case 'subscribe': return subscribeFields(result.value)
    case 'unsubscribe':
    case 'publish': return []
    case 'presence': return [...result.clients].map(([client, info]) => message(1, field(1, client), message(2, ...infoFields(info))))
    case 'presence_stats': return [field(1, result.clients), field(2, result.users)]
    case 'history': return [...listFields(1, result.publications, result.epoch), field(2, result.epoch), field(3, result.offset)]
  }
}

function connectFields({ client, version, expires, ttl, data, subs, ping, pong, session, node, time }: ConnectResult): Buffer[] {
  return [
    field(1, client), field(2, version), field(3, expires), field(4, ttl), field(5, data),
    ...[...subs ?? []].map(([channel, result]) => message(6, field(1, channel), message(2, ...subscribeFields(result)))),
    field(7, ping), field(8, pong), field(9, session), field(10, node), field(11, time),
  ]
}

function subscribeFields(result: SubscribeResult): Buffer[] {
  const { epoch = '' } = result
  return [
    field(1, result.expires), field(2, result.ttl), field(3, result.recoverable), field(6, epoch),
    ...listFields(7, listOf(result), epoch),
    field(8, result.recovered), field(9, result.offset), field(10, result.positioned), field(11, result.data),
    field(12, result.wasRecovering), field(13, result.delta),
  ]
}

function listFields(number: number, publications: readonly Publication[], epoch: string): Buffer[] {
  return publications.map(publication => message(number, ...publicationFields(publication, epoch)))
}

/** The first publication of a stream carries the epoch (PROTOCOL 6.8), here also for readers of deltas, as in the real server. */
function publicationFields({ data, info, offset, tags = {}, version, delta }: Publication, epoch: string): Buffer[] {
  return [
    field(4, data),
    ...info ? [message(5, ...infoFields(info))] : [],
    field(6, offset),
    ...Object.entries(tags).map(([name, value]) => message(7, field(1, name), field(2, value))),
    field(8, delta),
    field(14, offset === 1 ? epoch : ''),
    field(16, version),
  ]
}

const infoFields = ({ user, client, connInfo, chanInfo }: ClientInfo): Buffer[] =>
  [field(1, user), field(2, client), field(3, connInfo), field(4, chanInfo)]

const encodePush = (push: Push): Buffer => delimit(message(4, ...pushFields(push)))

function pushFields(push: Push): Buffer[] {
  if (push.type === 'disconnect') return [message(11, field(1, push.disconnect.code), field(2, push.disconnect.reason))]
  if (push.type === 'refresh') return [message(12, field(1, push.expiry.expires), field(2, push.expiry.ttl))]
  const channel = field(2, push.channel)
  switch (push.type) {
    case 'publication': return [channel, message(4, ...publicationFields(push.publication, push.epoch))]
    case 'join': return [channel, message(5, message(1, ...infoFields(push.info)))]
    case 'leave': return [channel, message(6, message(1, ...infoFields(push.info)))]
    case 'subscribe': return [channel, message(9, ...pushedFields(push.value))]
    case 'unsubscribe': return [channel, message(7, field(2, push.unsubscribe.code), field(3, push.unsubscribe.reason))]
  }
}

const pushedFields = ({ recoverable, epoch, offset, positioned, data }: SubscribeResult): Buffer[] =>
  [field(1, recoverable), field(4, epoch), field(5, offset), field(6, positioned), field(7, data)]

function join(messages: readonly Buffer[]): Buffer {
  const [first] = messages
  return messages.length === 1 && first !== undefined ? first : Buffer.concat(messages)
}

/** The Protobuf codec. */
export const protobufCodec: Codec = {
  name: 'centrifuge-protobuf', isText: false, decode, encodeReply, encodePush, join, ping: Buffer.from([0]),
}
