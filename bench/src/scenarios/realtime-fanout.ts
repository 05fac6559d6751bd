/** Publications to many subscribers: one channel, many channels, and as much as one channel can carry. */

import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from '../statistics.ts'
import type { BenchContext, Scenario } from '../scenario.ts'
import { compare, cpuSecondsOf, type Figures } from '../realtime/compare.ts'
import { createTally, openClients, type Tally } from '../realtime/load-socket.ts'
import { publishAtRate } from '../realtime/publisher.ts'
import type { Target } from '../realtime/target.ts'

interface Shape {
  subscribers: number
  channels: number
  perSecond: number
  bytes: number
  seconds: number
}

/** How long a delivery may be on its way after the last publication. */
const PATIENCE_MS = 15_000
const MEASURING = 20

const shapes: readonly { name: string, goal: string, shape: Omit<Shape, 'seconds'> }[] = [
  { name: '1,000 × 60/s, 128 B', goal: '≤ 0.85', shape: { subscribers: 1_000, channels: 1, perSecond: 60, bytes: 128 } },
  { name: '1,000 × 120/s, 128 B', goal: '≤ 0.95', shape: { subscribers: 1_000, channels: 1, perSecond: 120, bytes: 128 } },
  { name: '5,000 × 8/s, 256 B', goal: '≤ 0.75', shape: { subscribers: 5_000, channels: 1, perSecond: 8, bytes: 256 } },
]

/** Fan-out of one channel. */
export const realtimeFanout: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO, ws: one channel, many subscribers',
  async run(context) {
    const parts = []
    for (const { name, goal, shape } of shapes) parts.push(await compareShape(context, { name, goal, shape }))
    return { rows: parts.flatMap(({ rows }) => rows), notes: [...new Set(parts.flatMap(({ notes = [] }) => notes))] }
  },
}

/** Five subscribers each in a thousand channels. */
export const realtimeRooms: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO, ws: 5,000 subscribers in 1,000 channels, 4,000 publishes/s',
  run: context => compareShape(context, { name: 'rooms', goal: '≤ 0.85', shape: { subscribers: 5_000, channels: 1_000, perSecond: 4_000, bytes: 128 } }),
}

function compareShape(context: BenchContext, { name, goal, shape }: { name: string, goal: string, shape: Omit<Shape, 'seconds'> }): ReturnType<Scenario['run']> {
  const cpu = `${name}: CPU per 1 M deliveries`
  return compare(context, {
    work: async target => {
      const { cpuSeconds, delivered, expected, tally, blocked } = await deliver(target, { ...shape, seconds: context.seconds })
      return {
        [cpu]: { value: cpuSeconds / delivered * 1e6, unit: 's' },
        [`${name}: delay p99`]: { value: toPercentile(tally), unit: 'ms' },
        [`${name}: loop blocked, longest`]: blocked === undefined ? undefined : { value: blocked, unit: 'ms' },
        [`${name}: lost`]: { value: expected - delivered + tally.lost, unit: '' },
      }
    },
    ratios: { [cpu]: goal }, goals: { [`${name}: lost`]: '0', [`${name}: loop blocked, longest`]: '≤ 25' },
  })
}

/** Subscribes, publishes, waits until everything has come or nothing comes any more. */
async function deliver(target: Target, { subscribers, channels, perSecond, bytes, seconds }: Shape): Promise<{ cpuSeconds: number, delivered: number, expected: number, took: number, tally: Tally, blocked: number | undefined }> {
  const tally = createTally()
  // Names of one length: arrivals are told by their bytes.
  const channelOf = (index: number): string => `open:c${String(index % channels).padStart(4, '0')}`
  const clients = await openClients(target, { count: subscribers, channelOf, tally, measuring: MEASURING })
  const size = await sizeOfMessage(target, { tally, bytes, channel: channelOf(0) })
  Object.assign(tally, createTally())
  let expected = 0
  let took = 0
  const arrived = (): number => (tally.bytes + tally.frames) / (size + 1)
  await readBlocked(target)
  const cpuSeconds = await cpuSecondsOf(target, async () => {
    const startedAt = performance.now()
    const { accepted } = await publishAtRate(target, { perSecond, seconds, bytes, channelOf })
    expected = accepted * subscribers / channels
    await quiet(() => arrived() >= expected - 0.5, arrived)
    took = (performance.now() - startedAt) / 1000
  })
  const blocked = await readBlocked(target)
  for (const client of clients) client.close()
  return { cpuSeconds, delivered: Math.round(arrived()), expected, took, tally, blocked }
}

/** The longest time that the engine's loop stood still since this was asked last, in milliseconds; nothing for other servers. */
async function readBlocked({ name, port }: Target): Promise<number | undefined> {
  return name === 'engine' ? Number(await (await fetch(`http://127.0.0.1:${port}/loop`)).text()) : undefined
}

/** Learns how long one message is on the wire, from the first. */
async function sizeOfMessage(target: Target, { tally, bytes, channel }: { tally: Tally, bytes: number, channel: string }): Promise<number> {
  await publishAtRate(target, { perSecond: 1, seconds: 1, bytes, channelOf: () => channel })
  await quiet(() => false, () => tally.frames, 500)
  return tally.bytes / tally.frames
}

async function quiet(isDone: () => boolean, progress: () => number, patienceMs = PATIENCE_MS): Promise<void> {
  let last = progress()
  let since = performance.now()
  while (!isDone() && performance.now() - since < patienceMs) {
    await sleep(20)
    if (progress() === last) continue
    last = progress()
    since = performance.now()
  }
}

const toPercentile = ({ delays }: Tally): number => delays.length === 0 ? Number.NaN : percentile(delays.toSorted((a, b) => a - b), 0.99)

/** Publications per second that are tried, up to where they come too late. */
const RATES = [50, 100, 200, 400, 800, 1_200, 1_600, 2_400, 3_200]
const LIMIT_MS = 250

/** How much one channel can carry. */
export const realtimeHot: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO, ws: deliveries/s of one channel with 1,000 subscribers while p99 ≤ 250 ms',
  run: context => compare(context, { work: async target => await climb(target, Math.min(context.seconds, 4)), ratios: { 'hot channel: deliveries': '≥ 5' }, goals: { 'hot channel: deliveries': '≥ 1,000,000' } }),
}

async function climb(target: Target, seconds: number): Promise<Figures> {
  const shape = { subscribers: 1_000, channels: 1, bytes: 128, seconds }
  let best = 0
  let lost = 0
  // Code that is still cold would end the climb of a slower server at its first rate.
  await deliver(target, { ...shape, perSecond: 50 })
  for (const perSecond of RATES) {
    const { delivered, expected, took, tally } = await deliver(target, { ...shape, perSecond })
    if (toPercentile(tally) > LIMIT_MS || delivered < expected) break
    lost += tally.lost
    best = Math.max(best, delivered / took)
  }
  return { 'hot channel: deliveries': { value: best, unit: '/s' }, 'hot channel: lost': { value: lost, unit: '' } }
}
