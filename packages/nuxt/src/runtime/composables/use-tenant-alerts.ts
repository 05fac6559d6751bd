/** Alerts of a tenant, live, newest first. */
import type { Envelope } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import type { AlertView } from '../metrics/alerts.ts'
import { shallowReadonly, shallowRef } from 'vue'
import { useFeed } from '../feed-store.ts'
import { addAlert } from '../metrics/alerts.ts'

/** What {@link useTenantAlerts} gives. */
export interface TenantAlerts extends FeedRefs {
  alerts: Readonly<ShallowRef<readonly AlertView[]>>
}

/** Watches the alerts of a tenant. Nothing is asked before `connect()`; let go with the scope. */
export function useTenantAlerts(tenantId: string): TenantAlerts {
  const { view: alerts, ...feed } = useFeed(`alerts ${tenantId}`, ({ feeds }, { onView, ...handlers }) => {
    const view = shallowRef<readonly AlertView[]>([])
    const onEvent = (event: Envelope): void => { view.value = addAlert(view.value, event) }
    const onSnapshot = (events: readonly Envelope[]): void => {
      view.value = []
      events.forEach(onEvent)
      onView()
    }
    return { view, feed: feeds.alerts(tenantId, { ...handlers, onSnapshot, onEvent }) }
  })
  return { ...feed, alerts: shallowReadonly(alerts) }
}
