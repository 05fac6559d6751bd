import { expect, it } from 'vitest'
import { createIds } from '../src/publish/ids.ts'

it('makes identifiers in order, within a millisecond, over its end, and when the clock goes back', () => {
  const nextId = createIds()
  const times = [1000, ...Array.from({ length: 9000 }, () => 1000), 500, 1001, 2000, 2000]
  const ids = times.map(nextId)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(times.length)
  expect(ids.every(id => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
})
