/** Alerts as a list: raised, acknowledged and resolved events merged. Pure. */
import type { Envelope, Severity } from '@neo-stack/events'

/** An alert as a reader sees it. */
export interface AlertView {
  id: string
  severity: Severity
  message: string
  time: string
  isResolved: boolean
  /** When it was over. */
  resolvedAt?: string
  messageKey?: string
  /** What its rule found: `rule`, `metric`, `op`, `threshold`, `value`, and the rule's `group` and `runbook`. */
  params?: Readonly<Record<string, string | number>>
  /** A silence held when it fired: nobody was bothered. */
  isSilenced?: boolean
  /** When somebody saw to it, and what they said. */
  acknowledged?: { time: string, note?: string }
}

/** Alerts kept. */
export const MAX_ALERTS = 50

/** Merges one event into the list, newest first: an alert that is acknowledged or resolved changes in its place. */
export function addAlert(alerts: readonly AlertView[], event: Envelope): readonly AlertView[] {
  if (event.type === 'alert_acknowledged') return acknowledge(alerts, event)
  if (event.type !== 'alert' && event.type !== 'alert_resolved') return alerts
  const { id, type, time, data } = event
  const { alertId, severity, message, isSilenced, messageKey, params } = data as Pick<AlertView, 'severity' | 'message' | 'isSilenced' | 'messageKey' | 'params'> & { alertId?: string }
  const isResolved = type === 'alert_resolved'
  const view: AlertView = {
    id: alertId ?? id, severity, message, time, isResolved, ...isResolved && { resolvedAt: time }, ...isSilenced && { isSilenced },
    ...messageKey !== undefined && { messageKey }, ...params && { params },
  }
  const known = alerts.some(one => one.id === view.id)
  if (known) return alerts.map(one => one.id === view.id ? { ...one, ...view, time: one.time } : one)
  return [view, ...alerts].slice(0, MAX_ALERTS)
}

function acknowledge(alerts: readonly AlertView[], { data, time }: Envelope): readonly AlertView[] {
  const { alertId, note } = data as { alertId?: string, note?: string }
  return alerts.map(one => one.id === alertId && !one.acknowledged ? { ...one, acknowledged: { time, ...note !== undefined && { note } } } : one)
}
