/** Alerts as a list: raised and resolved events merged. Pure. */
import type { Envelope, Severity } from '@neo-stack/events'

/** An alert as a reader sees it. */
export interface AlertView {
  id: string
  severity: Severity
  message: string
  time: string
  isResolved: boolean
}

/** Alerts kept. */
export const MAX_ALERTS = 50

/** Merges one event into the list, newest first: a resolved alert changes in its place. */
export function addAlert(alerts: readonly AlertView[], { id, type, time, data }: Envelope): readonly AlertView[] {
  if (type !== 'alert' && type !== 'alert_resolved') return alerts
  const { alertId, severity, message } = data as { alertId?: string, severity: Severity, message: string }
  const view: AlertView = { id: alertId ?? id, severity, message, time, isResolved: type === 'alert_resolved' }
  const known = alerts.some(one => one.id === view.id)
  if (known) return alerts.map(one => one.id === view.id ? { ...view, time: one.time } : one)
  return [view, ...alerts].slice(0, MAX_ALERTS)
}
