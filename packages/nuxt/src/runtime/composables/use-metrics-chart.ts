/** The series that a chart shows: a range up to now, or a part of the past. */
import type { ApiError } from '@neo-stack/client'
import type { MetricsSample } from '@neo-stack/events'
import type { Ref, ShallowRef } from 'vue'
import type { Past, RangeId, Span } from '../metrics/ranges.ts'
import { computed, onScopeDispose, readonly, ref, shallowReadonly, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { joinSeries, LIVE_POINTS, ranges } from '../metrics/ranges.ts'
import { useVisible, useWhileVisible } from './use-while-visible.ts'

/** Behind this the live samples that are kept do not reach what was read, so it is read again; in milliseconds. */
const READ_EVERY_MS = 60_000

/** What {@link useMetricsChart} gives. */
export interface MetricsChart {
  range: Ref<RangeId>
  /** The part that was zoomed into; it stands still. */
  zoom: ShallowRef<Span | undefined>
  isPaused: Ref<boolean>
  /** Oldest first. */
  shown: Readonly<ShallowRef<readonly MetricsSample[]>>
  /** Width of the points that were read, in seconds. */
  step: Readonly<Ref<number>>
  isLoading: Readonly<Ref<boolean>>
  error: Readonly<ShallowRef<ApiError | null>>
  /** Reads again. */
  read: () => Promise<void>
}

/**
 * The series of a chart of a tenant, or of the host without one; requests end with the scope.
 * @param live samples as they come, oldest first
 * @param span a part of the past to begin with
 */
export function useMetricsChart(tenantId: string | undefined, live: () => readonly MetricsSample[], span?: Span): MetricsChart {
  const { rest } = useNeoClient()
  const range = ref<RangeId>('live')
  const zoom = shallowRef<Span | undefined>(span)
  const past = shallowRef<Past>({ samples: [], step: 1 })
  const [isPaused, isLoading] = [ref(false), ref(false)]
  const error = shallowRef<ApiError | null>(null)
  const isVisible = useVisible()
  let reading = new AbortController()

  async function read(): Promise<void> {
    reading.abort()
    const { signal } = reading = new AbortController()
    const asked = zoom.value ?? toSpan(range.value, live())
    if (!asked) {
      past.value = { samples: [], step: 1 }
      isLoading.value = false
      error.value = null
      return
    }
    isLoading.value = true
    try {
      const found = await (tenantId === undefined ? rest.metrics.admin(asked, { signal }) : rest.metrics.tenant(tenantId, asked, { signal }))
      past.value = found
      error.value = null
    } catch (cause) {
      if (!signal.aborted) error.value = cause as ApiError
    } finally {
      if (!signal.aborted) isLoading.value = false
    }
  }
  const timer = setInterval(() => {
    if (isVisible.value && !isPaused.value && !zoom.value && range.value !== 'live') void read()
  }, READ_EVERY_MS)
  onScopeDispose(() => {
    clearInterval(timer)
    reading.abort()
  })
  watch([range, zoom, isVisible], ([, , isSeen]) => { if (isSeen) void read() }, { immediate: true })

  // A pause holds what comes, not the choice of what is shown.
  const held = useWhileVisible(live, isPaused)
  const shown = computed(() => {
    if (zoom.value) return joinSeries(past.value, [], zoom.value)
    const seconds = ranges[range.value]
    if (seconds === 0) return held.value.slice(-LIVE_POINTS)
    const newest = held.value.at(-1)?.at ?? past.value.samples.at(-1)?.at ?? 0
    return joinSeries(past.value, held.value, { from: newest - seconds, to: newest })
  })
  return {
    range, zoom, isPaused, shown: shallowReadonly(shown), step: computed(() => past.value.step), isLoading: readonly(isLoading), error: shallowReadonly(error), read,
  }
}

function toSpan(range: RangeId, live: readonly MetricsSample[]): Span | undefined {
  const seconds = ranges[range]
  const to = live.at(-1)?.at ?? Math.floor(Date.now() / 1000)
  return seconds === 0 ? undefined : { from: to - seconds, to }
}
