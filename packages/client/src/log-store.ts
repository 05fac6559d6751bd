/**
 * A whole log in a reader's memory, in chunks that may come in any order: the end first, what is looked at next, the rest after that.
 * A line is never held twice, and none is left out without `missing` saying so.
 */

import type { LogLine } from '@neo-stack/events'
import { CHUNK_LINES, LogChunk, type StepNames, type StoredLine } from './log-chunk.ts'
import { toGroups, type LogGroup } from './log-marks.ts'

/** Which lines to read next: those above `after`. */
export interface MissingLines {
  after: number
  limit: number
}

/** See the file's head. */
export class LogStore {
  /** Number of the newest line there is, held or not. */
  last = 0
  readonly #chunks: (LogChunk | undefined)[] = []
  /** Lines behind the end of their chunk's run: they wait until those before them are there. */
  readonly #waiting = new Map<number, LogLine[]>()
  readonly #names = createStepNames()
  #held = 0
  #groups: LogGroup[] | undefined

  /** How many lines are held. */
  get held(): number {
    return this.#held
  }

  /** Whether every line is held. */
  get isWhole(): boolean {
    return this.#held === this.last
  }

  /** Takes lines, in order and without a hole among them; known ones are skipped. */
  put(lines: readonly LogLine[]): void {
    for (let at = 0; at < lines.length;) {
      const index = indexOf(lines[at]?.n ?? 1)
      let end = at
      while (end < lines.length && indexOf(lines[end]?.n ?? 0) === index) end++
      this.#putInto(index, lines.slice(at, end))
      at = end
    }
    this.last = Math.max(this.last, lines.at(-1)?.n ?? 0)
  }

  #putInto(index: number, lines: readonly LogLine[]): void {
    const chunk = this.#chunks[index] ??= new LogChunk(index * CHUNK_LINES + 1, this.#names)
    this.#append(chunk, lines)
    const waiting = this.#waiting.get(index)
    if (!waiting) return
    this.#waiting.delete(index)
    this.#append(chunk, waiting, index)
  }

  #append(chunk: LogChunk, lines: readonly LogLine[], index: number = indexOf(chunk.from)): void {
    const fresh = lines.filter(({ n }) => n > chunk.last)
    const run = fresh.findIndex(({ n }, at) => n !== chunk.last + 1 + at)
    const next = run < 0 ? fresh : fresh.slice(0, run)
    if (next.length < fresh.length) this.#waiting.set(index, mergeLines(this.#waiting.get(index) ?? [], fresh.slice(next.length)))
    if (next.length === 0) return
    chunk.append(next)
    this.#held += next.length
    this.#groups = undefined
  }

  /** A line, unless it is not held. */
  line(n: number): StoredLine | undefined {
    const chunk = this.#chunks[indexOf(n)]
    if (chunk && n >= chunk.from && n <= chunk.last) return chunk.line(n)
    const waiting = this.#waiting.get(indexOf(n))?.find(line => line.n === n)
    return waiting && { ...waiting, time: Date.parse(waiting.time), step: waiting.step }
  }

  /** What to read next, the lines around `near` first, then from the end to the beginning. Undefined when every line is held. */
  missing(near?: number): MissingLines | undefined {
    if (this.isWhole) return undefined
    const wanted = near === undefined ? undefined : this.#missingIn(indexOf(Math.min(Math.max(1, near), this.last)))
    if (wanted) return wanted
    for (let index = indexOf(this.last); index >= 0; index--) {
      const found = this.#missingIn(index)
      if (found) return found
    }
    return undefined
  }

  #missingIn(index: number): MissingLines | undefined {
    const first = index * CHUNK_LINES
    const after = this.#chunks[index]?.last ?? first
    const end = Math.min(first + CHUNK_LINES, (this.#waiting.get(index)?.[0]?.n ?? Number.POSITIVE_INFINITY) - 1, this.last)
    return after < end ? { after, limit: end - after } : undefined
  }

  /** Number of the next line above (or below) another that tells of an error; 0 when there is none. */
  nextError(n: number, direction: 1 | -1): number {
    for (let at = n + direction; at >= 1 && at <= this.last; at += direction) {
      const chunk = this.#chunks[indexOf(at)]
      if (!chunk || at > chunk.last) at = direction > 0 ? (indexOf(at) + 1) * CHUNK_LINES : Math.max(chunk?.last ?? 0, indexOf(at) * CHUNK_LINES) + 1
      else if (chunk.isError(at)) return at
    }
    return 0
  }

  /** Groups of the lines that are held, in the order of their beginnings. */
  groups(): readonly LogGroup[] {
    return this.#groups ??= toGroups(this.#chunks.flatMap(chunk => chunk?.markers ?? []))
  }

  /** Where each step begins, as far as lines are held. */
  steps(): { n: number, step: string }[] {
    const all = this.#chunks.flatMap(chunk => chunk?.steps ?? [])
    return all.filter(({ step }, index) => all[index - 1]?.step !== step)
  }

  /**
   * Numbers of the held lines that a pattern matches, chunk by chunk from the beginning, so that a reader may stop or wait between.
   * With the same pattern again only lines are looked at that came since.
   * @param pattern with the flag g
   */
  * search(pattern: RegExp): Generator<readonly number[]> {
    for (const chunk of this.#chunks) yield chunk?.find(pattern) ?? []
  }

  /** The text of the held lines from the beginning on, each with a line break. */
  * text(): Generator<string> {
    for (const chunk of this.#chunks) if (chunk && chunk.last >= chunk.from) yield `${chunk.text}\n`
  }
}

const indexOf = (n: number): number => Math.floor((n - 1) / CHUNK_LINES)

/** Two runs of lines as one; what both have is taken from the first. */
function mergeLines(some: readonly LogLine[], others: readonly LogLine[]): LogLine[] {
  const known = new Set(some.map(({ n }) => n))
  return [...some, ...others.filter(({ n }) => !known.has(n))].sort((a, b) => a.n - b.n)
}

function createStepNames(): StepNames {
  const names: (string | undefined)[] = [undefined]
  const numbers = new Map<string | undefined, number>([[undefined, 0]])
  return {
    toNumber: step => {
      const known = numbers.get(step)
      if (known !== undefined) return known
      numbers.set(step, names.length)
      return names.push(step) - 1
    },
    toName: number => names[number],
  }
}
