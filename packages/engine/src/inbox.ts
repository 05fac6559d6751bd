/** Commands of one connection, taken one after the other: one that waits holds back those behind it, and the reader with them. */
import type { Command } from './command.ts'

/** Commands that may wait before the socket is no longer read; one frame holds at most some thousands. */
const MAX_WAITING = 256

/** A command, or the mark where a frame could not be read on. */
export type Incoming = Command | 'malformed'

/** What an inbox works with. */
export interface InboxParts {
  /** Takes one command; a promise holds back the next. Must not throw or reject. */
  take(incoming: Incoming): Promise<void> | undefined
  pause(): void
  resume(): void
}

/** Incoming queue of one connection. */
export class Inbox {
  readonly #parts: InboxParts
  #waiting: Incoming[] = []
  #isBusy = false
  #isPaused = false
  #isClosed = false

  constructor(parts: InboxParts) {
    this.#parts = parts
  }

  add(incoming: readonly Incoming[]): void {
    if (this.#isClosed) return
    this.#waiting.push(...incoming)
    this.#work()
    if (this.#waiting.length <= MAX_WAITING || this.#isPaused) return
    this.#isPaused = true
    this.#parts.pause()
  }

  /** Forgets what waits and takes nothing more. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }

  #work(): void {
    while (!this.#isBusy && !this.#isClosed) {
      const next = this.#waiting.shift()
      if (next === undefined) return this.#rest()
      const taken = this.#parts.take(next)
      if (taken) void this.#wait(taken)
    }
  }

  async #wait(taken: Promise<void>): Promise<void> {
    this.#isBusy = true
    await taken
    this.#isBusy = false
    this.#work()
  }

  #rest(): void {
    // An array that was filled keeps its room for ever, in each idle connection.
    if (this.#waiting.length === 0) this.#waiting = []
    this.#resume()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#parts.resume()
  }
}
