import { createHash } from 'node:crypto'
import type { LogLine } from '@neo-stack/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogStore, stripControls, toPattern } from '../src/index.ts'

const line = (n: number, over: Partial<LogLine> = {}): LogLine => ({ n, time: new Date(1_800_000_000_000 + n * 1000).toISOString(), stream: 'stdout', text: `line ${n}`, ...over })
const lines = (from: number, to: number): LogLine[] => Array.from({ length: to - from + 1 }, (_, index) => line(from + index))
const storeOf = (all: readonly LogLine[]): LogStore => {
  const store = new LogStore()
  store.put(all)
  return store
}
const find = (store: LogStore, text: string, isRegex = false): number[] => [...store.search(toPattern({ text, isRegex }) ?? /$^/g)].flat()
const sha = (parts: Iterable<string>): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

describe('a log store', () => {
  it('gives back every line as it was, whatever the order in which runs of it came', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }).map(one => one.replaceAll('\n', ' ')), fc.constantFrom('\u001B[31mred\u001B[0m', '10%\r20%\r', ''))
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 60 }), fc.integer({ min: 4000, max: 4200 }), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 12 }), (texts, start, runs) => {
      const all = [...lines(1, start), ...texts.map((one, index) => line(start + 1 + index, { text: one }))]
      const store = new LogStore()
      for (const [from, size] of runs) store.put(all.slice(start - 30 + from % 60, start - 30 + from % 60 + size % 50))
      store.last = all.length
      for (let next = store.missing(); next; next = store.missing()) store.put(all.slice(next.after, next.after + next.limit))
      expect(store.isWhole).toBe(true)
      expect(sha(store.text())).toBe(sha(all.map(one => `${one.text}\n`)))
      expect(store.line(start + 1)).toMatchObject({ text: texts[0], n: start + 1 })
    }), { numRuns: 60 })
  }, 60_000)

  it('asks for what is looked at first, then from the end to the beginning, each line once', () => {
    const store = new LogStore()
    store.put(lines(19_501, 20_000))
    expect(store.missing(3)).toEqual({ after: 0, limit: 4096 })
    const asked: number[] = []
    for (let next = store.missing(); next; next = store.missing()) {
      asked.push(next.after)
      store.put(lines(next.after + 1, next.after + next.limit))
    }
    expect(asked).toEqual([16_384, 12_288, 8192, 4096, 0])
    expect(store.held).toBe(20_000)
  })

  it('shows lines that wait for those before them', () => {
    const store = new LogStore()
    store.put(lines(100, 110))
    expect(store.line(105)?.text).toBe('line 105')
    expect(store.line(50)).toBeUndefined()
    expect(store.held).toBe(0)
  })

  it('finds lines by words and by pattern, colours left out, and never over the end of a line', () => {
    const store = storeOf([line(1, { text: 'Connection \u001B[31mrefused\u001B[0m' }), line(2, { text: 'connection' }), line(3, { text: 'refused 42' }), line(4, { text: 'a.b' })])
    expect(find(store, 'connection refused')).toEqual([1])
    expect(find(store, 'Connection')).toEqual([1])
    expect(find(store, String.raw`connection\s+refused`, true)).toEqual([1])
    expect(find(store, String.raw`\d+$`, true)).toEqual([3])
    expect(find(store, 'a.b')).toEqual([4])
    expect(toPattern({ text: '(', isRegex: true })).toBeUndefined()
  })

  it('counts a line once however often it matches, over many chunks, as a plain scan does', () => {
    const store = storeOf(lines(1, 20_000))
    expect(find(store, '7')).toEqual(lines(1, 20_000).filter(({ text }) => text.includes('7')).map(({ n }) => n))
    expect(find(store, 'line')).toHaveLength(20_000)
  })

  it('finds with any pattern what a look at each line alone finds, also when lines come in between', () => {
    const words = fc.constantFrom('a', 'b', ' ', 'ab', 'x', '7', '\u001B[31m', 'é', '')
    const texts = fc.array(fc.array(words, { maxLength: 6 }).map(parts => parts.join('')), { minLength: 1, maxLength: 40 })
    const patterns = fc.constantFrom('a', 'b$', '^a', 'a.*b', String.raw`\s+`, '[^x]+', '[^a]a', String.raw`\d`, 'x*', String.raw`a\W`, String.raw`b\n?a`, '(?:a|b)$', String.raw`\bab\b`, '[\t-~]x')
    fc.assert(fc.property(texts, patterns, fc.nat(39), (all, source, cut) => {
      const store = new LogStore()
      const pattern = toPattern({ text: source, isRegex: true }) ?? /$^/g
      const some = all.map((text, index) => line(index + 1, { text }))
      const found = (): number[] => [...store.search(pattern)].flat()
      const expected = (list: readonly LogLine[]): number[] => list.filter(({ text }) => new RegExp(source, 'i').test(stripControls(text))).map(({ n }) => n)
      store.put(some.slice(0, cut))
      expect(found()).toEqual(expected(some.slice(0, cut)))
      store.put(some.slice(cut))
      expect(found()).toEqual(expected(some))
    }), { numRuns: 500 })
  })

  it('nests groups in both dialects and times them', () => {
    const store = storeOf([
      line(1, { text: '::group::Build' }), line(2), line(3, { text: '##[group]Compile' }), line(4, { text: '##[endgroup]' }), line(5, { text: '::endgroup::' }), line(6, { text: '::endgroup::' }), line(7, { text: '::group::Open' }),
    ])
    expect(store.groups()).toEqual([
      { from: 1, end: 5, title: 'Build', depth: 0, took: 4000 }, { from: 3, end: 4, title: 'Compile', depth: 1, took: 1000 }, { from: 7, title: 'Open', depth: 0 },
    ])
  })

  it('finds the errors before and after a line, also over lines that it does not hold', () => {
    const store = new LogStore()
    store.put([line(1, { stream: 'stderr' }), line(2), line(3, { text: '::error::no' })])
    store.put(lines(8193, 8200).map(one => one.n === 8195 ? { ...one, stream: 'stderr' as const } : one))
    expect([store.nextError(0, 1), store.nextError(1, 1), store.nextError(3, 1), store.nextError(8195, 1)]).toEqual([1, 3, 8195, 0])
    expect([store.nextError(8200, -1), store.nextError(8195, -1), store.nextError(3, -1), store.nextError(1, -1)]).toEqual([8195, 3, 1, 0])
  })

  it('knows where each step begins', () => {
    const store = storeOf([line(1), line(2, { step: 'pull' }), line(3, { step: 'pull' }), line(4, { step: 'start' }), ...lines(5, 5000).map(one => ({ ...one, step: 'start' }))])
    expect(store.steps()).toEqual([{ n: 2, step: 'pull' }, { n: 4, step: 'start' }])
  })

  it('reads what a progress bar ended with', () => {
    expect(stripControls('10%\r50%\r100% done\r')).toBe('100% done')
    expect(stripControls('\u001B]8;;https://x.example\u0007link\u001B]8;;\u0007 \u001B[1;38;5;9mx\u001B[K')).toBe('link x')
  })
})
