/** Lines out of a container's output stream. Pure. */

import { createRedaction, type Redaction } from '@neo-stack/events'

/** One line of a container. */
export interface ContainerLine {
  stream: 'stdout' | 'stderr'
  text: string
  /** When it was begun, in milliseconds since the Unix epoch, where the frames say so. */
  time?: number
}

/** Longest line, in characters; the rest follows as a line of its own. */
const MAX_LINE = 8192
const HEADER = 8
/** What stands before the payload of each frame when times were asked for; its first bytes are enough to find it. */
const STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) ?/
const STAMP_BYTES = 64

/** Takes bytes as they come and gives the lines that are complete. */
export interface LineReader {
  push: (bytes: Uint8Array) => ContainerLine[]
  /** What is left when the stream ends. */
  end: () => ContainerLine[]
}

/**
 * Reads the frames that the Docker API sends for a container without a terminal: one byte stream (1 stdout, 2 stderr), three zeros,
 * four bytes length, big-endian, then the payload.
 * @param redaction takes secrets out of the lines
 * @param options.isStamped whether times were asked for: Docker puts one before each part of a long line, where it would hide a secret
 * that goes across from the redaction
 */
export function createLineReader(redaction: Redaction = createRedaction(), { isStamped = false }: { isStamped?: boolean } = {}): LineReader {
  let rest: Uint8Array = new Uint8Array()
  const out = { stdout: createSplitter('stdout', redaction), stderr: createSplitter('stderr', redaction) }
  return {
    push: bytes => {
      const lines: ContainerLine[] = []
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= HEADER) {
        const size = Buffer.from(rest.buffer, rest.byteOffset, rest.length).readUInt32BE(4)
        if (rest.length < HEADER + size) break
        const payload = rest.subarray(HEADER, HEADER + size)
        const [text, time] = isStamped ? takeStamp(payload) : [payload]
        lines.push(...out[rest[0] === 2 ? 'stderr' : 'stdout'].push(text, time))
        rest = rest.subarray(HEADER + size)
      }
      return lines
    },
    end: () => [...out.stdout.end(), ...out.stderr.end()],
  }
}

function takeStamp(payload: Uint8Array): [text: Uint8Array, time?: number] {
  const [stamp] = STAMP.exec(Buffer.from(payload.subarray(0, STAMP_BYTES)).toString('latin1')) ?? []
  return stamp === undefined ? [payload] : [payload.subarray(stamp.length), Date.parse(stamp.trim())]
}

interface Splitter extends Omit<LineReader, 'push'> { push: (bytes: Uint8Array, time?: number) => ContainerLine[] }

/** Secrets go before a line is cut: a cut must not come between the parts of one. */
function createSplitter(stream: ContainerLine['stream'], { redact, hold }: Redaction): Splitter {
  const decoder = new TextDecoder()
  let open = ''
  let begun: number | undefined
  const toLine = (text: string, time: number | undefined): ContainerLine => ({ stream, text, ...time !== undefined && { time } })
  return {
    push: (bytes, time) => {
      if (open === '') begun = time
      const parts = (open + decoder.decode(bytes, { stream: true })).split('\n')
      open = parts.pop() ?? ''
      const lines = parts.flatMap((part, index) => cutUp(redact(part)).map(text => toLine(text, index === 0 ? begun : time)))
      if (parts.length > 0) begun = time
      if (open.length > MAX_LINE + hold) open = redact(open)
      for (; open.length > MAX_LINE + hold; open = open.slice(MAX_LINE)) lines.push(toLine(open.slice(0, MAX_LINE), begun))
      return lines.map(line => ({ ...line, text: line.text.replace(/\r$/, '') }))
    },
    end: () => open === '' ? [] : cutUp(redact(open)).map(text => toLine(text, begun)),
  }
}

function cutUp(text: string): string[] {
  if (text.length <= MAX_LINE) return [text]
  return Array.from({ length: Math.ceil(text.length / MAX_LINE) }, (_, index) => text.slice(index * MAX_LINE, (index + 1) * MAX_LINE))
}
