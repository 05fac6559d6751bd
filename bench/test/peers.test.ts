import { until } from '@neo-stack/testing'
import { afterEach, expect, it } from 'vitest'
import { compare, toMedian } from '../src/realtime/compare.ts'
import { Line } from '../src/realtime/publisher.ts'
import { openReader, type Reader } from '../src/realtime/reader.ts'
import { RECOVERING, startTarget, type Target, type TargetName } from '../src/realtime/target.ts'
import { withLag } from '../src/scenario.ts'
import { countSlow } from '../src/scenarios/realtime-slow.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => { for (const clean of cleanups.splice(0).reverse()) await clean() })

const publishOn = async (target: Target, channel: string, n: number): Promise<void> => {
  const line = new Line(target.port)
  expect(await line.post(target.publish(channel, JSON.stringify({ n })))).toBe('200')
  line.close()
}

const start = async (name: TargetName): Promise<Target> => {
  const target = await startTarget(name, { pinned: false })
  cleanups.push(target.stop)
  return target
}

const read = async (target: Target, channel: string): Promise<{ reader: Reader, seen: unknown[] }> => {
  const seen: unknown[] = []
  const reader = await openReader(target, { user: 'ana', channel, onMessage: data => { seen.push(data) } })
  cleanups.push(reader.close)
  return { reader, seen }
}

/** Reads 0, is cut, is away while 1 is sent, and is back for one of those after it. */
const cutWhileSending = async (name: TargetName): Promise<number[]> => {
  const target = await start(name)
  const { reader, seen } = await read(target, 'kept:cut')
  await publishOn(target, 'kept:cut', 0)
  await until(() => seen.length === 1)
  reader.cut()
  let n = 1
  await publishOn(target, 'kept:cut', n)
  await until(async () => {
    await publishOn(target, 'kept:cut', ++n)
    return seen.length > 1
  }, { everyMs: 20 })
  await until(() => (seen.at(-1) as { n: number }).n === n)
  return seen.map(data => (data as { n: number }).n)
}

it('whoever is cut recovers what was sent meanwhile, each once, from the engine and from Socket.IO with recovery', async () => {
  for (const name of ['engine', RECOVERING] as const) {
    const seen = await cutWhileSending(name)
    expect(seen, name).toEqual(seen.map((_, index) => index))
  }
})

it('whoever is cut has missed it on Socket.IO as it is by default and on ws', async () => {
  for (const name of ['Socket.IO', 'ws'] as const) expect(await cutWhileSending(name), name).not.toContain(1)
})

it('ws sends to the channel that is published to, and to no other', async () => {
  const target = await start('ws')
  const [one, other] = [await read(target, 'open:a'), await read(target, 'open:b')]
  await publishOn(target, 'open:a', 1)
  await publishOn(target, 'open:b', 2)
  await until(() => one.seen.length === 1 && other.seen.length === 1)
  expect([one.seen, other.seen]).toEqual([[{ n: 1 }], [{ n: 2 }]])
})

it('who has no limit of what a reader leaves unread has no count of those that were cut', async () => {
  expect(await countSlow(await start('engine'))).toBe(0)
  for (const name of ['Socket.IO', 'ws'] as const) expect(await countSlow(await start(name)), name).toBeUndefined()
})

const LIMIT = 'the generator was the limit'

it('a figure says that the generator was the limit beyond 50 ms', () => {
  const row = { name: 'figure', value: 1, unit: 's' }
  expect([0, 50, 50.1].map(lagMs => withLag(row, lagMs))).toEqual([row, row, { ...row, note: LIMIT }])
})

it('the figure in the middle says so only where its own run was late', () => {
  const median = (...runs: [value: number, lagMs: number][]): unknown =>
    toMedian(runs.map(([value, lagMs]) => ({ figures: { figure: { value, unit: 's' }, lacking: undefined }, lagMs })), 'figure')
  expect(median([3, 80], [1, 90], [2, 10])).toEqual([{ name: 'figure', value: 2, unit: 's' }])
  expect(median([3, 10], [1, 10], [2, 80])).toEqual([{ name: 'figure', value: 2, unit: 's', note: LIMIT }])
  expect(toMedian([{ figures: { lacking: undefined }, lagMs: 80 }], 'lacking')).toEqual([])
})

it('a comparison says of whom the generator was late, in the figure and in its lag', async () => {
  const block = (ms: number): void => {
    const end = performance.now() + ms
    while (performance.now() < end) { /* as a generator that has too much to do */ }
  }
  const { rows } = await compare({ pinned: false, seconds: 1, events: 0, runs: 1, seed: 1, say: () => undefined }, {
    targets: ['ws'],
    work: async () => {
      for (let turn = 0; turn < 5; turn++) await new Promise<void>(resolve => { setTimeout(() => { resolve(block(100)) }, 10) })
      return { figure: { value: 1, unit: 's' } }
    },
  })
  expect(rows.map(({ name, note }) => [name, note])).toEqual([
    ['figure, ws', LIMIT], ['event loop lag of the generator, p99 of the worst run, ws', LIMIT],
  ])
})
