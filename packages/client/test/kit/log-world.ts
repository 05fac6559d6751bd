/**
 * A world for the log feed's table: a service with a log, a realtime stream with limited memory, a transport that cuts, loses,
 * doubles and delays, and requests that are read at one moment and answered at another. It plays the table's effects and checks
 * every delivery. Nothing here knows how the table works.
 */
import type { FeedEffect, FeedEvent, FeedItem, FeedRules, FeedState } from '../../src/feed-events.ts'
import { logRules } from '../../src/feed-events.ts'
import { initialFeedState, stepFeed } from '../../src/feed-state.ts'

interface Kept { seq: number, epoch: string, id: string }
type Fetch = Extract<FeedEffect, { type: 'fetch-snapshot' | 'fetch-page' }>
interface Request { fetch: Fetch, answer: FeedEvent | undefined, isCancelled: boolean }

const PAGE = 3
/** Publications the realtime stream remembers for recovery. */
const STREAM = 4

/** What a test does to the world; numbers choose among what there is. */
export type Act =
  | { type: 'publish' | 'publishLost' | 'deliver' | 'deliverLate' | 'repeat' | 'cut' | 'connect' | 'trim' | 'restore' | 'ring', pick: number }
  | { type: 'read' | 'answer' | 'failAnswer', pick: number }

export class LogWorld {
  readonly seen: string[] = []
  /** Cells of the table that were used, as `state × event`; late answers apart. */
  readonly visited = new Set<string>()
  readonly snapshots: { epoch: string, seq: number }[] = []
  state: FeedState = initialFeedState
  /** The service: the log as it is now; `trimmed` is the seq of the newest event that is no longer kept. */
  #log: Kept[] = []
  #trimmed = 0
  #epochs = 1
  #ids = 0
  /** The realtime stream: offsets count publications of this epoch of the stream. */
  #stream: Kept[] = []
  #streamEpoch = 1
  #top = 0
  /** The client library's side: where it would recover from. */
  #offset = 0
  #offsetEpoch = 0
  #isWanted = false
  #isUp = false
  /** On the wire of this connection, in order. */
  #wire: { event: Kept, offset: number }[] = []
  /** Every publication there ever was, for repeats. */
  #past: Kept[] = []
  #requests: Request[] = []
  #timer: number | undefined
  #view: { epoch: string, seq: number, ids: string[] } | undefined
  readonly #rules: FeedRules

  constructor(rules: FeedRules = logRules) {
    this.#rules = rules
  }

  get epoch(): string {
    return `e${this.#epochs}`
  }

  get logIds(): string[] {
    return this.#log.map(({ id }) => id)
  }

  get view(): string[] | undefined {
    return this.#view?.ids
  }

