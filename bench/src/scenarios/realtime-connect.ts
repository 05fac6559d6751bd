/** What connections cost: to make, to make again, to have, and to publish beside them. */

import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from '../statistics.ts'
import type { Scenario } from '../scenario.ts'
import { compare, cpuSecondsOf, type Figures } from '../realtime/compare.ts'
import { createTally, LoadSocket, openClients, type Tally } from '../realtime/load-socket.ts'
import { publishAtRate, publishInLoop } from '../realtime/publisher.ts'
import { RECOVERING, type Position, type Target } from '../realtime/target.ts'
import { readRssMiB } from '../usage.ts'

/** Counted, not timed: a compiler that is still warming up is not what is measured, however slow the machine. */
const REQUESTS = 30_000

/** Requests of 16 clients. */
export const realtimeHttp: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO, ws: HTTP publishes of 16 clients',
  run: context => compare(context, {
    work: async target => ({
      'HTTP publish: CPU per request': await perRequest(target, 'open:nobody'),
      ...keepsHistory(target) && { 'HTTP publish, history 100: CPU per request': await perRequest(target, 'kept:nobody') },
    }),
    ratios: { 'HTTP publish: CPU per request': '≤ 1.0', 'HTTP publish, history 100: CPU per request': '≤ 0.9' },
  }),
}

const keepsHistory = ({ name }: Target): boolean => name === 'engine' || name === 'Centrifugo'

async function perRequest(target: Target, channel: string): Promise<{ value: number, unit: string }> {
  const load = { clients: 16, bytes: 128, channel }
  await publishInLoop(target, { ...load, requests: REQUESTS })
  let accepted = 0
  const cpu = await cpuSecondsOf(target, async () => { accepted = await publishInLoop(target, { ...load, requests: REQUESTS }) })
  return { value: cpu / accepted * 1e6, unit: 'µs' }
}

const CONNECTS = 4_000
/** Rounds before the one that counts: Node's compiler is done with what a connection needs after about 12,000 of them. */
const WARM_UP_ROUNDS = 3

/** Connections with a token and a subscription. */
export const realtimeConnect: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO: connect, HS256 token, one subscription; ws beside them, which looks at no token',
  run: context => compare(context, {
    work: async target => {
      const tally = createTally()
      // Other users in each round: no server has seen their tokens.
      const open = (round: number): Promise<LoadSocket[]> =>
        openClients(target, { count: CONNECTS, channelOf: index => `open:c${index % 100}`, tally, userOf: index => `r${round}u${index}` })
      for (let round = 0; round < WARM_UP_ROUNDS; round++) await cut(await open(round))
      let clients: LoadSocket[] = []
      const cpu = await cpuSecondsOf(target, async () => { clients = await open(WARM_UP_ROUNDS) })
      await cut(clients)
      return { 'connect: CPU per 1,000': { value: cpu / CONNECTS * 1_000, unit: 's' }, 'connect: lost': { value: tally.lost, unit: '' } }
    },
    ratios: { 'connect: CPU per 1,000': '≤ 1.0' }, goals: { 'connect: lost': '0' },
  }),
}

/** Ends connections and gives the server the time to notice. */
async function cut(clients: readonly LoadSocket[]): Promise<void> {
  for (const client of clients) client.close()
  await sleep(500)
}

const RECONNECTS = 5_000
const MISSED = 10
const CHANNEL = 'kept:storm'

/** Everybody comes back at once and has missed something. */
export const realtimeReconnect: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO with recovery: 5,000 reconnects that recover 10 publications each',
  run: context => compare(context, {
    // Socket.IO by default and ws recover nothing: what that costs a reader is in realtime-jitter.
    targets: ['Centrifugo', 'engine', RECOVERING],
    work: reconnect,
    ratios: { 'reconnect: CPU per 1,000': '≤ 0.7' }, goals: { 'reconnect: lost': '0' },
  }),
}

