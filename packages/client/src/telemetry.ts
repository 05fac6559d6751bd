/**
 * What this page received and painted, told to the service by one session in sixteen and at most every 15 s, so that operators
 * see what reaches people and not only what was sent. Counts and times only: no channel, no content.
 */

import type { Telemetry, TelemetryNoted } from '@neo-stack/events'
import type { Clock, Timer } from './clock.ts'
import { parseChannel, TELEMETRY_SAMPLE, TELEMETRY_SECONDS } from '@neo-stack/events'
import { systemClock } from './clock.ts'
import { createServerClock, type ServerClock } from './server-clock.ts'

/** What telemetry needs. */
export interface TelemetryOptions {
  /** Sends a report; one that fails is dropped. Answers the service's time. */
  report: (telemetry: Telemetry) => Promise<TelemetryNoted>
  /** Calls back once the next frame has been painted, never while nobody looks. Without it nothing is recorded. */
  afterPaint: ((callback: () => void) => void) | undefined
  clock?: Clock
  /** A number in [0, 1): decides whether this session reports. @default Math.random */
  random?: () => number
}

/** Telemetry of one client. */
export interface TelemetryRecorder {
  /** Notes a publication. */
  onPublication: (channel: string, data: unknown) => void
  /** Stops; what was not sent is dropped. Idempotent. */
  stop: () => void
}

const MAX_PAINTS = 200

/** Times to paint are told only while the service's time is known as well, in milliseconds: so not in the first report. */
const MAX_UNCERTAINTY_MS = 100

/** Makes a recorder; in fifteen of sixteen sessions it does nothing. */
export function createTelemetry(options: TelemetryOptions): TelemetryRecorder {
  const { random = Math.random, afterPaint } = options
  if (!afterPaint || random() >= 1 / TELEMETRY_SAMPLE) return { onPublication: () => undefined, stop: () => undefined }
  return new Recorder({ ...options, afterPaint })
}

type RecorderOptions = TelemetryOptions & { afterPaint: (callback: () => void) => void }

class Recorder implements TelemetryRecorder {
  readonly #options: RecorderOptions
  readonly #clock: Clock
  readonly #serverClock: ServerClock
  readonly #counts = new Map<string, Telemetry['received'][number]>()
  #paints: number[] = []
  #timer: Timer | undefined
  #isStopped = false

  constructor(options: RecorderOptions) {
    this.#options = options
    const { clock } = options
    this.#clock = clock ?? systemClock
    this.#serverClock = createServerClock(clock && (() => clock.now()))
  }

  readonly onPublication = (channel: string, data: unknown): void => {
    const family = parseChannel(channel)?.family
    const { type, time } = (data ?? {}) as { type?: unknown, time?: unknown }
    if (family === undefined || typeof type !== 'string' || this.#isStopped) return
    const known = this.#counts.get(`${family} ${type}`)
    if (known) known.count++
    else this.#counts.set(`${family} ${type}`, { family, type, count: 1 })
    if (typeof time === 'string' && this.#paints.length < MAX_PAINTS) this.#watchPaint(Date.parse(time))
    this.#timer ??= this.#clock.setTimeout(() => { this.#send() }, TELEMETRY_SECONDS * 1000)
  }

  readonly stop = (): void => {
    this.#isStopped = true
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
  }

  #watchPaint(at: number): void {
    this.#options.afterPaint(() => {
      if (this.#serverClock.uncertainty() > MAX_UNCERTAINTY_MS) return
      const milliseconds = this.#serverClock.now() - at
      // A machine that slept: the clock that only grows stood still as well.
      if (milliseconds < -MAX_UNCERTAINTY_MS || milliseconds >= 600_000) return
      this.#paints.push(Math.max(0, milliseconds))
    })
  }

  #send(): void {
    this.#timer = undefined
    const telemetry: Telemetry = { received: [...this.#counts.values()].slice(0, 100), paints: this.#paints.slice(0, MAX_PAINTS) }
    this.#counts.clear()
    this.#paints = []
    this.#serverClock.ask(() => this.#options.report(telemetry)).catch(() => undefined)
  }
}

/** {@link TelemetryOptions.afterPaint} of a page: a task after the next frame's callbacks runs when that frame was painted. */
export function afterPaintOfPage(): TelemetryOptions['afterPaint'] {
  const { document, requestAnimationFrame } = globalThis as unknown as { document?: { visibilityState: string }, requestAnimationFrame?: (callback: () => void) => void }
  if (!document || !requestAnimationFrame) return undefined
  return callback => {
    if (document.visibilityState === 'visible') requestAnimationFrame(() => { setTimeout(callback) })
  }
}
