import type { Envelope, LogLine } from '@neo-stack/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyLogChunk, prependLogLines, toFreshLines, toLogView } from '../src/index.ts'

const line = (n: number): LogLine => ({ n, time: '2026-01-01T00:00:00.000Z', stream: 'stdout', text: `line ${n}` })
const lines = (from: number, to: number): LogLine[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => line(from + i))
const chunk = (from: number, to: number): Envelope => ({
  id: '0197a1b2-0000-7000-8000-000000000000', type: 'deployment_log', channel: 'tenant:acme:deployments:d1', time: '2026-01-01T00:00:00.000Z',
  data: { deploymentId: 'd1', from, lines: lines(from, to) },
})

test('lines of overlapping chunks come once and without a hole', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(8)), { maxLength: 30 }), chunks => {
    let view = toLogView({ lines: [], last: 0 })
    for (const [back, length] of chunks) view = applyLogChunk(view, chunk(Math.max(1, view.last + 1 - back), view.last + length))
    expect(view.lines.map(({ n }) => n)).toEqual(lines(1, view.last).map(({ n }) => n))
  }))
})

test('a chunk that brings nothing leaves the view as it is, other events too', () => {
  const view = toLogView({ lines: lines(1, 3), last: 3 })
  expect(applyLogChunk(view, chunk(1, 3))).toBe(view)
  expect(applyLogChunk(view, { ...chunk(4, 5), type: 'alert' })).toBe(view)
  expect(toFreshLines(view, chunk(2, 5)).map(({ n }) => n)).toEqual([4, 5])
})

test('only the newest lines are kept', () => {
  const view = applyLogChunk(toLogView({ lines: lines(1, 8), last: 8 }), chunk(9, 12), 5)
  expect(view).toEqual({ lines: lines(8, 12), last: 12 })
})

test('older lines are joined in front when they end where the view begins', () => {
  const view = toLogView({ lines: lines(10, 12), last: 12 })
  expect(prependLogLines(view, lines(7, 10)).lines).toEqual(lines(7, 12))
  expect(prependLogLines(view, lines(5, 8))).toBe(view)
  expect(prependLogLines(view, [])).toBe(view)
})
