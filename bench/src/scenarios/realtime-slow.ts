/** Readers that have stopped reading, and what the others notice of them. */

import { percentile } from '../statistics.ts'
import type { Scenario } from '../scenario.ts'
import { compare } from '../realtime/compare.ts'
import { createTally, openClients, type LoadSocket } from '../realtime/load-socket.ts'
import { publishAtRate } from '../realtime/publisher.ts'
import type { Target } from '../realtime/target.ts'
import { readRssMiB } from '../usage.ts'

const HALF = 500
const CHANNEL = 'open:slow'

/**
 * A thousand subscribers: all of them read, or half of them get stuck. The delays are those of some of the others. Socket.IO and ws have
 * no limit of what a reader may leave unread: they cut nobody and keep it all.
 */
export const realtimeSlow: Scenario = {
  doc: 'engine, Centrifugo, Socket.IO, ws: 500 stuck readers among 1,000, and the delay of the others',
  run: context => compare(context, {
    options: { queueMaxSize: 1_048_576 },
    work: async target => {
      const without = await delayOf(target, { isOtherHalfStuck: false })
      const beside = await delayOf(target, { isOtherHalfStuck: true })
      return {
        'slow: p99 where all 1,000 read': { value: without.p99, unit: 'ms' },
        'slow: p99 beside 500 stuck ones': { value: beside.p99, unit: 'ms' },
        'slow: p99 beside ÷ without': { value: beside.p99 / without.p99, unit: '×' },
        'slow: stuck ones that were cut': beside.cut === undefined ? undefined : { value: beside.cut, unit: '' },
        'slow: resident memory beside them − without': { value: beside.rssMiB - without.rssMiB, unit: 'MiB' },
        'slow: readers that were cut': { value: without.lost + beside.lost, unit: '' },
      }
    },
    goals: { 'slow: p99 beside ÷ without': '≤ 1.2', 'slow: stuck ones that were cut': String(HALF), 'slow: readers that were cut': '0' },
  }),
}

/** What the kernel takes for who does not read is some MiB, and only what comes after it is the server's to hold. */
const BYTES = 8_192
const PER_SECOND = 30
const SECONDS = 30

async function delayOf(target: Target, { isOtherHalfStuck }: { isOtherHalfStuck: boolean }): Promise<{ p99: number, cut: number | undefined, lost: number, rssMiB: number }> {
  const tally = createTally()
  const others = createTally()
  const readers = await openClients(target, { count: HALF, channelOf: () => CHANNEL, tally, measuring: 100 })
  const otherHalf: LoadSocket[] = await openClients(target, { count: HALF, channelOf: () => CHANNEL, tally: others })
  if (isOtherHalfStuck) for (const { socket } of otherHalf) socket.pause()
  const before = await countSlow(target)
  await publishAtRate(target, { perSecond: PER_SECOND, seconds: SECONDS, bytes: BYTES, channelOf: () => CHANNEL })
  const lost = tally.lost + (isOtherHalfStuck ? 0 : others.lost)
  const after = await countSlow(target)
  const cut = before === undefined || after === undefined ? undefined : after - before - lost
  const rssMiB = await readRssMiB(target.pid)
  for (const client of [...readers, ...otherHalf]) client.close()
  return { p99: percentile(tally.delays.toSorted((a, b) => a - b), 0.99), cut, lost, rssMiB }
}

const limitsReaders = ({ name }: Pick<Target, 'name'>): boolean => name === 'engine' || name === 'Centrifugo'

/** Ends of a connection are not heard by who does not read: the server says how many it cut for being slow, if it cuts any. */
export async function countSlow(target: Pick<Target, 'name' | 'port'>): Promise<number | undefined> {
  if (!limitsReaders(target)) return undefined
  const text = await fetch(`http://127.0.0.1:${target.port}/metrics`).then(response => response.text())
  return [...text.matchAll(/^centrifugo_client_num_server_disconnects\{.*code="3008".*\} (\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}
