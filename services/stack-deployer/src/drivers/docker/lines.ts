/** Lines out of a container's output stream. Pure. */

import { createRedaction, type Redaction } from '@neo-stack/events'

/** One line of a container. */
export interface ContainerLine {
  stream: 'stdout' | 'stderr'
  text: string
}

/** Longest line, in characters; the rest follows as a line of its own. */
const MAX_LINE = 8192
const HEADER = 8

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
 */
export function createLineReader(redaction: Redaction = createRedaction()): LineReader {
  let rest: Uint8Array = new Uint8Array()
  const out = { stdout: createSplitter('stdout', redaction), stderr: createSplitter('stderr', redaction) }
  return {
    push: bytes => {
      const lines: ContainerLine[] = []
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= HEADER) {
        const size = Buffer.from(rest.buffer, rest.byteOffset, rest.length).readUInt32BE(4)
        if (rest.length < HEADER + size) break
        lines.push(...out[rest[0] === 2 ? 'stderr' : 'stdout'].push(rest.subarray(HEADER, HEADER + size)))
        rest = rest.subarray(HEADER + size)
      }
      return lines
    },
    end: () => [...out.stdout.end(), ...out.stderr.end()],
  }
}

/** Secrets go before a line is cut: a cut must not come between the parts of one. */
function createSplitter(stream: ContainerLine['stream'], { redact, hold }: Redaction): LineReader {
  const decoder = new TextDecoder()
  let open = ''
  return {
    push: bytes => {
      const parts = (open + decoder.decode(bytes, { stream: true })).split('\n')
      open = parts.pop() ?? ''
      const cut: string[] = []
      if (open.length > MAX_LINE + hold) open = redact(open)
      for (; open.length > MAX_LINE + hold; open = open.slice(MAX_LINE)) cut.push(open.slice(0, MAX_LINE))
      return [...parts.map(redact).flatMap(cutUp), ...cut].map(text => ({ stream, text: text.replace(/\r$/, '') }))
    },
    end: () => open === '' ? [] : cutUp(redact(open)).map(text => ({ stream, text })),
  }
}

function cutUp(text: string): string[] {
  if (text.length <= MAX_LINE) return [text]
  return Array.from({ length: Math.ceil(text.length / MAX_LINE) }, (_, index) => text.slice(index * MAX_LINE, (index + 1) * MAX_LINE))
}
