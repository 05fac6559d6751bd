/** What a rule's change says: one `alert` when it fires, one `alert_resolved` when it is over. Pure. */

import { channelOf, PLATFORM_TENANT, type AlertRule, type Channel } from '@neo-stack/events'
import type { PendingEvent } from '../publish/projection.ts'
import type { RuleChange } from './rules.ts'

/** The channel of a tenant's alerts; the operators' for the tenant `platform`. */
export function alertsChannel(tenantId: string): Channel {
  return tenantId === PLATFORM_TENANT ? channelOf('admin-alerts') : channelOf('alerts', { tenantId })
}

/** The event of a change; `gone` when the rule itself went away while it fired. */
export function toRuleEvent(tenantId: string, { name, metric, op, threshold, severity }: AlertRule, { change, alertId, value }: Pick<RuleChange, 'change' | 'alertId'> & { value?: number }): Pick<PendingEvent, 'channel' | 'type' | 'data'> {
  const now = value === undefined ? '' : ` (agora ${Number(value.toFixed(2))})`
  const params = { rule: name, metric, op, threshold, ...value !== undefined && { value } }
  return change === 'fired'
    ? { channel: alertsChannel(tenantId), type: 'alert', data: { alertId, severity, message: `${name}: ${metric} ${op} ${threshold}${now}`, messageKey: 'rule_fired', params } }
    : { channel: alertsChannel(tenantId), type: 'alert_resolved', data: { alertId, severity, message: `${name}: ${metric} normalizado${now}`, messageKey: value === undefined ? 'rule_gone' : 'rule_resolved', params } }
}
