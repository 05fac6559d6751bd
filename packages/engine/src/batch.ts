/**
 * What a connection is to be sent in this turn, as a node in a tree of messages. Connections that are sent the same messages in the
 * same order walk the same path, so they share one joined frame: a publication costs each of them one comparison and no allocation,
 * and is copied once however many subscribers there are.
 */
import type { Codec, Message } from './codec.ts'

/** Messages from the root to here. */
export class Batch {
  readonly bytes: number
  readonly count: number
  readonly #codec: Codec
  readonly #previous: Batch | undefined
  readonly #message: Message | undefined
  #next: Batch | undefined
  #frame: Buffer | undefined

  constructor(codec: Codec, previous?: Batch, message?: Message) {
    this.#codec = codec
    this.#previous = previous
    this.#message = message
    this.count = previous ? previous.count + 1 : 0
    this.bytes = (previous?.bytes ?? 0) + (message ? message.length + 1 : 0)
  }

  /** The batch with one more message; the last child asked for is remembered, which is all a fan-out needs. */
  add(message: Message): Batch {
    const known = this.#next
    if (known && known.#message === message) return known
    this.#next = new Batch(this.#codec, this, message)
    return this.#next
  }

  /** All messages as one frame, joined once for everybody who is here. */
  get frame(): Buffer {
    this.#frame ??= this.#codec.join(this.#messages())
    return this.#frame
  }

  #messages(): Message[] {
    const messages: Message[] = []
    let node: Batch | undefined = this
    while (node && node.#message) {
      messages.push(node.#message)
      node = node.#previous
    }
    return messages.reverse()
  }
}
