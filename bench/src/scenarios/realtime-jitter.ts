/** Clients on bad networks: what they have missed in the end. After the jitter profile of AnyCable's benchmark, scaled to one machine. */

import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '@neo-stack/testing'
import type { BenchContext, Scenario } from '../scenario.ts'
import { percentile } from '../statistics.ts'
import { compare, cpuSecondsOf } from '../realtime/compare.ts'
import { now } from '../realtime/load-socket.ts'
import { Line } from '../realtime/publisher.ts'
import { openReader, type Reader } from '../realtime/reader.ts'
import { RECOVERING, TARGETS, type Target } from '../realtime/target.ts'

const CLIENTS = 2_000
const PER_SECOND = 2
/** Each connection is cut this often, on average; a tick is when it is decided who is. */
const CUT_EVERY_MS = 15_000
const TICK_MS = 100
const CHANNEL = 'kept:jitter'
/** Whoever has not come back by then has missed it. */
const PATIENCE_MS = 15_000

/** Two messages a second to 2,000 clients, each of whom is cut every 15 seconds. */
export const realtimeJitter: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO with and without recovery, ws: 2,000 clients, each cut every 15 s or so, 2 messages/s: what they miss; --seconds 60 --runs 1 for the whole profile',
  run: async context => {
    const { rows, notes = [] } = await compare(context, {
      targets: [...TARGETS, RECOVERING],
      work: target => endure(target, context),
      goals: { 'jitter: lost': '0', 'jitter: doubled': '0' },
    })
    return { rows, notes: [...notes, `Who is cut in which tenth of a second is drawn with --seed ${context.seed}, the same for each server.`] }
  },
}

/** What one client has had of each message. */
type Seen = Uint8Array

async function endure(target: Target, { seconds, seed }: BenchContext): ReturnType<Parameters<typeof compare>[1]['work']> {
  const total = PER_SECOND * seconds
  const seen: Seen[] = Array.from({ length: CLIENTS }, () => new Uint8Array(total))
  const delays: number[] = []
  const readers = await openAll(target, (index, { n, at }) => {
    const own = seen[index]
    if (own) own[n] = (own[n] ?? 0) + 1
    delays.push(now() - at)
  }, index => createRandom(seed + 1 + index))
  const random = createRandom(seed)
  let cuts = 0
  const cutting = setInterval(() => {
    for (const reader of readers) {
      if (random() >= TICK_MS / CUT_EVERY_MS) continue
      reader.cut()
      cuts++
    }
  }, TICK_MS)
  const missing = (): number => seen.reduce((sum, own) => sum + own.filter(count => count === 0).length, 0)
  const cpuSeconds = await cpuSecondsOf(target, async () => {
    await publishNumbered(target, total)
    clearInterval(cutting)
    for (const until = performance.now() + PATIENCE_MS; missing() > 0 && performance.now() < until;) await sleep(TICK_MS)
  })
  for (const reader of readers) reader.close()
  return {
    'jitter: lost': { value: missing(), unit: '' },
    'jitter: lost, of all': { value: 100 * missing() / (total * CLIENTS), unit: '%' },
    'jitter: doubled': { value: seen.reduce((sum, own) => sum + own.filter(count => count > 1).length, 0), unit: '' },
    'jitter: cuts': { value: cuts, unit: '' },
    'jitter: delay p99, with what was recovered': { value: percentile(delays.toSorted((a, b) => a - b), 0.99), unit: 'ms' },
    'jitter: CPU': { value: cpuSeconds, unit: 's' },
  }
}

async function openAll(target: Target, onMessage: (index: number, message: { n: number, at: number }) => void, randomOf: (index: number) => () => number): Promise<Reader[]> {
  const readers: Reader[] = []
  for (let from = 0; from < CLIENTS; from += 100) {
    readers.push(...await Promise.all(Array.from({ length: 100 }, (_, offset) => openReader(target, {
      user: `user-${from + offset}`, channel: CHANNEL, random: randomOf(from + offset), onMessage: data => { onMessage(from + offset, data as { n: number, at: number }) },
    }))))
  }
  return readers
}

async function publishNumbered(target: Target, total: number): Promise<void> {
  const line = new Line(target.port)
  for (let n = 0; n < total; n++) {
    await Promise.all([line.post(target.publish(CHANNEL, JSON.stringify({ n, at: now() }))), sleep(1000 / PER_SECOND)])
  }
  line.close()
}
