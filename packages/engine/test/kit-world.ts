/** Engine parts on transports in memory and time moved by hand, for the model-based test: what each client is told is a line of text. */
import { expect } from 'vitest'
import { createMemoryBroker } from '../src/broker-memory.ts'
import { jsonCodec } from '../src/codec-json.ts'
import { resolveConfig } from '../src/config.ts'
import { Connection } from '../src/connection.ts'
import type { Shared } from '../src/connection.ts'
import { createControl } from '../src/control.ts'
import type { Control } from '../src/control.ts'
import { Denials } from '../src/denials.ts'
import { dispatch } from '../src/dispatch.ts'
import { Flusher } from '../src/flusher.ts'
import { Hub } from '../src/hub.ts'
import { Limiter } from '../src/limiter.ts'
import { Meters } from '../src/meters.ts'
import { createMemoryPresence } from '../src/presence-memory.ts'
import { createPublishing } from '../src/publishing.ts'
import { Roster } from '../src/roster.ts'
import { createCounters } from '../src/stats.ts'
import type { TokenVerifier } from '../src/tokens/verifier.ts'
import type { Transport } from '../src/transport.ts'
import { Wheel } from '../src/wheel.ts'
import { KEPT, OPEN, SEEN, manualClock } from './kit.ts'

interface Gauges {
  connections: number
  users: number
  subscriptions: number
  channels: number
  present: number
  sent: number
}

/** What steps are done to. */
export interface World {
  readonly control: Control
  open(at: number): void
  drop(at: number): void
  send(at: number, text: string): void
  publish(channel: string, data: number): void
  subscribe(user: string, channel: string): void
  sleep(ms: number): void
  /** Resolves when nothing moves any more. */
  settle(): Promise<void>
  /** What a client was told since the last time. */
  take(at: number): string[]
  gauges(): Gauges
  /** Closes everything and checks that nothing is left. */
  end(): Promise<void>
}

/** Tokens are their claims; two words stand for bad ones. */
const tokens: TokenVerifier = {
  verify(token) {
    if (token === 'expired' || token === 'invalid') return { fault: token }
    return { claims: JSON.parse(token) as Record<string, unknown> }
  },
}

function createParts(channelLimit: number, onMessage: () => void) {
  const clock = manualClock()
  const now = (): number => clock.now()
  const config = resolveConfig({
    client: { channelLimit },
    channel: { namespaces: [{ name: 'open', ...OPEN }, { name: 'kept', ...KEPT }, { name: 'seen', ...SEEN }, { name: 'shut' }] },
  })
  const hub = new Hub()
  const meters = new Meters({}, config.version)
  const broker = createMemoryBroker({ onPublication: (channel, publication, epoch) => { hub.publish(channel, publication, epoch) } }, { clock, random: () => 0.5 })
  const presence = createMemoryPresence()
  const shared: Shared = {
    ports: {
      config, broker, presence, meters, now, denials: new Denials(now), limiter: new Limiter({}, now), groupOf: () => undefined,
      hooks: { onMessage, rpc: ({ method }) => (method === 'known' ? { result: {} } : undefined) },
      tokens: { connection: tokens, subscription: tokens },
      onFault: error => { throw error },
      attach: subscription => { hub.add(subscription) },
    },
    dispatch, hub, roster: new Roster<Connection>(), wheel: new Wheel(clock), flusher: new Flusher(() => 0), counters: createCounters(), random: () => 0.5,
  }
  return { clock, shared, broker, presence, control: createControl(shared), publishing: createPublishing(config, broker) }
}

/** A world of so many clients. */
export function createWorld(clients: number, channelLimit: number): World {
  let sent = 0
  const { clock, shared, broker, presence, control, publishing } = createParts(channelLimit, () => { sent++ })
  const told: string[][] = Array.from({ length: clients }, () => [])
  const connections: (Connection | undefined)[] = []
  const names = new Map<string, number>()

  const hear = (at: number, line: string): void => { told[at]?.push(line) }
  const gone = (at: number, connection: Connection | undefined): void => {
    connection?.onClose(1000, '')
    if (connections[at] === connection) connections[at] = undefined
  }
  const open = (at: number): void => {
    const transport: Transport = {
      name: 'websocket', bufferedBytes: 0,
      send(frame) { for (const line of frame.toString().split('\n')) hear(at, toLine(JSON.parse(line) as Message, names)) },
      close({ code }) {
        hear(at, `closed ${code}`)
        gone(at, connection)
      },
      cut() {
        hear(at, 'closed 0')
        gone(at, connection)
      },
      pause: () => undefined,
      resume: () => undefined,
    }
    const connection: Connection = new Connection(shared, { client: `client-${names.size}`, transport, codec: jsonCodec, headers: {} })
    names.set(connection.client, at)
    connections[at] = connection
  }

  const world: World = {
    control, open,
    drop: at => { gone(at, connections[at]) },
    send: (at, text) => { connections[at]?.onFrame(Buffer.from(text)) },
    publish: (channel, data) => { publishing.publish(channel, data) },
    subscribe: (user, channel) => { void control.subscribe({ user, channel }) },
    sleep: ms => { clock.advance(ms) },
    async settle() {
      for (let turn = 0; turn < 3; turn++) await new Promise(resolve => { setImmediate(resolve) })
    },
    take: at => told[at]?.splice(0) ?? [],
    gauges: () => ({
      connections: shared.roster.connected.size, users: shared.roster.users, subscriptions: shared.hub.subscriptions, channels: shared.hub.channels,
      present: presence.list('seen:1').size, sent,
    }),
    async end() {
      for (const at of connections.keys()) world.drop(at)
      await world.settle()
      broker.close()
      expect({ ...world.gauges(), sent: 0, open: shared.roster.open.size, timers: clock.timers }).toEqual({
        connections: 0, users: 0, subscriptions: 0, channels: 0, present: 0, sent: 0, open: 0, timers: 0,
      })
    },
  }
  return world
}

interface Message {
  readonly id?: number
  readonly error?: { readonly code: number }
  readonly push?: {
    readonly channel: string
    readonly pub?: { readonly data: unknown }
    readonly join?: { readonly info: { readonly client: string } }
    readonly leave?: { readonly info: { readonly client: string } }
    readonly subscribe?: object
    readonly unsubscribe?: { readonly code: number }
  }
}

function toLine(message: Message, names: ReadonlyMap<string, number>): string {
  const { id, error, push, ...result } = message
  if (error) return `error ${error.code}`
  if (id !== undefined) return Object.keys(result)[0] ?? ''
  if (!push) return 'ping'
  const { channel, pub, join, leave, subscribe, unsubscribe } = push
  if (pub) return `pub ${channel} ${JSON.stringify(pub.data)}`
  if (join) return `join ${channel} ${names.get(join.info.client)}`
  if (leave) return `leave ${channel} ${names.get(leave.info.client)}`
  return subscribe ? `sub ${channel}` : `unsub ${channel} ${unsubscribe?.code}`
}
