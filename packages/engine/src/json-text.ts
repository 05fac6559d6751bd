/**
 * JSON as text: what `JSON.parse` can't tell. Depth is limited before parsing, because a value nested ten thousand deep parses but
 * can't be written again; the raw text of one member is cut out, because payloads pass verbatim (white space, `1.0`, escapes).
 */

const QUOTE = 34
const BACKSLASH = 92
const isOpen = (code: number): boolean => code === 123 || code === 91
const isClose = (code: number): boolean => code === 125 || code === 93
const isBlank = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13

/** Whether arrays and objects nest deeper than `limit`. Works on any text, valid or not. */
export function isDeeperThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = stringEnd(text, at) - 1
    else if (isOpen(code) && ++depth > limit) return true
    else if (isClose(code)) depth--
  }
  return false
}

/** Whether a text is one JSON value. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Index after the value that starts at `start`; a text that breaks off ends at its length. */
export function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return stringEnd(text, start)
  return isOpen(first) ? nestedEnd(text, start) : scalarEnd(text, start)
}

/** Index of the next character that is not white space. */
export function skipBlank(text: string, start: number): number {
  let at = start
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}

/** Raw text of `object[name]`, the last one if the name repeats. `text` must be a valid JSON object. */
export function memberText(text: string, name: string): string | undefined {
  let found: string | undefined
  let at = skipBlank(text, skipBlank(text, 0) + 1)
  while (at < text.length && text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at)
    const start = skipBlank(text, skipBlank(text, keyEnd) + 1)
    const end = valueEnd(text, start)
    if (isKey(text.slice(at + 1, keyEnd - 1), name)) found = text.slice(start, end)
    at = skipBlank(text, skipBlank(text, end) + 1)
  }
  return found
}

/** A key may be written with escapes. */
const isKey = (written: string, name: string): boolean => (written.includes('\\') ? JSON.parse(`"${written}"`) === name : written === name)

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

function nestedEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = stringEnd(text, at) - 1
    else if (isOpen(code)) depth++
    else if (isClose(code) && --depth === 0) return at + 1
  }
  return text.length
}

function scalarEnd(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isBlank(code) || isClose(code) || code === 44) break
    at++
  }
  return at
}
