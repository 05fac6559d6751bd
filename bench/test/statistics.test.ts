import { expect, test } from 'vitest'
import { pairRows } from '../src/commits.ts'
import { toPaintTimes } from '../src/paints.ts'
import { percentile, summarise, toFigure } from '../src/statistics.ts'
import { withLag } from '../src/scenario.ts'
import { formatTable } from '../src/table.ts'

test('a percentile is the nearest rank', () => {
  const sorted = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([0, 0.5, 0.99, 1].map(share => percentile(sorted, share))).toEqual([1, 50, 99, 100])
  expect(percentile([7], 0.99)).toBe(7)
})

test('a summary does not depend on the order of its samples', () => {
  expect(summarise([3, 1, 2])).toEqual({ count: 3, min: 1, mean: 2, p50: 2, p95: 3, p99: 3, max: 3 })
  expect(() => summarise([])).toThrow(RangeError)
})

test('figures have three digits below a hundred and none after the point above', () => {
  expect([0.012345, 1.5, 99.94, 1234.5, Number.NaN].map(toFigure)).toEqual(['0.0123', '1.5', '99.9', '1,235', '–'])
})

test('a table lines up and keeps the goal', () => {
  expect(formatTable([{ name: 'second start', value: 2.5, unit: 's', goal: '≤ 3' }])).toBe([
    '| figure       | value | unit | goal |',
    '|--------------|------:|------|------|',
    '| second start |   2.5 | s    | ≤ 3  |',
  ].join('\n'))
})

test('cores and notes have a column where a figure has them', () => {
  expect(formatTable([{ name: 'a', value: 1, unit: 's' }, withLag({ name: 'b', value: 2, unit: 's', cores: '0,1' }, 51)])).toBe([
    '| figure | value | unit | goal | cores | note                        |',
    '|--------|------:|------|------|-------|-----------------------------|',
    '| a      |     1 | s    |      |       |                             |',
    '| b      |     2 | s    |      | 0,1   | the generator was the limit |',
  ].join('\n'))
})

test('an overtaken event is painted with the one that overtook it', () => {
  const sent = [{ deployment: 'a', n: 1, at: 0 }, { deployment: 'a', n: 2, at: 10 }, { deployment: 'b', n: 1, at: 5 }, { deployment: 'a', n: 3, at: 20 }]
  const shown = [{ deployment: 'a', n: 2, at: 16 }, { deployment: 'b', n: 1, at: 32 }]
  expect(toPaintTimes(sent, shown)).toEqual([16, 6, 27, undefined])
})

test('two commits are compared by the medians of the figures that have the same name', () => {
  const run = (rate: number, extra: string[] = []): { name: string, value: number, unit: string }[] => [{ name: 'rate', value: rate, unit: '/s' }, ...extra.map(name => ({ name, value: 1, unit: 'ms' }))]
  expect(pairRows([run(1), run(3), run(100)], [run(4), run(2, ['new']), run(6)])).toEqual([
    { name: 'rate', unit: '/s', before: 3, after: 4 }, { name: 'new', unit: 'ms', before: Number.NaN, after: 1 },
  ])
})
