/** The figures of the host or a tenant, and their alerts, live (specification case 3.2). */
import type { MetricsHandlers } from '@neo-stack/client'
import type { Envelope, MetricsSample } from '@neo-stack/events'
import type { ComputedRef, ShallowRef } from 'vue'
import type { FeedRefs, OpenFeed } from '../feed-store.ts'
import type { AlertView } from '../metrics/alerts.ts'
import { PLATFORM_TENANT } from '@neo-stack/events'
import { computed, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { useFeed } from '../feed-store.ts'
import { addAlert } from '../metrics/alerts.ts'
import { addSample, MAX_SAMPLES } from '../metrics/series.ts'

/** What {@link useRealtimeMetrics} gives; the feed's members are those of the metrics. */
export interface RealtimeMetrics extends Omit<FeedRefs, 'connect'> {
  /** Samples kept, oldest first. */
  samples: Readonly<ShallowRef<readonly MetricsSample[]>>
  latest: ComputedRef<MetricsSample | undefined>
  /** Alerts, newest first. */
  alerts: Readonly<ShallowRef<readonly AlertView[]>>
  /** Starts the metrics and calls back with each new sample; returns the function that stops calling. */
  subscribeToSystemMetrics: (callback?: (sample: MetricsSample) => void) => () => void
  /** Starts the alerts and calls back with each new one; returns the function that stops calling. */
  subscribeToAlerts: (callback?: (alert: AlertView) => void) => () => void
}

interface Series<Item, List> { list: ShallowRef<List>, callbacks: Set<(item: Item) => void> }

const openMetrics = (tenantId: string | undefined): OpenFeed<Series<MetricsSample, readonly MetricsSample[]>> => ({ feeds }, { onView, ...handlers }) => {
  const view = { list: shallowRef<readonly MetricsSample[]>([]), callbacks: new Set<(item: MetricsSample) => void>() }
  const own: MetricsHandlers = {
    ...handlers,
    onSnapshot: samples => {
      view.list.value = samples.slice(-MAX_SAMPLES)
      onView()
    },
    onSample: sample => {
      view.list.value = addSample(view.list.value, sample)
      for (const callback of view.callbacks) callback(sample)
    },
  }
  return { view, feed: tenantId === undefined ? feeds.systemMetrics(own) : feeds.tenantMetrics(tenantId, own) }
}

const openAlerts = (tenantId: string): OpenFeed<Series<AlertView, readonly AlertView[]>> => ({ feeds }, { onView, ...handlers }) => {
  const view = { list: shallowRef<readonly AlertView[]>([]), callbacks: new Set<(item: AlertView) => void>() }
  const add = (event: Envelope): void => { view.list.value = addAlert(view.list.value, event) }
  const feed = feeds.alerts(tenantId, {
    ...handlers,
    onSnapshot: events => {
      view.list.value = []
      events.forEach(add)
      onView()
    },
    onEvent: event => {
      add(event)
      const raised = event.type === 'alert' ? view.list.value[0] : undefined
      if (raised) for (const callback of view.callbacks) callback(raised)
    },
  })
  return { view, feed }
}

/**
 * Watches the metrics of a tenant, or without one the host's with the operators' alerts. Nothing is asked before a `subscribeTo…`; let go with the scope.
 * @example
 * const { latest, subscribeToSystemMetrics } = useRealtimeMetrics()
 * onMounted(() => subscribeToSystemMetrics())
 */
export function useRealtimeMetrics(tenantId?: string): RealtimeMetrics {
  const metrics = useFeed(`metrics ${tenantId ?? PLATFORM_TENANT}`, openMetrics(tenantId))
  const alerts = useFeed(`alerts with callbacks ${tenantId ?? PLATFORM_TENANT}`, openAlerts(tenantId ?? PLATFORM_TENANT))
  const { view, connect: _connect, ...feed } = metrics
  const stops = new Set<() => void>()
  onScopeDispose(() => { for (const stop of stops) stop() })

  function listen<Item>(callbacks: Set<(item: Item) => void>, callback: ((item: Item) => void) | undefined): () => void {
    if (!callback) return () => {}
    const own = (item: Item): void => { callback(item) }
    const stop = (): void => { callbacks.delete(own) }
    callbacks.add(own)
    stops.add(stop)
    return stop
  }

  return {
    ...feed,
    samples: shallowReadonly(view.list),
    latest: computed(() => view.list.value.at(-1)),
    alerts: shallowReadonly(alerts.view.list),
    subscribeToSystemMetrics: callback => {
      metrics.connect()
      return listen(view.callbacks, callback)
    },
    subscribeToAlerts: callback => {
      alerts.connect()
      return listen(alerts.view.callbacks, callback)
    },
    disconnect: () => {
      metrics.disconnect()
      alerts.disconnect()
    },
  }
}
