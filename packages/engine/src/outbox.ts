/** What one connection is to be sent: a batch per turn, handed to the transport as one frame, and never more unread than the limit. */
import type { Batch } from './batch.ts'
import type { Codec, Message } from './codec.ts'
import type { Flushable, Flusher } from './flusher.ts'
import type { Counters } from './stats.ts'
import type { Transport } from './transport.ts'

/** What an outbox works with. */
export interface OutboxParts {
  readonly codec: Codec
  readonly transport: Transport
  readonly flusher: Flusher
  readonly counters: Counters
  /** Bytes that may be queued and unread together. */
  readonly limit: number
  /** Milliseconds that something sent may stay unread while more is to be sent. */
  readonly maxAge: number
  now(): number
  /** A limit was passed; the batch is forgotten already, or a slow reader would be paid for until it is gone. */
  readonly onSlow: () => void
}

/** Bytes that fill a write: more is not waited for. */
const FULL = 16_384

/** Outgoing queue of one connection. */
export class Outbox implements Flushable {
  readonly #parts: OutboxParts
  #batch: Batch | undefined
  #isClosed = false
  #isHurried = false
  /** Bytes handed over so far; what was, when a reader was first seen behind, and is not read yet. */
  #sent = 0
  #mark: { readonly sent: number, readonly at: number } | undefined

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** Queues a message: one that may wait goes with others that come while the engine is busy. */
  write(message: Message, mayWait: boolean): void {
    if (this.#isClosed) return
    const { flusher, codec, limit } = this.#parts
    const isFirst = !this.#batch
    const batch = this.#batch = (this.#batch ?? flusher.root(codec)).add(message)
    if (batch.bytes > limit) return this.#overflow()
    if (!mayWait || batch.bytes > FULL) this.#hurry()
    else if (isFirst) flusher.add(this)
  }

  flush(): void {
    const batch = this.#batch
    if (!batch) return
    const { transport, codec, counters, limit } = this.#parts
    const unread = transport.bufferedBytes
    if (!this.#isClosed && (unread + batch.bytes > limit || this.#isStuck(unread))) return this.#overflow()
    this.#batch = undefined
    this.#isHurried = false
    this.#sent += batch.frame.length
    counters.messagesOut += batch.count
    counters.bytesOut += batch.frame.length
    transport.send(batch.frame, codec.isText)
  }

  /** Sends what is queued and takes nothing more. */
  close(): void {
    this.#isClosed = true
    this.flush()
  }

  #hurry(): void {
    if (this.#isHurried) return
    this.#isHurried = true
    this.#parts.flusher.hurry(this)
  }

  /** Whether nothing of what was unread long ago has been read since. The clock is asked only of who is behind. */
  #isStuck(unread: number): boolean {
    if (unread === 0) {
      this.#mark = undefined
      return false
    }
    const { now, maxAge } = this.#parts
    const mark = this.#mark
    if (!mark || this.#sent - unread >= mark.sent) {
      this.#mark = { sent: this.#sent, at: now() }
      return false
    }
    return now() - mark.at > maxAge
  }

  #overflow(): void {
    this.#batch = undefined
    this.#parts.onSlow()
  }
}