/** All connect, miss something, come back with the tokens they have; the last time counts. */
async function reconnect(target: Target): Promise<Figures> {
  const tally = createTally()
  const offset = await readOffset(target)
  const clients = await openClients(target, { count: RECONNECTS, channelOf: () => CHANNEL, tally })
  const positions = clients.map(({ answers }): Position => ({ offset, epoch: target.epochIn?.(answers) ?? '' }))
  await cut(clients)
  await publishAtRate(target, { perSecond: MISSED, seconds: 1, bytes: 128, channelOf: () => CHANNEL })
  for (let round = 1; round < WARM_UP_ROUNDS; round++) await cut((await storm(target, tally, positions)).sockets)
  let last: Storm | undefined
  const cpu = await cpuSecondsOf(target, async () => { last = await storm(target, tally, positions) })
  const { sockets = [], delays = [], lost = 0 } = last ?? {}
  await cut(sockets)
  return {
    'reconnect: CPU per 1,000': { value: cpu / RECONNECTS * 1_000, unit: 's' },
    'reconnect: p99': { value: percentile(delays.toSorted((a, b) => a - b), 0.99), unit: 'ms' },
    'reconnect: lost': { value: lost + tally.lost, unit: '' },
  }
}

/** Where everybody is before they miss something: at the start, or at a first message where only a message has a place. */
async function readOffset(target: Target): Promise<Position['offset']> {
  if (!target.offsetIn) return 0
  const client = new LoadSocket(target, createTally())
  await client.subscribe({ user: 'first', channel: CHANNEL })
  const [message] = await Promise.all([client.hear('"]'), publishAtRate(target, { perSecond: 1, seconds: 1, bytes: 128, channelOf: () => CHANNEL })])
  client.close()
  return target.offsetIn(message) ?? 0
}

interface Storm {
  sockets: LoadSocket[]
  /** Milliseconds from the first byte to the last publication. */
  delays: number[]
  /** Publications that were not recovered. */
  lost: number
}

async function storm(target: Target, tally: Tally, positions: readonly Position[]): Promise<Storm> {
  const sockets: LoadSocket[] = []
  const delays: number[] = []
  let lost = 0
  let next = 0
  await Promise.all(Array.from({ length: 200 }, async () => {
    while (next < positions.length) {
      const user = `u${next}`
      const since = positions[next++]
      const startedAt = performance.now()
      const socket = new LoadSocket(target, tally)
      sockets.push(socket)
      const recovered = await socket.subscribe({ user, channel: CHANNEL, ...since && { since } })
      delays.push(performance.now() - startedAt)
      lost += MISSED - (recovered.match(/"at":/g) ?? []).length
    }
  }))
  return { sockets, delays, lost }
}

const IDLE = 10_000
const PING_MS = 25_000

/** Connections that do nothing. */
export const realtimeIdle: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO, ws: 10,000 idle connections with a subscription; ws sends no pings',
  run: context => compare(context, {
    options: { pingIntervalMs: PING_MS },
    work: async target => {
      const tally = createTally()
      const before = await readRssMiB(target.pid)
      const clients = await openClients(target, { count: IDLE, channelOf: index => `open:c${index % 1_000}`, tally })
      // The collector comes by itself after a while; what is still resident then is what they cost.
      await sleep(PING_MS)
      const cpu = await cpuSecondsOf(target, () => sleep(PING_MS))
      const after = await readRssMiB(target.pid)
      for (const client of clients) client.close()
      return {
        'idle: resident memory each': { value: (after - before) * 1024 / IDLE, unit: 'KiB' },
        'idle: CPU per 1,000 for pings': target.name === 'ws' ? undefined : { value: cpu * 1000 / (PING_MS / 1000) / (IDLE / 1000), unit: 'ms/s' },
        'idle: lost': { value: tally.lost, unit: '' },
      }
    },
    goals: { 'idle: resident memory each': '≤ 12', 'idle: CPU per 1,000 for pings': '≤ 2.5', 'idle: lost': '0' },
  }),
}
