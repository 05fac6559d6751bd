/** Log lines: numbering, cutting into chunks, and what a retry already brought. Pure. */

import { createRedaction, mayBeKeyLine, REDACTED_KEY_LINE, redactLine, type LogLine } from '@neo-stack/events'
import { toStorable } from '../publish/storable.ts'

/** A line on its way in, without a number. */
export type NewLine = Omit<LogLine, 'n' | 'time'> & { time?: string | undefined }

/** Lines of one chunk at most: a chunk is one event, and an event travels in one frame to every reader. */
export const CHUNK_LINES = 500
/** Characters of one chunk at most. */
export const CHUNK_CHARACTERS = 65_536

/** Lines as they are stored: plain text is the container's output. */
export function toNewLines(lines: readonly (string | NewLine)[]): NewLine[] {
  return lines.map(line => typeof line === 'string'
    ? { stream: 'stdout', text: toStorable(line) }
    : { ...line, text: toStorable(line.text) })
}

/** Cuts lines into chunks that readers can take. */
export function toChunks<Line extends { text: string }>(lines: readonly Line[]): Line[][] {
  const chunks: Line[][] = []
  let characters = 0
  for (const line of lines) {
    const last = chunks.at(-1)
    characters += line.text.length
    if (last && last.length < CHUNK_LINES && characters <= CHUNK_CHARACTERS) last.push(line)
    else {
      chunks.push([line])
      characters = line.text.length
    }
  }
  return chunks
}

/**
 * Whether a sender's lines are those that are stored at their numbers, without their secrets; times are the store's where the sender
 * gave none.
 */
export function areSame(sent: readonly NewLine[], stored: readonly LogLine[]): boolean {
  return stored.every(({ stream, text }, index) => sent[index]?.stream === stream && isRedacted(sent[index].text, text))
}

function isRedacted(text: string, stored: string): boolean {
  return text === stored || redact(text) === stored || (stored === REDACTED_KEY_LINE && mayBeKeyLine(text))
}

const { redact } = createRedaction()

/** Takes secrets out of lines. @param before the lines that are stored before them, where a private key may have begun */
export function redactLines<Line extends NewLine>(lines: readonly Line[], before: readonly LogLine[]): Line[] {
  const last = new Map(before.map(({ stream, text }) => [stream, text]))
  return lines.map(line => {
    const text = redactLine({ redact }, line.text, last.get(line.stream))
    last.set(line.stream, text)
    return { ...line, text }
  })
}

/** Takes secrets out of what an event says in sentences: a deployer passes on what a program printed. */
export function redactSentences(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const said = ['error', 'reason', 'currentStep'].flatMap(field => typeof data[field] === 'string' ? [[field, redact(data[field])] as const] : [])
  const params = Object.entries((data['params'] ?? {}) as Record<string, unknown>).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value] as const)
  return { ...data, ...Object.fromEntries(said), ...data['params'] !== undefined && { params: Object.fromEntries(params) } }
}

/** Whether lines may go on with a private key that began before them. */
export function mayContinueKey(lines: readonly NewLine[]): boolean {
  return (['stdout', 'stderr', 'system'] as const).some(stream => {
    const first = lines.find(line => line.stream === stream)
    return first !== undefined && mayBeKeyLine(first.text)
  })
}

/** What of a chunk is new. */
export type NewPart = { isGap: true } | { isGap: false, lines: LogLine[] }

/**
 * Numbers the lines of a chunk after the last known one.
 * @param from number that the sender gave its first line: lines up to `last` are known already; `undefined` appends
 * @param last number of the last stored line
 */
export function numberLines(lines: readonly NewLine[], { from, last, time }: { from: number | undefined, last: number, time: string }): NewPart {
  const first = from ?? last + 1
  if (first > last + 1) return { isGap: true }
  return {
    isGap: false,
    lines: lines.slice(last + 1 - first).map(({ stream, step, text, time: own }, index) =>
      ({ n: last + 1 + index, time: own ?? time, stream, ...step !== undefined && { step }, text })),
  }
}