  act({ type, pick }: Act): void {
    const acts: Record<Act['type'], (pick: number) => void> = {
      publish: () => { this.publish() },
      publishLost: () => { this.#append() },
      deliver: () => { this.#deliver(0) },
      deliverLate: () => { this.#deliver(1) },
      repeat: at => { this.#repeat(at) },
      cut: () => { this.cut() },
      connect: () => { this.connect() },
      trim: at => { this.#trimmed = Math.max(this.#trimmed, Math.min(this.#log.length, at % 12)) },
      restore: at => { this.#restore(at) },
      ring: () => { this.#ring() },
      read: at => { this.#read(at) },
      answer: at => { this.#answer(at) },
      failAnswer: at => { this.#fail(at) },
    }
    acts[type](pick)
  }

  dispatch(event: FeedEvent): void {
    const isLate = 'generation' in event && event.generation !== this.state.generation
    this.visited.add(`${isLate ? 'late' : this.state.kind} × ${event.type}`)
    const { state, effects } = stepFeed(this.#rules, this.state, event)
    this.state = state
    for (const effect of effects) this.#perform(effect)
  }

  publish(): void {
    const event = this.#append()
    this.#stream.push(event)
    this.#top++
    if (this.#stream.length > STREAM) this.#stream.shift()
    if (this.#isUp) this.#wire.push({ event, offset: this.#top })
  }

  cut(): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.#wire = []
    this.dispatch({ type: 'lost' })
  }

  /** Recovery by Centrifugo's rule: all after the client's offset is still in the stream, of the same epoch. */
  connect(): void {
    if (this.#isUp || !this.#isWanted) return
    this.#isUp = true
    const missed = this.#top - this.#offset
    const isRecovered = this.#offsetEpoch === this.#streamEpoch && missed <= this.#stream.length
    const first = this.#offset + 1
    const recovered = isRecovered && missed > 0 ? this.#stream.slice(-missed) : []
    if (!isRecovered) this.#offset = this.#top
    this.#offsetEpoch = this.#streamEpoch
    this.dispatch({ type: 'subscribed', isRecovered })
    recovered.forEach((event, index) => { this.#wire.push({ event, offset: first + index }) })
    while (this.#wire.length > 0) this.#deliver(0)
  }

  /** Lets everything come to rest: all that is under way arrives, requests are answered truthfully. */
  settle(): void {
    for (let round = 0; round < 200; round++) {
      this.connect()
      while (this.#wire.length > 0) this.#deliver(0)
      if (this.#requests.length > 0) {
        this.#read(0)
        this.#answer(0)
      } else if (this.#timer !== undefined) this.#ring()
      else return
    }
    throw new Error(`does not come to rest: ${JSON.stringify(this.state)}`)
  }

  #append(): Kept {
    const event: Kept = { seq: this.#log.length + 1, epoch: this.epoch, id: `${this.#ids++}` }
    this.#log.push(event)
    this.#past.push(event)
    return event
  }

  /** `skip` 1 lets the second publication overtake the first. */
  #deliver(skip: number): void {
    const [next] = this.#wire.splice(Math.min(skip, this.#wire.length - 1), 1)
    if (!next || !this.#isUp) return
    this.#offset = Math.max(this.#offset, next.offset)
    this.dispatch({ type: 'publication', item: toItem(next.event) })
  }

  #repeat(at: number): void {
    const event = this.#past[at % Math.max(1, this.#past.length)]
    if (event && this.#isUp) this.dispatch({ type: 'publication', item: toItem(event) })
  }

  /** A backup is restored: the log loses its end and goes on under a new epoch; the service and its stream start anew. */
  #restore(at: number): void {
    this.cut()
    this.#log = this.#log.slice(0, at % (this.#log.length + 1))
    this.#trimmed = Math.min(this.#trimmed, this.#log.length)
    this.#epochs++
    this.#log = this.#log.map(event => ({ ...event, epoch: this.epoch }))
    this.#stream = []
    this.#streamEpoch++
    this.#top = 0
  }

  #ring(): void {
    const generation = this.#timer
    this.#timer = undefined
    if (generation !== undefined) this.dispatch({ type: 'retry', generation })
  }

  /** The service reads: the answer is what is true now, whenever it arrives. */
  #read(at: number): void {
    const request = this.#requests[at % Math.max(1, this.#requests.length)]
    if (request) request.answer ??= request.fetch.type === 'fetch-snapshot' ? this.#toSnapshot(request.fetch) : this.#toPage(request.fetch)
  }

  #answer(at: number): void {
    const request = this.#requests[at % Math.max(1, this.#requests.length)]
    if (!request?.answer) return
    this.#requests.splice(this.#requests.indexOf(request), 1)
    this.dispatch(request.answer)
  }

  #fail(at: number): void {
    const [request] = this.#requests.splice(at % Math.max(1, this.#requests.length), 1)
    if (request) this.dispatch({ type: 'missed', generation: request.fetch.generation, waitMs: 0, fault: { code: 'unavailable', detail: '' } })
  }

  #toSnapshot({ generation }: Fetch): FeedEvent {
    const position = { epoch: this.epoch, at: this.#log.length }
    return { type: 'snapshot', generation, position, value: { ...position, seq: position.at, ids: this.logIds } }
  }

  #toPage({ generation, after }: Extract<Fetch, { type: 'fetch-page' }>): FeedEvent {
    if (after.at < this.#trimmed) return { type: 'trimmed', generation }
    const rest = this.#log.slice(after.at)
    const items = rest.slice(0, PAGE).map(toItem)
    return { type: 'page', generation, items, epoch: this.epoch, newest: this.#log.length, hasMore: rest.length > PAGE }
  }

  #perform(effect: FeedEffect): void {
    switch (effect.type) {
      case 'subscribe': this.#isWanted = true; return
      case 'unsubscribe':
        this.#isWanted = false
        this.#isUp = false
        return
      case 'fetch-snapshot':
      case 'fetch-page': this.#requests.push({ fetch: effect, answer: undefined, isCancelled: false }); return
      case 'retry-later': this.#timer = effect.generation; return
      // A cancelled request may have been answered already: its answer stays on its way, the worst case.
      case 'cancel': this.#timer = undefined; return
      case 'emit-snapshot': this.#onSnapshot(effect.value as { epoch: string, seq: number, ids: string[] }); return
      case 'emit-item': this.#onEvent(effect.item.body as Kept)
    }
  }

  #onSnapshot(value: { epoch: string, seq: number, ids: string[] }): void {
    this.snapshots.push({ epoch: value.epoch, seq: value.seq })
    this.#view = { ...value, ids: [...value.ids] }
  }

  /** The promise: after a view at n the handler gets n+1, then n+2 … of the same log. */
  #onEvent(event: Kept): void {
    const view = this.#view
    if (!view) throw new Error('an event came before the first snapshot')
    if (event.epoch !== view.epoch) throw new Error(`event of ${event.epoch} in a view of ${view.epoch}`)
    if (event.seq !== view.seq + 1) throw new Error(`after ${view.seq} came ${event.seq}`)
    view.seq = event.seq
    view.ids.push(event.id)
    this.seen.push(event.id)
  }
}

function toItem(event: Kept): FeedItem {
  return { at: event.seq, epoch: event.epoch, body: event }
}
