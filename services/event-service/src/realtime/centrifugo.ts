/**
 * The realtime port on Centrifugo nodes. What a log keeps reaches them through the outbox (outbox.ts), in the transaction that logs
 * it; what no log keeps goes through the server API, one batch at a time, so that it stays in order.
 */

import * as z from 'zod'
import { createCentrifugoApi, type CentrifugoApi, type CentrifugoApiOptions } from './centrifugo-api.ts'
import { CANARY, SESSION_NAMESPACE, sessionChannel, toDisconnectCommand, toPublishCommand, type PublishCommand } from './centrifugo-commands.ts'
import { enqueueEvents } from './outbox.ts'
import type { Realtime, RealtimeConnection, RealtimeInspection, RealtimeStats, RealtimeTarget } from './realtime.ts'

/** What realtime on Centrifugo needs. */
export interface CentrifugoRealtimeOptions extends CentrifugoApiOptions {
  /** Everybody of a tenant who may be connected, as `{tenantId}/{userId}`: Centrifugo knows users, not tenants. */
  usersOf: (tenantId: string) => Promise<readonly string[]>
  /** Told of what could not be delivered. */
  onFault?: (error: unknown) => void
}

/** Commands of one batch, and publications that may wait while no node answers: of more the oldest are given up. */
const BATCH = 500
const MAX_WAITING = 10_000

/** Creates the port; `close` leaves the nodes as they are. */
export function createCentrifugoRealtime(options: CentrifugoRealtimeOptions): Realtime {
  const { onFault = () => undefined } = options
  const api = createCentrifugoApi(options)
  const queue = createQueue(api, onFault)
  return {
    enqueue: enqueueEvents,
    sessionChannel,
    deliver: events => queue.add(events.map(toPublishCommand)),
    disconnect: (target, reason) => disconnect({ ...options, api }, target, reason),
    inspect: createInspection(api),
    stats: () => readStats(api),
    close: () => queue.idle(),
  }
}

interface Queue {
  /** Resolves when these commands were sent or given up. */
  add: (commands: readonly PublishCommand[]) => Promise<void>
  idle: () => Promise<void>
}

function createQueue(api: CentrifugoApi, onFault: (error: unknown) => void): Queue {
  const waiting: PublishCommand[] = []
  let running: Promise<void> | undefined
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const commands = waiting.splice(0, BATCH).map(publish => ({ publish }))
      const refused = await api.batch(commands).catch((error: unknown) => [error])
      for (const error of refused) onFault(error)
    }
  }
  return {
    add: commands => {
      waiting.push(...commands)
      const tooMany = waiting.length - MAX_WAITING
      if (tooMany > 0) {
        waiting.splice(0, tooMany)
        onFault(new Error(`gave up ${tooMany} publications: Centrifugo does not take them`))
      }
      return running ??= work().finally(() => { running = undefined })
    },
    idle: () => running ?? Promise.resolve(),
  }
}

interface Cutting {
  api: CentrifugoApi
  usersOf: CentrifugoRealtimeOptions['usersOf']
}

async function disconnect({ api, usersOf }: Cutting, { tenantId, userId, sessionId, client: only }: RealtimeTarget, reason: string): Promise<void> {
  if (userId === undefined) {
    const users = await usersOf(tenantId)
    for (let from = 0; from < users.length; from += BATCH) {
      await sendAll(api, users.slice(from, from + BATCH).map(user => toDisconnectCommand(user, reason)))
    }
    return
  }
  const user = `${tenantId}/${userId}`
  if (sessionId === undefined) return await sendAll(api, [toDisconnectCommand(user, reason, only)])
  const clients = await clientsOf(api, sessionId)
  await sendAll(api, clients.filter(client => client.user === user).map(({ client }) => toDisconnectCommand(user, reason, client)))
}

async function sendAll(api: CentrifugoApi, commands: readonly object[]): Promise<void> {
  const [first] = await api.batch(commands.map(disconnectCommand => ({ disconnect: disconnectCommand })))
  if (first) throw first
}

const presenceSchema = z.object({ presence: z.record(z.string(), z.object({ user: z.string(), client: z.string() })).default({}) })

/** The connections of a session on all nodes. */
async function clientsOf(api: CentrifugoApi, sessionId: string): Promise<{ user: string, client: string }[]> {
  return Object.values(presenceSchema.parse(await api.call('presence', { channel: sessionChannel(sessionId) })).presence)
}

const channelsSchema = z.object({ channels: z.record(z.string(), z.object({ num_clients: z.number().default(0) })).default({}) })

/** Sessions that are asked at once. */
const ASKED = 20

/** Centrifugo knows connections by the channel of their session alone: not since when they are, nor what else they are on, nor services. */
function createInspection(api: CentrifugoApi): RealtimeInspection {
  const read = async (pattern: string): Promise<[string, number][]> =>
    Object.entries(channelsSchema.parse(await api.call('channels', { pattern })).channels).map(([name, { num_clients: clients }]) => [name, clients])
  return {
    channels: async () => (await read('')).filter(([name]) => !name.startsWith(`${SESSION_NAMESPACE}:`)).map(([name, subscribers]) => ({ name, subscribers })),
    connections: async () => {
      const sessions = (await read(`${SESSION_NAMESPACE}:*`)).map(([name]) => name.slice(SESSION_NAMESPACE.length + 1)).filter(session => !session.startsWith(CANARY))
      const connections: RealtimeConnection[] = []
      for (let from = 0; from < sessions.length; from += ASKED) {
        const found = await Promise.all(sessions.slice(from, from + ASKED).map(session => clientsOf(api, session)))
        connections.push(...found.flat().flatMap(({ user, client }) => {
          const [tenantId = '', userId] = user.split('/')
          return userId === undefined ? [] : [{ client, tenantId, userId }]
        }))
      }
      return { connections, unsaid: ['since', 'channels', 'services'] }
    },
  }
}

const count = z.number().default(0)
const infoSchema = z.object({ nodes: z.array(z.object({ num_clients: count, num_users: count, num_channels: count, num_subs: count })).default([]) })

/** Sums over the nodes: a user or a channel on two of them counts twice. Nodes tell each other their figures every few seconds. */
async function readStats(api: CentrifugoApi): Promise<RealtimeStats> {
  const stats = { connections: 0, users: 0, channels: 0, subscriptions: 0 }
  for (const node of infoSchema.parse(await api.call('info', {})).nodes) {
    stats.connections += node.num_clients
    stats.users += node.num_users
    stats.channels += node.num_channels
    stats.subscriptions += node.num_subs
  }
  return stats
}
