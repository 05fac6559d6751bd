/**
 * The canary of the scale-out column: this process holds a socket on each Centrifugo node and publishes through the outbox every few
 * seconds, on a channel that only these sockets are on. A node whose socket hears nothing delivers to nobody, whatever its health says.
 */

import { randomUUID } from 'node:crypto'
import { PLATFORM_TENANT } from '@neo-stack/events'
import type { Tokens } from '../auth/tokens.ts'
import type { Database } from '../database/database.ts'
import { CANARY } from './centrifugo-commands.ts'
import { enqueuePublication } from './outbox.ts'

/** Milliseconds between two publications of a canary; each of its sockets gets every one. */
export const CANARY_EVERY_MS = 3000

/** What a canary needs. */
export interface CanaryOptions {
  database: Pick<Database, 'inSystem'>
  tokens: Pick<Tokens, 'signConnection'>
  /** The channel that every connection of a session is put on: the canary is a session of its own. */
  sessionChannel: (sessionId: string) => string
  /** Where the nodes take sockets, for example `http://127.0.0.1:8000`. */
  nodes: readonly string[]
  /** Milliseconds between two publications. @default CANARY_EVERY_MS */
  everyMs?: number
  /** Milliseconds without one after which a node counts as deaf. @default 10_000 */
  silentMs?: number
  now?: () => number
  /** Told of what could not be published or asked for. */
  onFault?: (error: unknown) => void
}

/** A running canary. */
export interface Canary {
  /** By a node's host and port, whether what was published has reached its socket lately. */
  states: () => Record<string, boolean>
  stop: () => Promise<void>
}

/** A token is exchanged this long before realtime's shortest ones end, in milliseconds. */
const RENEW_MS = 30_000

/** Starts it; until a node has delivered once it counts as deaf. */
export function startCanary(options: CanaryOptions): Canary {
  const { database, tokens, sessionChannel, nodes, everyMs = CANARY_EVERY_MS, silentMs = 10_000, now = Date.now, onFault = () => undefined } = options
  const sessionId = `${CANARY}${randomUUID()}`
  const channel = sessionChannel(sessionId)
  const sign = async (): Promise<string> => {
    const { token } = await tokens.signConnection({ kind: 'service', tenantId: PLATFORM_TENANT, userId: 'canary', roles: [], permissions: [], sessionId })
    return token
  }
  const ears = nodes.map(node => createEar(node, { sign, silentMs, now }))
  // Each at most once at a time: a database that hangs keeps nobody from holding the sockets.
  const tasks = [() => database.inSystem(tx => enqueuePublication(tx, channel, { at: now() })), ...ears.map(ear => ear.tend)].map(run => createTask(run, onFault))
  const timer = setInterval(() => { for (const task of tasks) task.start() }, everyMs).unref()
  for (const task of tasks) task.start()
  return {
    states: () => Object.fromEntries(ears.map(({ node, heardAt }) => [node, now() - heardAt() <= silentMs])),
    stop: async () => {
      clearInterval(timer)
      await Promise.all(tasks.map(task => task.idle()))
      for (const ear of ears) ear.close()
    },
  }
}

function createTask(run: () => Promise<void>, onFault: (error: unknown) => void): { start: () => void, idle: () => Promise<void> } {
  let running: Promise<void> | undefined
  return {
    start: () => { running ??= run().catch(onFault).finally(() => { running = undefined }) },
    idle: () => running ?? Promise.resolve(),
  }
}

/** A socket on a node that is opened again whenever it is gone or silent. */
interface Ear {
  node: string
  /** Milliseconds since 1970. */
  heardAt: () => number
  /** Opens it where there is none, and renews its token. */
  tend: () => Promise<void>
  close: () => void
}

function createEar(node: string, { sign, silentMs, now }: { sign: () => Promise<string>, silentMs: number, now: () => number }): Ear {
  const address = `${node.replace(/^http/, 'ws').replace(/\/$/, '')}/connection/websocket`
  let [heardAt, openedAt, signedAt] = [0, 0, 0]
  let socket: WebSocket | undefined
  const close = (): void => {
    socket?.close()
    socket = undefined
  }
  const open = (token: string): void => {
    const opened = new WebSocket(address)
    socket = opened
    openedAt = now()
    opened.addEventListener('open', () => { opened.send(JSON.stringify({ id: 1, connect: { token, name: 'canary' } })) })
    opened.addEventListener('message', ({ data }) => {
      for (const line of String(data).split('\n')) {
        if (line === '{}') opened.send('{}')
        else if (isPublication(line)) heardAt = now()
      }
    })
    opened.addEventListener('close', () => { if (socket === opened) socket = undefined })
  }
  const tend = async (): Promise<void> => {
    if (now() - Math.max(heardAt, openedAt) > silentMs) close()
    if (socket && now() - signedAt < RENEW_MS) return
    const token = await sign()
    signedAt = now()
    if (!socket) open(token)
    else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ id: 2, refresh: { token } }))
  }
  return { node: new URL(node).host, heardAt: () => heardAt, tend, close }
}

/** Only the canary's own channel is on its sockets. */
const isPublication = (line: string): boolean => line.startsWith('{') && 'pub' in ((JSON.parse(line) as { push?: object }).push ?? {})
