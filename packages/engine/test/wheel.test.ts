import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TICK_MS, Wheel } from '../src/wheel.ts'
import type { Deadline } from '../src/wheel.ts'
import { manualClock } from './kit.ts'

const entry = (fire: (now: number) => void): Deadline => ({ due: Infinity, slot: 0, fire })

test('deadlines fire once, not early and at most a tick late, however far away', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -1_000, max: 200_000 }), { maxLength: 50 }), delays => {
    const clock = manualClock()
    const wheel = new Wheel(clock)
    const start = clock.now()
    const fired: number[] = []
    for (const delay of delays) wheel.set(entry(now => fired.push(now - start - Math.max(delay, 0))), start + delay)
    clock.advance(201_000)
    expect(fired).toHaveLength(delays.length)
    // The manual clock moves in steps of 50 ms.
    for (const late of fired) expect(late >= 0 && late <= 2 * TICK_MS + 50).toBe(true)
    expect([wheel.size, wheel.isRunning, clock.timers]).toEqual([0, false, 0])
  }), { numRuns: 30 })
})

test('a deadline is moved, removed, and set again while it fires', () => {
  const clock = manualClock()
  const wheel = new Wheel(clock)
  const fired: string[] = []
  const moved = entry(() => fired.push('moved'))
  const removed = entry(() => fired.push('removed'))
  const again: Deadline = entry(now => {
    fired.push('again')
    if (fired.length < 3) wheel.set(again, now + 1_000)
  })
  wheel.set(moved, clock.now() + 1_000)
  wheel.set(moved, clock.now() + 60_000)
  wheel.set(removed, clock.now() + 1_000)
  wheel.set(removed, Infinity)
  wheel.set(again, clock.now() + 1_000)
  clock.advance(59_000)
  expect(fired).toEqual(['again', 'again', 'again'])
  clock.advance(2_000)
  expect(fired.at(-1)).toBe('moved')
  expect(wheel.isRunning).toBe(false)
})

test('a closed wheel takes nothing', () => {
  const clock = manualClock()
  const wheel = new Wheel(clock)
  wheel.set(entry(() => undefined), clock.now() + 100)
  wheel.close()
  wheel.set(entry(() => undefined), clock.now() + 100)
  expect([wheel.size, clock.timers]).toEqual([0, 0])
})
