import type { MetricsSample } from '@neo-stack/events'
import { describe, expect, it, vi } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import { useChartMarks } from '../src/runtime/composables/use-chart-marks.ts'
import { useMetricsChart } from '../src/runtime/composables/use-metrics-chart.ts'
import { createApp } from './kit/app.ts'

const samples = (first: number, last: number): MetricsSample[] => Array.from({ length: last - first + 1 }, (_, index) => (
  { at: first + index, cpu: 1, memory: 2, disk: 3, networkIn: 4, networkOut: 5, activeInstances: 1, uptime: 1 }
))

describe('useMetricsChart', () => {
  it('holds what comes live while it is paused; it can be zoomed and given another range all the same', async () => {
    const { fake, run } = await createApp()
    const live = shallowRef(samples(100, 125))
    const { result, unmount } = run(() => useMetricsChart('acme', () => live.value))
    const times = (): number[] => result.shown.value.map(({ at }) => at)
    result.isPaused.value = true
    await nextTick()
    fake.rest.metrics.mockResolvedValue({ samples: samples(50, 60), step: 1 })
    result.zoom.value = { from: 50, to: 52 }
    await vi.waitFor(() => { expect(times()).toEqual([50, 51, 52]) })
    live.value = samples(100, 126)
    await nextTick()
    expect(times()).toEqual([50, 51, 52])
    result.zoom.value = undefined
    await nextTick()
    expect([times().length, times().at(-1)]).toEqual([20, 125])
    result.range.value = 'm5'
    await vi.waitFor(() => { expect([times()[0], times().at(-1)]).toEqual([50, 125]) })
    result.isPaused.value = false
    await nextTick()
    expect(times().at(-1)).toBe(126)
    unmount()
  })

  it('neither waits nor says what went wrong with a range that is shown no more', async () => {
    const { fake, run } = await createApp()
    const { result, unmount } = run(() => useMetricsChart('acme', () => []))
    fake.rest.metrics.mockRejectedValueOnce({ code: 'internal', status: 500 })
    result.range.value = 'h3'
    await vi.waitFor(() => { expect(result.error.value).toMatchObject({ status: 500 }) })
    result.range.value = 'live'
    await nextTick()
    expect(result.error.value).toBeNull()
    fake.rest.metrics.mockReturnValueOnce(new Promise(() => {}))
    result.range.value = 'h3'
    await nextTick()
    expect(result.isLoading.value).toBe(true)
    result.range.value = 'live'
    await nextTick()
    expect(result.isLoading.value).toBe(false)
    unmount()
  })
})

describe('useChartMarks', () => {
  it('has what happened within the last point, however wide that is', async () => {
    const { fake, run } = await createApp()
    const { result, unmount } = run(() => useChartMarks(undefined, () => ({ samples: samples(7200, 7200), step: 3600 })))
    fake.rest.marks.mockResolvedValue({ marks: [] })
    await vi.waitFor(() => { expect(fake.rest.marks).toHaveBeenLastCalledWith({ from: '1970-01-01T02:00:00.000Z', to: '1970-01-01T03:00:00.000Z', limit: 50 }, expect.anything()) })
    expect(result.value).toEqual([])
    unmount()
  })
})
