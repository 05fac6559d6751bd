/**
 * Private keys in the last lines of a log: where they begin, nobody knows what stood before. A key is known by its first line, so more
 * lines are read than are shown; where it began even before those, by its last line, or by a first line that looks like its inside. Pure.
 */

import { isInsideKey, mayBeKeyLine, REDACTED_KEY_LINE, redactLine, type Redaction } from '@neo-stack/events'
import type { ContainerLine } from './lines.ts'

/** Lines that are read beyond those that are shown: as many as the longest usual key has, RSA with 16,384 bits. */
export const KEY_LINES = 220

const KEY_ENDS = /-----END [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----/
/** A whole line of base64 behind what programs write before a line. Unlike a checksum it has both cases. */
const INSIDE = /(?:^|[\s|:>\]])(?=[\w+/]*[A-Z])(?=[\w+/]*[a-z])[\w+/]{40,}={0,2}$/

/** Hides every line of the private keys in the last lines of a log. Words that stand alone right before a key's end are hidden with it. */
export function hideKeys<Line extends ContainerLine>(lines: readonly Line[], redaction: Redaction): Line[] {
  const shown = [...lines]
  for (const stream of ['stdout', 'stderr'] as const) hideIn(shown, shown.flatMap((line, index) => line.stream === stream ? [index] : []), redaction)
  return shown
}

/** @param own places of one stream's lines, in order */
function hideIn(lines: ContainerLine[], own: readonly number[], redaction: Redaction): void {
  const textOf = (place: number): string => lines[own[place] ?? -1]?.text ?? ''
  const show = (place: number, text: string): void => {
    const line = lines[own[place] ?? -1]
    if (line) lines[own[place] ?? -1] = { ...line, text }
  }
  let before = INSIDE.test(textOf(0).trim()) ? REDACTED_KEY_LINE : undefined
  for (let place = 0; place < own.length; place++) {
    const text = textOf(place)
    if (KEY_ENDS.test(text) && !isInsideKey(before)) for (let up = place - 1; up >= 0 && mayBeKeyLine(textOf(up)); up--) show(up, REDACTED_KEY_LINE)
    before = redactLine(redaction, text, before)
    show(place, before)
  }
}
