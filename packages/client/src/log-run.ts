/** Lines as one text with the places where they end: thousands of lines are two objects, and are searched at once. */

/** See the file's head. Lines are counted from 0. */
export class LogRun {
  readonly #ends: Uint32Array
  /** Pieces that are not joined yet: joining at each would copy what is there again and again, and a rope is copied by who searches it. */
  #parts: string[] = []
  #length = 0
  #count = 0

  /** @param most lines that it may hold */
  constructor(most: number) {
    this.#ends = new Uint32Array(most)
  }

  /** Another one with the same lines. */
  copy(): LogRun {
    const copy = new LogRun(this.#ends.length)
    copy.#ends.set(this.#ends)
    copy.#parts = [...this.#parts]
    copy.#length = this.#length
    copy.#count = this.#count
    return copy
  }

  /** Adds lines. */
  append(lines: readonly string[]): void {
    if (lines.length === 0) return
    for (const line of lines) {
      if (this.#count > 0) this.#length++
      this.#length += line.length
      this.#ends[this.#count++] = this.#length
    }
    this.#parts.push(lines.join('\n'))
    if (this.#count === this.#ends.length) this.#parts = [this.text]
  }

  /** All lines, joined by line breaks. */
  get text(): string {
    if (this.#parts.length > 1) this.#parts = [this.#parts.join('\n')]
    return this.#parts[0] ?? ''
  }

  /** One of the lines. */
  line(slot: number): string {
    return this.text.slice(this.#startOf(slot), this.#ends[slot])
  }

  /** Calls for each line, from one on, that a global pattern matches. */
  match(pattern: RegExp, from: number, onMatch: (slot: number) => void): void {
    const { text } = this
    const mayCross = mayCrossLines(pattern)
    for (let slot = from; slot < this.#count; slot++) {
      pattern.lastIndex = this.#startOf(slot)
      // Where a match began is told by an object of its own: it is not asked for where it ends in the same line anyway.
      const place = mayCross ? pattern.exec(text)?.index : pattern.test(text) ? pattern.lastIndex : undefined
      if (place === undefined) return
      slot = this.#slotOf(place, slot)
      // What matched over a line's end has to match in the line alone.
      if (pattern.lastIndex <= (this.#ends[slot] ?? 0) || matchesAlone(pattern, this.line(slot))) onMatch(slot)
    }
  }

  #startOf(slot: number): number {
    return slot === 0 ? 0 : (this.#ends[slot - 1] ?? 0) + 1
  }

  /** The line that holds a character: the first one, not before another, that ends behind it. */
  #slotOf(place: number, from: number): number {
    let [low, high] = [from, this.#count - 1]
    if ((this.#ends[low] ?? 0) >= place) return low
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ends[middle] ?? 0) < place) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Whether a pattern may match a line break: by what it names besides letters, digits, words and signs. A tab may begin a range that holds one. */
function mayCrossLines({ source }: RegExp): boolean {
  return /\\(?![dwbS.*+?^${}()|[\]\\/-])|\[\^|\(\?|[\u0000-\u001F]/.test(source)
}

function matchesAlone(pattern: RegExp, line: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(line)
}
