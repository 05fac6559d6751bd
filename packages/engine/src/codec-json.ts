/** Adapter of `codec.ts`: JSON, one message per line. */
import type { Codec, Decoded, Message } from './codec.ts'
import type { Command } from './command.ts'
import { decodeCommand } from './json-command.ts'
import { pushText, replyText } from './json-reply.ts'

const BREAK = Buffer.from('\n')

const toMessage = (text: string): Message => Buffer.from(text)

/** Stops at the first line that is no command; a line break at the very end ends the last line and starts none. */
function decode(frame: Buffer): Decoded {
  const text = frame.toString()
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  const commands: Command[] = []
  for (const line of lines) {
    const command = decodeCommand(line)
    if (command === undefined) return { commands, isMalformed: true }
    commands.push(command)
  }
  return { commands, isMalformed: false }
}

function join(messages: readonly Message[]): Buffer {
  const [first] = messages
  if (messages.length === 1 && first !== undefined) return first
  return Buffer.concat(messages.flatMap((message, at) => (at === 0 ? [message] : [BREAK, message])))
}

/** The JSON codec. */
export const jsonCodec: Codec = {
  name: 'centrifuge-json',
  isText: true,
  decode,
  encodeReply: reply => toMessage(replyText(reply)),
  encodePush: push => toMessage(pushText(push)),
  ping: toMessage('{}'),
  join,
}
