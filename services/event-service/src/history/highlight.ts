/** Shows why an event was found: a piece of its words with the found places marked. Pure. */

import type { Query } from './grammar.ts'

/** What to mark, in lower case without accents. */
export interface Marks {
  /** Found anywhere. */
  parts: readonly string[]
  /** Found where a word begins: prefixes, and the stems of words. The whole word is marked. */
  starts: readonly string[]
}

/** Characters of a piece. */
const WINDOW = 200

/** Lower case without accents, as `neo_plain` in the database. */
export function toPlain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

/** The texts of a query that an event is found by; what is under "not" is not to be seen. */
export function textsOf(query: Query): { kind: 'word' | 'phrase' | 'prefix', text: string }[] {
  if (query.kind === 'all' || query.kind === 'any') return query.of.flatMap(textsOf)
  return query.kind === 'word' || query.kind === 'phrase' || query.kind === 'prefix' ? [query] : []
}

/** A piece of `words` as HTML: everything escaped, what was found between `<mark>` and `</mark>`. */
export function highlight(words: string, marks: Marks): string {
  const ranges = findRanges(words, marks)
  const first = ranges[0]?.[0] ?? 0
  const from = first < WINDOW / 2 ? 0 : wordStart(words, first - WINDOW / 4)
  const to = Math.min(words.length, from + WINDOW)
  let html = from > 0 ? '…' : ''
  let position = from
  for (const [start, end] of ranges) {
    if (start < position || end > to) continue
    html += `${escape(words.slice(position, start))}<mark>${escape(words.slice(start, end))}</mark>`
    position = end
  }
  return `${html}${escape(words.slice(position, to))}${to < words.length ? '…' : ''}`
}

function wordStart(words: string, from: number): number {
  const space = words.indexOf(' ', from)
  return space === -1 || space > from + WINDOW / 4 ? from : space + 1
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

type Range = [start: number, end: number]

function findRanges(words: string, { parts, starts }: Marks): Range[] {
  const { plain, places } = fold(words)
  const found = [...parts.flatMap(part => occurrences(plain, part)), ...starts.flatMap(start => wordsFrom(plain, start))]
  const sorted = found.map(([start, end]): Range => [places[start] ?? 0, places[end] ?? words.length]).sort((a, b) => a[0] - b[0] || b[1] - a[1])
  const merged: Range[] = []
  for (const [start, end] of sorted) {
    const last = merged.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}

/** The folded text, and for each of its characters the place it came from. */
function fold(words: string): { plain: string, places: number[] } {
  let plain = ''
  const places: number[] = []
  let place = 0
  for (const character of words) {
    // Most are ASCII, and taking those apart costs more than all else here.
    const folded = character < '\u0080' ? character.toLowerCase() : toPlain(character)
    plain += folded
    for (let index = 0; index < folded.length; index++) places.push(place)
    place += character.length
  }
  return { plain, places: [...places, place] }
}

function occurrences(plain: string, part: string): Range[] {
  const found: Range[] = []
  for (let at = plain.indexOf(part); part !== '' && at !== -1; at = plain.indexOf(part, at + part.length)) found.push([at, at + part.length])
  return found
}

function wordsFrom(plain: string, start: string): Range[] {
  const isLetter = (index: number): boolean => /[\p{L}\p{N}_]/u.test(plain.charAt(index))
  return occurrences(plain, start).filter(([at]) => at === 0 || !isLetter(at - 1)).map(([at, end]) => {
    let last = end
    while (last < plain.length && isLetter(last)) last++
    return [at, last]
  })
}
