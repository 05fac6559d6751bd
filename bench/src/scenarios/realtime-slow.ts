/** Readers that have stopped reading, and what the others notice of them. */

import { percentile } from '../statistics.ts'
import type { Scenario } from '../scenario.ts'
import { compare } from '../realtime/compare.ts'
import { createTally, openClients, type LoadSocket } from '../realtime/load-socket.ts'
import { publishAtRate } from '../realtime/publisher.ts'
import type { Target } from '../realtime/target.ts'

const HALF = 500
const CHANNEL = 'open:slow'

/** Half of a thousand subscribers get stuck. */
export const realtimeSlow: Scenario = {
  doc: 'engine, Centrifugo: 500 stuck readers among 1,000, and the delay of the others',
  run: context => compare(context, {
    targets: ['Centrifugo', 'engine'], options: { queueMaxSize: 262_144 },
    work: async target => {
      const without = await delayOf(target, 0, context.seconds)
      const beside = await delayOf(target, HALF, context.seconds)
      return {
        'slow: p99 of 500 readers': { value: without.p99, unit: 'ms' },
        'slow: p99 beside 500 stuck ones': { value: beside.p99, unit: 'ms' },
        'slow: p99 beside ÷ without': { value: beside.p99 / without.p99, unit: '×' },
        'slow: stuck ones that were cut': { value: beside.cut, unit: '' },
      }
    },
    goals: { 'slow: p99 beside ÷ without': '≤ 1.2' },
  }),
}

async function delayOf(target: Target, stuckCount: number, seconds: number): Promise<{ p99: number, cut: number }> {
  const tally = createTally()
  const others = createTally()
  const readers = await openClients(target, { count: HALF, channelOf: () => CHANNEL, tally, measuring: 100 })
  const stuck: LoadSocket[] = await openClients(target, { count: stuckCount, channelOf: () => CHANNEL, tally: others })
  for (const { socket } of stuck) socket.pause()
  // Ends of a connection are not heard by who does not read: the server's own word is asked for afterwards.
  await publishAtRate(target, { perSecond: 60, seconds, bytes: 16_384, channelOf: () => CHANNEL })
  for (const { socket } of stuck) socket.resume()
  await new Promise(resolve => setTimeout(resolve, 2_000))
  const cut = others.lost
  for (const client of [...readers, ...stuck]) client.close()
  return { p99: percentile(tally.delays.toSorted((a, b) => a - b), 0.99), cut }
}
