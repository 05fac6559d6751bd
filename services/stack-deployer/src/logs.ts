/** The log of one run: lines are numbered, gathered for up to 50 ms or 64 KiB, and stored one batch after the other. */

import type { AppendLogs, LogsAppended } from '@neo-stack/events'
import { codeOf, deliver, DeliveryRefused, DeploymentEnded } from './delivery.ts'
import { createLogQuota, type LogQuota, type QuotaLimits } from './log-quota.ts'
import type { Timing } from './sleep.ts'

const GATHER_MILLISECONDS = 50
const BATCH_BYTES = 64 * 1024
const BATCH_LINES = 1000
/** What the platform takes as one line. */
const LINE_CHARACTERS = 16_384

/** One line on its way to the log. */
export interface OutputLine { stream: 'stdout' | 'stderr' | 'system', step?: string, text: string }

interface QueuedLine { line: OutputLine & { time: string }, bytes: number }

/** How lines are stored. */
export interface LogOptions extends Timing {
  append: (lines: AppendLogs) => Promise<LogsAppended>
  /** Asks for the number of the last line that is stored. */
  readLast: () => Promise<number>
  /** Number of the last line that is stored. */
  last: number
  /** How many lines of a deployment are kept. */
  quota?: Partial<QuotaLimits> | undefined
  /** Ends everything; what is not stored then is lost with the run. */
  signal: AbortSignal
}

/** Sends lines in order; `push` waits while the store is behind, so that nothing is dropped and nothing piles up. */
export class LogSender {
  readonly #options: LogOptions
  readonly #quota: LogQuota<QueuedLine['line']>
  #next: number
  #queue: QueuedLine[] = []
  #bytes = 0
  #sending: Promise<void> | undefined
  #timed = false
  #failure: Error | undefined

  constructor(options: LogOptions) {
    this.#options = options
    this.#next = options.last + 1
    this.#quota = createLogQuota({ ...options.quota, stored: options.last })
  }

  /** Takes a line; text with line breaks, or longer than a line may be, becomes several lines. What is over the quota waits for the end. */
  async push(line: OutputLine): Promise<void> {
    this.#throwFailure()
    const time = new Date(this.#options.now()).toISOString()
    for (const text of toLines(line.text)) for (const kept of this.#quota.take({ ...line, text, time })) this.#enqueue(kept)
    if (this.#isFull()) await this.flush()
    else this.#gather()
  }

  /** Says what was left out over the quota, and stores the last lines; resolves when they are. */
  async finish(): Promise<void> {
    this.#throwFailure()
    for (const line of this.#quota.end(new Date(this.#options.now()).toISOString())) {
      this.#enqueue(line)
      if (this.#isFull()) await this.flush()
    }
    await this.flush()
  }

  /** Resolves when every line taken so far is stored. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#sending) await this.#send()
    this.#throwFailure()
  }

  #isFull(): boolean {
    return this.#bytes >= BATCH_BYTES || this.#queue.length >= BATCH_LINES
  }

  #enqueue(line: QueuedLine['line']): void {
    const bytes = Buffer.byteLength(line.text)
    this.#queue.push({ line, bytes })
    this.#bytes += bytes
  }

  #gather(): void {
    if (this.#timed) return
    this.#timed = true
    const { sleep, signal } = this.#options
    sleep(GATHER_MILLISECONDS, signal).then(() => this.#send(), () => undefined).finally(() => { this.#timed = false })
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().catch((error: unknown) => this.#fail(error)).finally(() => { this.#sending = undefined })
    return this.#sending
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch()
      await this.#store(batch)
    }
  }

  #takeBatch(): QueuedLine['line'][] {
    let bytes = 0
    let count = 0
    for (const queued of this.#queue) {
      if (count > 0 && (bytes + queued.bytes > BATCH_BYTES || count >= BATCH_LINES)) break
      bytes += queued.bytes
      count++
    }
    this.#bytes -= bytes
    return this.#queue.splice(0, count).map(({ line }) => line)
  }

  /** Stores one batch; where the log ends elsewhere than thought, the batch is numbered again from its end. */
  async #store(lines: QueuedLine['line'][]): Promise<void> {
    const { append, readLast, sleep, signal } = this.#options
    while (true) {
      try {
        const { last } = await deliver(() => append({ lines, from: this.#next }), { sleep, signal })
        this.#next = last + 1
        return
      } catch (error) {
        throwUnlessGap(error)
        await sleep(GATHER_MILLISECONDS, signal)
        this.#next = await deliver(readLast, { sleep, signal }) + 1
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error('the log could not be stored', { cause: error })
    this.#queue = []
    this.#bytes = 0
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

/** A batch that would leave a gap, or whose numbers another writer took, is sent again; what else the platform says is thrown. */
function throwUnlessGap(error: unknown): void {
  const code = codeOf(error)
  if (code === 'log_gap' || code === 'log_conflict') return
  if (code === 'deployment_finished') throw new DeploymentEnded()
  throw code === undefined ? error : new DeliveryRefused(error)
}

function toLines(text: string): string[] {
  return text.split(/\r?\n/).flatMap(line => line.length <= LINE_CHARACTERS ? [line] : cut(line))
}

const cut = (line: string): string[] =>
  Array.from({ length: Math.ceil(line.length / LINE_CHARACTERS) }, (_, index) => line.slice(index * LINE_CHARACTERS, (index + 1) * LINE_CHARACTERS))
