/** Adapter of `broker.ts`: streams in this process's memory. A restart starts new epochs. */
import type { Broker, BrokerEvents, Draft, PublishResult, Retention } from './broker.ts'
import { Stream } from './stream.ts'
import { Wheel } from './wheel.ts'
import type { Clock } from './clock.ts'
import type { Deadline } from './wheel.ts'

/** How long an idempotency key is remembered, in milliseconds. */
const IDEMPOTENCY_MS = 300_000
const EPOCH_LETTERS = 8
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** What the memory broker needs: time, and numbers in [0, 1) for epochs. */
export interface MemoryBrokerOptions {
  readonly clock: Clock
  readonly random: () => number
}

/** A broker without history across restarts. */
export function createMemoryBroker(events: BrokerEvents, { clock, random }: MemoryBrokerOptions): Broker {
  const wheel = new Wheel(clock)
  const streams = new Map<string, Stream>()
  const repeats = createRepeats(clock, wheel)
  const expiries = new Map<string, Deadline>()

  const streamOf = (channel: string): Stream => {
    const known = streams.get(channel)
    if (known) return known
    const stream = new Stream(newEpoch(random))
    streams.set(channel, stream)
    return stream
  }

  const forget = (channel: string): void => {
    streams.delete(channel)
    expiries.delete(channel)
  }

  /** Publications go first, the position later; each use of the channel puts both off. */
  const expire = (channel: string, now: number): void => {
    const stream = streams.get(channel)
    if (!stream) return
    if (now >= stream.removeAt) return forget(channel)
    if (now >= stream.clearAt) {
      stream.clear()
      stream.clearAt = Infinity
    }
    schedule(channel, stream)
  }

  const schedule = (channel: string, stream: Stream): void => {
    const known = expiries.get(channel)
    const entry = known ?? { due: Infinity, slot: 0, fire: (now: number): void => { expire(channel, now) } }
    if (!known) expiries.set(channel, entry)
    // An entry that is due too early looks again and moves itself: cheaper than moving it at every publication.
    if (entry.due === Infinity) wheel.set(entry, Math.min(stream.clearAt, stream.removeAt))
  }

  const touch = (channel: string, stream: Stream, retention: Retention): void => {
    const now = clock.now()
    if (now >= stream.clearAt) stream.clear()
    stream.removeAt = now + Math.max(retention.historyMetaTtl, retention.historyTtl)
    schedule(channel, stream)
  }

  const deliver = (channel: string, draft: Draft, retention: Retention): PublishResult => {
    const { idempotencyKey, versionEpoch = '', ...publication } = draft
    if (!keeps(retention)) {
      events.onPublication(channel, { ...publication, offset: 0 }, '')
      return {}
    }
    const stream = streamOf(channel)
    if (stream.isOutdated(publication.version ?? 0, versionEpoch)) return stream.position
    touch(channel, stream, retention)
    const numbered = stream.append(publication, retention.historySize, versionEpoch)
    stream.clearAt = clock.now() + retention.historyTtl
    events.onPublication(channel, numbered, stream.epoch)
    return stream.position
  }

  return {
    publish(channel, draft, retention) {
      if (!draft.idempotencyKey) return deliver(channel, draft, retention)
      return repeats.once(`${channel}\n${draft.idempotencyKey}`, () => deliver(channel, draft, retention))
    },
    history(channel, filter, retention) {
      const stream = streamOf(channel)
      touch(channel, stream, retention)
      return stream.read(filter)
    },
    removeHistory: channel => streams.get(channel)?.clear(),
    close() {
      wheel.close()
      streams.clear()
      expiries.clear()
      repeats.clear()
    },
  }
}

/** Whether a retention keeps publications at all. */
const keeps = ({ historySize, historyTtl }: Retention): boolean => historySize > 0 && historyTtl > 0

const newEpoch = (random: () => number): string =>
  Array.from({ length: EPOCH_LETTERS }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('')

/** First results by key. All live equally long, so the oldest is always the first to go. */
function createRepeats(clock: Clock, wheel: Wheel): { once(key: string, first: () => PublishResult): PublishResult, clear(): void } {
  const results = new Map<string, { readonly result: PublishResult, readonly until: number }>()
  const sweep: Deadline = {
    due: Infinity,
    slot: 0,
    fire(now) {
      for (const [key, { until }] of results) {
        if (until > now) return wheel.set(sweep, until)
        results.delete(key)
      }
    },
  }
  return {
    once(key, first) {
      const known = results.get(key)
      if (known && known.until > clock.now()) return known.result
      results.delete(key)
      const result = first()
      const until = clock.now() + IDEMPOTENCY_MS
      results.set(key, { result, until })
      if (sweep.due === Infinity) wheel.set(sweep, until)
      return result
    },
    clear() {
      results.clear()
    },
  }
}
