/**
 * How commands of the data folder's owner reach the process that has it open: a socket in the folder, one line of JSON each way. Whoever
 * may write in the folder may speak on it, nobody else.
 */

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import { reasonOf } from './data-folder.ts'
import { logLevels, logModules, type LogLevel, type LogModule } from './logs.ts'

/** What may be asked for. `backup` and `verify` answer when they are done; `hold` when the folder is free, until the connection ends; `log` tells or changes levels. */
export type Command = { do: 'backup', file: string } | { do: 'verify' } | { do: 'hold' } | { do: 'log', level?: LogLevel | undefined, module?: LogModule | undefined }

const commandSchema: z.ZodType<Command> = z.discriminatedUnion('do', [
  z.object({ do: z.literal('backup'), file: z.string() }),
  z.object({ do: z.literal('verify') }),
  z.object({ do: z.literal('hold') }),
  z.object({ do: z.literal('log'), level: z.enum(logLevels).optional(), module: z.enum(logModules).optional() }),
])

/** Carries a command out; `isOver` resolves when whoever asked is gone. `answer` is called once. */
export type CommandHandler = (command: Command, answer: (value: unknown) => void, isOver: Promise<unknown>) => Promise<void>

const answerSchema = z.union([z.object({ done: z.unknown() }), z.object({ fault: z.string() })])

/** What a running process said. */
export interface Answer {
  value: unknown
  /** Ends the connection, and with it a hold. */
  release: () => void
}

/** The running process could not do it; the message is a sentence. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Longest name that a socket may have. */
const MAX_NAME = 100

const toName = (folder: string): string | undefined => {
  const name = path.join(folder, 'control')
  return Buffer.byteLength(name) <= MAX_NAME ? name : undefined
}

/** Listens in a locked folder. A folder with a very long name has no socket: its commands need the process stopped. */
export async function listenForCommands(folder: string, handle: CommandHandler): Promise<() => void> {
  const name = toName(folder)
  if (name === undefined) return () => undefined
  rmSync(name, { force: true })
  const server = createServer(socket => { serve(socket, handle) })
  server.listen(name)
  await once(server, 'listening')
  server.unref()
  return () => { server.close() }
}

function serve(socket: Socket, handle: CommandHandler): void {
  const isOver = new Promise(resolve => { socket.once('close', resolve) })
  const say = (value: unknown): void => { socket.write(`${JSON.stringify(value)}\n`) }
  socket.on('error', () => undefined)
  createInterface({ input: socket }).once('line', line => {
    const run = async (): Promise<void> => handle(commandSchema.parse(JSON.parse(line)), value => { say({ done: value }) }, isOver)
    run().catch((error: unknown) => { say({ fault: error instanceof Error && error.message !== '' ? error.message : reasonOf(error) }) })
  })
}

/** Asks the process that has the folder open. @returns undefined when there is none @throws {CommandError} when it refuses */
export async function askRunning(folder: string, command: Command): Promise<Answer | undefined> {
  const name = toName(folder)
  if (name === undefined) return undefined
  const socket = connect(name)
  try {
    await once(socket, 'connect')
  } catch {
    return undefined
  }
  socket.on('error', () => undefined)
  socket.write(`${JSON.stringify(command)}\n`)
  for await (const line of createInterface({ input: socket })) {
    const answer = answerSchema.parse(JSON.parse(line))
    if ('done' in answer) return { value: answer.done, release: () => { socket.destroy() } }
    socket.destroy()
    throw new CommandError(answer.fault)
  }
  throw new CommandError('The running platform ended before it answered.')
}
