import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHUNK_CHARACTERS, CHUNK_LINES, numberLines, toChunks, toNewLines, type NewLine } from '../src/deployments/log-lines.ts'

const time = '2026-01-01T00:00:00.000Z'
const lines = (count: number): NewLine[] => Array.from({ length: count }, (_, index) => ({ stream: 'stdout', text: String(index) }))

describe('log lines', () => {
  it('replaces what the database cannot hold', () => {
    expect(toNewLines(['a\0b\uD800', { stream: 'stderr', text: '\0' }])).toEqual([{ stream: 'stdout', text: 'a\uFFFDb\uFFFD' }, { stream: 'stderr', text: '\uFFFD' }])
  })

  it('keeps a line\'s own time and gives the others the event\'s', () => {
    const part = numberLines([{ stream: 'stdout', text: 'a', time: '2025-01-01T00:00:00.000Z' }, { stream: 'stdout', text: 'b' }], { from: undefined, last: 7, time })
    expect(part).toEqual({ isGap: false, lines: [
      { n: 8, time: '2025-01-01T00:00:00.000Z', stream: 'stdout', text: 'a' }, { n: 9, time, stream: 'stdout', text: 'b' },
    ] })
  })

  it('tells a gap', () => {
    expect(numberLines(lines(1), { from: 9, last: 7, time })).toEqual({ isGap: true })
  })

  it('stores every line once, however often its sender repeats itself', () => {
    fc.assert(fc.property(fc.array(fc.record({ back: fc.nat(5), count: fc.integer({ min: 1, max: 8 }) }), { maxLength: 20 }), sends => {
      const stored: string[] = []
      for (const { back, count } of sends) {
        const from = Math.max(1, stored.length + 1 - back)
        const sent = Array.from({ length: count }, (_, index): NewLine => ({ stream: 'stdout', text: String(from + index) }))
        const part = numberLines(sent, { from, last: stored.length, time })
        if (!part.isGap) stored.push(...part.lines.map(line => line.text))
      }
      expect(stored).toEqual(stored.map((_, index) => String(index + 1)))
    }))
  })

  it('cuts into chunks that hold every line in order and stay small', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 16_384 }), { maxLength: 60 }), sizes => {
      const all = sizes.map((size, index) => ({ index, text: 'x'.repeat(size) }))
      const chunks = toChunks(all)
      expect(chunks.flat()).toEqual(all)
      for (const chunk of chunks) expect(chunk.reduce((sum, line) => sum + line.text.length, 0)).toBeLessThanOrEqual(CHUNK_CHARACTERS)
    }), { numRuns: 30 })
    expect(toChunks(lines(CHUNK_LINES + 1)).map(chunk => chunk.length)).toEqual([CHUNK_LINES, 1])
  })
})
