/** Adapter of `broker.ts`: streams in this process's memory. A restart starts new epochs. */
import type { Broker, BrokerEvents, Draft, History, HistoryFilter, PublishResult, Retention } from './broker.ts'
import type { Clock } from './clock.ts'
import { Repeats } from './repeats.ts'
import { Stream } from './stream.ts'
import { Wheel } from './wheel.ts'
import type { Deadline } from './wheel.ts'

const EPOCH_LETTERS = 8
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** What the memory broker needs: time, and numbers in [0, 1) for epochs. */
export interface MemoryBrokerOptions {
  readonly clock: Clock
  readonly random: () => number
}

/** A broker without history across restarts. */
export const createMemoryBroker = (events: BrokerEvents, options: MemoryBrokerOptions): Broker => new MemoryBroker(events, options)

/** A stream with the deadline of whatever of it expires next. */
interface Kept extends Deadline {
  readonly stream: Stream
}

class MemoryBroker implements Broker {
  readonly #events: BrokerEvents
  readonly #clock: Clock
  readonly #random: () => number
  readonly #wheel: Wheel
  readonly #repeats: Repeats
  readonly #channels = new Map<string, Kept>()

  constructor(events: BrokerEvents, { clock, random }: MemoryBrokerOptions) {
    this.#events = events
    this.#clock = clock
    this.#random = random
    this.#wheel = new Wheel(clock)
    this.#repeats = new Repeats(this.#wheel)
  }

  publish(channel: string, draft: Draft, retention: Retention): PublishResult {
    const { idempotencyKey } = draft
    if (!idempotencyKey) return this.#publish(channel, draft, retention)
    let isRepeat = true
    const result = this.#repeats.once(`${channel}\n${idempotencyKey}`, this.#clock.now(), () => {
      isRepeat = false
      return this.#publish(channel, draft, retention)
    })
    if (isRepeat) this.#events.onSuppressed?.(channel, 'idempotency')
    return result
  }

  history(channel: string, filter: HistoryFilter, retention: Retention): History {
    return this.#use(channel, retention).read(filter)
  }

  removeHistory(channel: string): void {
    this.#channels.get(channel)?.stream.clear()
  }

  close(): void {
    this.#wheel.close()
    this.#channels.clear()
    this.#repeats.clear()
  }

  #publish(channel: string, { idempotencyKey: _, versionEpoch = '', delta, ...publication }: Draft, retention: Retention): PublishResult {
    if (retention.historySize === 0 || retention.historyTtl === 0) {
      this.#events.onPublication(channel, { ...publication, offset: 0 }, '')
      return {}
    }
    const stream = this.#use(channel, retention)
    if (stream.isOutdated(publication.version ?? 0, versionEpoch)) {
      this.#events.onSuppressed?.(channel, 'version')
      return stream.position
    }
    stream.clearAt = this.#clock.now() + retention.historyTtl
    const previous = delta ? stream.last : undefined
    const numbered = stream.append(publication, retention.historySize, versionEpoch)
    this.#events.onPublication(channel, numbered, stream.epoch, previous)
    return stream.position
  }

  /** The stream of a channel, made when needed; each use puts its end off. */
  #use(channel: string, { historyTtl, historyMetaTtl }: Retention): Stream {
    const now = this.#clock.now()
    const known = this.#channels.get(channel)
    const kept = known && known.stream.removeAt > now ? known : this.#create(channel)
    const { stream } = kept
    if (now >= stream.clearAt) stream.clear()
    stream.removeAt = now + historyMetaTtl
    // An entry that is due too early looks again and moves itself: cheaper than moving it at every publication.
    const soonest = now + (historyTtl || historyMetaTtl)
    if (kept.due > soonest) this.#wheel.set(kept, soonest)
    return stream
  }

  #create(channel: string): Kept {
    const stream = new Stream(Array.from({ length: EPOCH_LETTERS }, () => this.#letter()).join(''))
    const kept: Kept = { stream, due: Infinity, slot: 0, fire: now => { this.#expire(channel, kept, now) } }
    const known = this.#channels.get(channel)
    if (known) this.#wheel.set(known, Infinity)
    this.#channels.set(channel, kept)
    return kept
  }

  /** Publications go first, the position later. */
  #expire(channel: string, kept: Kept, now: number): void {
    const { stream } = kept
    if (now >= stream.clearAt) stream.clear()
    if (now >= stream.removeAt) this.#channels.delete(channel)
    else this.#wheel.set(kept, Math.min(stream.clearAt, stream.removeAt))
  }

  #letter(): string {
    return LETTERS.charAt(Math.floor(this.#random() * LETTERS.length))
  }
}
