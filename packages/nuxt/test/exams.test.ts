import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import ExamTimer from '../src/runtime/components/ExamTimer.vue'
import { useTimeLeft } from '../src/runtime/composables/use-time-left.ts'
import { serverClockOf } from '../src/runtime/exams/clock.ts'
import { createApp } from './kit/app.ts'

describe('the time of an exam', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
  afterEach(() => { vi.useRealTimers() })

  const DEADLINE = '2026-01-01T02:00:00.000Z'
  /** An app whose service says that so many milliseconds are left. */
  const appWith = async (leftMs: number) => {
    const app = await createApp()
    const at = performance.now()
    serverClockOf(app.fake.client).learn({ sentAt: at, receivedAt: at, now: Date.parse(DEADLINE) - leftMs })
    return app
  }

  it('is the service\'s, changes just as a second passes, and ends at 0', async () => {
    const { run } = await appWith(2300)
    const { result: left } = run(() => useTimeLeft(() => DEADLINE))
    expect(left.value).toBe(3)
    await vi.advanceTimersByTimeAsync(299)
    expect(left.value).toBe(3)
    await vi.advanceTimersByTimeAsync(2)
    expect(left.value).toBe(2)
    await vi.advanceTimersByTimeAsync(2000)
    expect(left.value).toBe(0)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(left.value).toBe(0)
  })

  it('stops with the page', async () => {
    const { run } = await appWith(60_000)
    const { result: left, unmount } = run(() => useTimeLeft(() => DEADLINE))
    unmount()
    await vi.advanceTimersByTimeAsync(5000)
    expect(left.value).toBe(60)
  })

  it('is written as a clock, with hours where there are any', async () => {
    const { mount } = await appWith(3_661_000)
    const timer = mount(ExamTimer, { deadline: DEADLINE, label: 'Tempo restante' })
    expect([timer.text(), timer.attributes('aria-label')]).toEqual(['1:01:01', 'Tempo restante'])
    await vi.advanceTimersByTimeAsync(3_602_000)
    await nextTick()
    expect(timer.text()).toBe('00:59')
    expect(timer.classes()).toContain('text-error')
  })
})
