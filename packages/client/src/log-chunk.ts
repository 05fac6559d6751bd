/** A run of log lines in one string with offsets: a million lines are some hundreds of objects. */

import type { LogLine } from '@neo-stack/events'
import { errorOf, markerOf, stripControls, type Marker } from './log-marks.ts'

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
  #text = ''
  /** The lines without colours, once one of them has any. */
  #plain: { text: string, ends: Uint32Array } | undefined
  readonly #ends = new Uint32Array(CHUNK_LINES)
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
    if (!this.#plain && texts.some(text => text.includes('\u001B') || text.includes('\r'))) this.#plain = { text: this.#text, ends: this.#ends.slice() }
    this.#text = join(this.#text, texts, { ends: this.#ends, first })
    if (this.#plain) this.#plain.text = join(this.#plain.text, texts.map(stripControls), { ends: this.#plain.ends, first })
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
      n, time: this.#times[slot] ?? 0, stream: streams[(this.#flags[slot] ?? 0) & 3] ?? 'stdout', step: this.#names.toName(this.#steps[slot] ?? 0), text: sliceOf(this.#text, this.#ends, slot),
    }
  }

  /** Whether a line that it holds tells of an error. */
  isError(n: number): boolean {
    return ((this.#flags[n - this.from] ?? 0) & IS_ERROR) !== 0
  }

  /** All of its lines, joined by line breaks. */
  get text(): string {
    return this.#text
  }

  /** Calls for each of its lines, colours left out, that a global pattern matches. */
  match(pattern: RegExp, onMatch: (n: number) => void): void {
    const { text, ends } = this.#plain ?? { text: this.#text, ends: this.#ends }
    const count = this.last - this.from + 1
    pattern.lastIndex = 0
    for (let slot = 0, found = pattern.exec(text); found && slot < count; found = pattern.exec(text)) {
      slot = slotOf(ends, found.index, { from: slot, count })
      const end = ends[slot] ?? 0
      // What matched over a line's end has to match in the line alone.
      if (found.index + found[0].length <= end || matchesAlone(pattern, sliceOf(text, ends, slot))) onMatch(this.from + slot)
      pattern.lastIndex = end + 1
      slot++
    }
  }
}

function matchesAlone(pattern: RegExp, line: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(line)
}

function join(text: string, more: readonly string[], { ends, first }: { ends: Uint32Array, first: number }): string {
  let length = text.length
  for (const [index, line] of more.entries()) {
    if (first + index > 0) length++
    length += line.length
    ends[first + index] = length
  }
  return first > 0 ? `${text}\n${more.join('\n')}` : more.join('\n')
}

function sliceOf(text: string, ends: Uint32Array, slot: number): string {
  return text.slice(slot === 0 ? 0 : (ends[slot - 1] ?? 0) + 1, ends[slot])
}

/** The line that holds a character: the first one that ends behind it. */
function slotOf(ends: Uint32Array, index: number, { from, count }: { from: number, count: number }): number {
  let [low, high] = [from, count - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) < index) low = middle + 1
    else high = middle
  }
  return low
}
