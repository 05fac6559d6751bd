import { describe, expect, it } from 'vitest'
import { isIn, sortSessions } from '../app/board.ts'

const scheduled = { status: 'scheduled' } as const
const soon = { status: 'started', deadline: '2026-01-01T10:00:00.000Z' } as const
const later = { status: 'started', deadline: '2026-01-01T11:00:00.000Z' } as const
const passed = { status: 'submitted', deadline: '2026-01-01T09:00:00.000Z', result: { percent: 75, right: 3, passed: true } } as const
const failed = { status: 'submitted', deadline: '2026-01-01T08:00:00.000Z', result: { percent: 0, right: 0, passed: false } } as const
const withdrawn = { status: 'withdrawn' } as const

describe('the proctors\' board', () => {
  it('puts what runs first, what ends next before the rest, and leaves others as they came', () => {
    expect(sortSessions([withdrawn, passed, failed, scheduled, later, soon])).toEqual([soon, later, scheduled, passed, failed, withdrawn])
  })

  it('shows a part alone, or everything', () => {
    const all = [soon, scheduled, passed, failed, withdrawn]
    expect((['started', 'scheduled', 'submitted', 'passed'] as const).map(part => all.filter(one => isIn(one, part)))).toEqual([[soon], [scheduled], [passed, failed], [passed]])
    expect(all.filter(one => isIn(one))).toEqual(all)
  })
})
