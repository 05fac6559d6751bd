/** A run of log lines as text with offsets: a million lines are some hundreds of objects. */

import type { LogLine } from '@neo-stack/events'
import { errorOf, markerOf, stripControls, type Marker } from './log-marks.ts'
import { LogRun } from './log-run.ts'

/** Lines of a whole chunk; chunk k holds the lines from k × 4096 + 1. */
export const CHUNK_LINES = 4096

const streams = ['stdout', 'stderr', 'system'] as const
const IS_ERROR = 4

/** A line of a log as it is read from a store. `time` is milliseconds since 1970. */
export interface StoredLine {
  n: number
  time: number
  stream: LogLine['stream']
  step: string | undefined
  text: string
}

/** Names of steps by the number under which chunks keep them. */
export interface StepNames {
  toNumber: (step: string | undefined) => number
  toName: (number: number) => string | undefined
}

/** See the file's head. Lines come in order, without a hole. */
export class LogChunk {
  /** Number of its first line. */
  readonly from: number
  /** Number of its last line; one before the first while it is empty. */
  last: number
  /** Groups' beginnings and ends, and the lines where another step begins. */
  readonly markers: Marker[] = []
  readonly steps: { n: number, step: string }[] = []
  readonly #run = new LogRun(CHUNK_LINES)
  /** The lines without colours, once one of them has any. */
  #plain: LogRun | undefined
  /** What was searched last: its lines up to `last`, and those of them that matched. */
  #found: { pattern: RegExp, last: number, lines: number[] } | undefined
  readonly #times = new Float64Array(CHUNK_LINES)
  readonly #flags = new Uint8Array(CHUNK_LINES)
  readonly #steps = new Uint16Array(CHUNK_LINES)
  readonly #names: StepNames

  constructor(from: number, names: StepNames) {
    this.from = from
    this.last = from - 1
    this.#names = names
  }

  /** Adds the lines that follow its last one. */
  append(lines: readonly LogLine[]): void {
    const first = this.last + 1 - this.from
    const texts = lines.map(({ text }) => text)
    if (!this.#plain && texts.some(text => text.includes('\u001B') || text.includes('\r'))) this.#plain = this.#run.copy()
    this.#run.append(texts)
    this.#plain?.append(texts.map(stripControls))
    for (const [index, line] of lines.entries()) this.#note(first + index, line)
    this.last += lines.length
  }

  #note(slot: number, { n, time, stream, step, text }: LogLine): void {
    this.#times[slot] = Date.parse(time)
    this.#flags[slot] = streams.indexOf(stream) | (errorOf(stream, text) ? IS_ERROR : 0)
    this.#steps[slot] = this.#names.toNumber(step)
    if (step !== undefined && (slot === 0 || this.#steps[slot - 1] !== this.#steps[slot])) this.steps.push({ n, step })
    const marker = markerOf(text)
    if (marker) this.markers.push({ ...marker, n, time: this.#times[slot] })
  }

  /** A line that it holds. */
  line(n: number): StoredLine {
    const slot = n - this.from
    return {
      n, time: this.#times[slot] ?? 0, stream: streams[(this.#flags[slot] ?? 0) & 3] ?? 'stdout', step: this.#names.toName(this.#steps[slot] ?? 0), text: this.#run.line(slot),
    }
  }

  /** Whether a line that it holds tells of an error. */
  isError(n: number): boolean {
    return ((this.#flags[n - this.from] ?? 0) & IS_ERROR) !== 0
  }

  /** All of its lines, joined by line breaks. */
  get text(): string {
    return this.#run.text
  }

  /** Numbers of its lines, colours left out, that a global pattern matches. For the same pattern a line is looked at once. */
  find(pattern: RegExp): readonly number[] {
    const found = this.#found?.pattern === pattern ? this.#found : { pattern, last: this.from - 1, lines: [] }
    this.#found = found
    const run = this.#plain ?? this.#run
    run.match(pattern, found.last + 1 - this.from, slot => { found.lines.push(this.from + slot) })
    found.last = this.last
    return found.lines
  }
}
