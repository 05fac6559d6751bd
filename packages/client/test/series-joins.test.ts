import type { MetricsSample } from '@neo-stack/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApiError, createSeriesFeed, type SubscriptionListener } from '../src/index.ts'
import { createManualClock, flush } from './kit/clock.ts'

/** What may happen to a reader of samples; `pick` chooses among what waits. */
const act = (...types: readonly ActType[]): fc.Arbitrary<{ type: ActType, pick: number }> => fc.record({ type: fc.constantFrom(...types), pick: fc.nat({ max: 30 }) })
type ActType = 'sample' | 'nothing' | 'deliver' | 'read' | 'answer' | 'fail' | 'cut' | 'connect' | 'twice' | 'ring'

/** Seconds that a question without `from` looks back. */
const LOOKS_BACK = 20

interface Fetch { from: number | undefined, found?: number[], resolve: (samples: MetricsSample[]) => void, reject: (reason: unknown) => void, signal: AbortSignal }

/** Samples that are kept, a socket that delivers them late, and answers that are read and arrive whenever. */
function createWorld() {
  const clock = createManualClock()
  const kept: number[] = []
  let second = 1000
  let listener: SubscriptionListener | undefined
  let isUp = false
  let wire: number[] = []
  let fetches: Fetch[] = []
  let seen: number[] = []
  const sample = (at: number): MetricsSample => ({ at, cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 })
  const feed = createSeriesFeed({
    connection: { subscribe: (_, next) => { listener = next; return () => { listener = undefined } } }, channel: 'admin:metrics', clock, random: () => 0,
    fetchSamples: ({ from }, signal) => new Promise((resolve, reject) => { fetches.push({ from, signal, resolve, reject }) }),
    onSnapshot: samples => { seen = samples.map(({ at }) => at) },
    onSample: ({ at }) => { seen.push(at) },
  })
  const read = (one: Fetch): void => { one.found ??= kept.filter(at => at >= (one.from ?? second - LOOKS_BACK + 1)) }
  const waiting = (): Fetch[] => fetches = fetches.filter(({ signal }) => !signal.aborted)
  const take = (pick: number): Fetch | undefined => waiting().splice(pick % Math.max(1, fetches.length), 1)[0]
  const deliver = (): void => {
    const at = wire.shift()
    if (at !== undefined) listener?.onPublication({ type: 'metrics_update', channel: 'admin:metrics', data: sample(at) })
  }
  const connect = (): void => {
    if (!isUp) listener?.onSubscribed({ isRecovered: false })
    isUp = true
  }
  const publish = (at: number): void => { if (isUp) wire.push(at) }
  const acts: Record<ActType, (pick: number) => void | Promise<void>> = {
    sample: () => {
      kept.push(++second)
      publish(second)
    },
    nothing: () => { second++ },
    twice: () => {
      const last = kept.at(-1)
      if (last !== undefined) publish(last)
    },
    deliver, connect,
    read: pick => { if (waiting().length > 0) read(fetches[pick % fetches.length] as Fetch) },
    answer: pick => {
      const one = take(pick)
      if (!one) return
      read(one)
      one.resolve((one.found ?? []).map(sample))
    },
    fail: pick => { take(pick)?.reject(new ApiError({ code: 'network', status: 0, detail: 'gone' })) },
    cut: () => {
      if (isUp) listener?.onLost()
      isUp = false
      wire = []
    },
    ring: () => clock.advance(clock.pending[0] ?? 0),
  }
  const settle = async (): Promise<void> => {
    connect()
    for (let round = 0; round < 200 && (wire.length > 0 || waiting().length > 0 || clock.pending.length > 0 || feed.status.state !== 'live'); round++) {
      deliver()
      await acts.answer(0)
      await acts.ring(0)
      await flush()
    }
  }
  return { feed, acts, settle, kept, seen: () => seen }
}

test('a thousand joins of a range and what is live: no second is missing, none comes twice, whatever was cut, late, doubled or failed', async () => {
  const common = act('sample', 'sample', 'nothing', 'deliver', 'read', 'answer', 'connect')
  const faulty = act('cut', 'fail', 'twice', 'ring')
  let joined = 0
  await fc.assert(fc.asyncProperty(fc.array(fc.oneof({ weight: 12, arbitrary: common }, { weight: 4, arbitrary: faulty }), { minLength: 10, maxLength: 80, size: 'max' }), async all => {
    const { feed, acts, settle, kept, seen } = createWorld()
    feed.start()
    for (const { type, pick } of all) {
      await acts[type](pick)
      await flush()
    }
    await settle()
    await acts.sample(0)
    await settle()
    expect(feed.status.state).toBe('live')
    expect(seen()).toEqual(kept.filter(at => at >= (seen()[0] ?? 0)))
    expect(seen().at(-1)).toBe(kept.at(-1))
    if (seen().length > 3) joined++
  }), { numRuns: 1000 })
  // Not all of it may be trivial.
  expect(joined).toBeGreaterThan(500)
}, 60_000)
