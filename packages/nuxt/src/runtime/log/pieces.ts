/** A log line as pieces of text with a look each: colours of terminals (16, 256, true), links, and what was searched. Pure. */
import { lastOverwrite } from '@neo-stack/client'

/** How a piece looks. Colours are names of the theme (`red`, `bright-blue`) or `rgb(…)` of three numbers. */
export interface Look {
  color?: string
  background?: string
  isBold?: boolean
  isDim?: boolean
  isItalic?: boolean
  isUnderlined?: boolean
}

/** A piece of a line. */
export interface Piece {
  text: string
  look: Look
  /** Where it leads: http(s) and nothing else. */
  href?: string
  /** Whether it was searched. */
  isFound?: boolean
}

/** Longest line that is taken apart; what is longer is shown plain. */
const LONGEST = 20_000
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const
// eslint-disable-next-line no-control-regex -- terminals are controlled by such characters
const SEQUENCE = /\u001B(?:\[([0-?]{0,64})[ -/]{0,8}([@-~])|\][^\u0007\u001B]{0,2048}(?:\u0007|\u001B\\)|[@-Z\\-_])/g
const LINK = /\bhttps?:\/\/[^\s\p{Cc}<>"'`{}|\\^]{1,2000}/gu

/** Takes a line apart. @param found a global pattern of what was searched */
export function toPieces(text: string, found?: RegExp): Piece[] {
  const shown = lastOverwrite(text)
  const pieces = shown.length > LONGEST ? [{ text: shown, look: {} }] : toColoured(shown).flatMap(toLinked)
  return found ? markFound(pieces, found) : pieces
}

function toColoured(text: string): Piece[] {
  const pieces: Piece[] = []
  let look: Look = {}
  let at = 0
  for (const { 0: sequence, 1: parameters = '', 2: kind, index } of text.matchAll(SEQUENCE)) {
    if (index > at) pieces.push({ text: text.slice(at, index), look })
    if (kind === 'm') look = applyParameters(look, parameters)
    at = index + sequence.length
  }
  if (at < text.length) pieces.push({ text: text.slice(at), look })
  return pieces
}

/** SGR of ECMA-48 and what terminals added to it. */
function applyParameters(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(code => Number.parseInt(code === '' ? '0' : code, 10))
  let now: Look = { ...look }
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0
    if (code === 38 || code === 48) {
      const { color, used } = toExtended(codes.slice(index + 1))
      if (color !== undefined) now[code === 38 ? 'color' : 'background'] = color
      index += used
    } else now = applyCode(now, code)
  }
  return now
}

const flags: Readonly<Record<number, Look>> = {
  1: { isBold: true }, 2: { isDim: true }, 3: { isItalic: true }, 4: { isUnderlined: true }, 22: { isBold: false, isDim: false }, 23: { isItalic: false }, 24: { isUnderlined: false },
}

function applyCode(look: Look, code: number): Look {
  if (code === 0) return {}
  if (flags[code]) return { ...look, ...flags[code] }
  if (code === 39) return without(look, 'color')
  if (code === 49) return without(look, 'background')
  const base = [[30, 'color', ''], [40, 'background', ''], [90, 'color', 'bright-'], [100, 'background', 'bright-']] as const
  const found = base.find(([from]) => code >= from && code < from + 8)
  return found ? { ...look, [found[1]]: `${found[2]}${NAMES[code - found[0]] ?? 'white'}` } : look
}

function without(look: Look, name: 'color' | 'background'): Look {
  const { [name]: _, ...rest } = look
  return rest
}

/** `5;n` is one of 256 colours, `2;r;g;b` any. */
function toExtended([kind, ...rest]: readonly number[]): { color?: string, used: number } {
  if (kind === 5) return { color: toIndexed(rest[0] ?? 0), used: 2 }
  return kind === 2 ? { color: toRgb(rest.slice(0, 3)), used: 4 } : { used: 1 }
}

function toIndexed(index: number): string {
  if (index < 16) return `${index < 8 ? '' : 'bright-'}${NAMES[index % 8] ?? 'white'}`
  if (index > 231) return toRgb(Array.from({ length: 3 }, () => 8 + (index - 232) * 10))
  const level = (part: number): number => part === 0 ? 0 : 55 + part * 40
  return toRgb([Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6].map(level))
}

function toRgb(parts: readonly number[]): string {
  const [red, green, blue] = [0, 1, 2].map(index => Math.min(255, Math.max(0, Math.trunc(parts[index] ?? 0)) || 0))
  return `rgb(${red} ${green} ${blue})`
}

function toLinked(piece: Piece): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const { 0: found, index } of piece.text.matchAll(LINK)) {
    const href = found.replace(/[.,;:!?)\]]{1,20}$/, '')
    if (!URL.canParse(href)) continue
    if (index > at) pieces.push({ ...piece, text: piece.text.slice(at, index) })
    pieces.push({ ...piece, text: href, href })
    at = index + href.length
  }
  return at === 0 ? [piece] : [...pieces, ...at < piece.text.length ? [{ ...piece, text: piece.text.slice(at) }] : []]
}

/** Marks what matches in the line as a whole, over the borders of its pieces. */
function markFound(pieces: readonly Piece[], found: RegExp): Piece[] {
  const text = pieces.map(piece => piece.text).join('')
  const ranges = [...text.matchAll(found)].filter(({ 0: match }) => match !== '').map(({ 0: match, index }) => [index, index + match.length] as const)
  if (ranges.length === 0) return [...pieces]
  let at = 0
  return pieces.flatMap(piece => {
    const start = at
    at += piece.text.length
    const cuts = [...new Set([start, at, ...ranges.flat().filter(cut => cut > start && cut < at)])].sort((a, b) => a - b)
    return cuts.slice(0, -1).map((from, index): Piece => {
      const isFound = ranges.some(([low, high]) => from >= low && from < high)
      return { ...piece, text: piece.text.slice(from - start, (cuts[index + 1] ?? at) - start), ...isFound && { isFound } }
    })
  })
}
