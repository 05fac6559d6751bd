/** What a rule's change says: one `alert` when it fires, one `alert_resolved` when it is over. Pure. */

import { channelOf, PLATFORM_TENANT, type AlertRule, type Channel } from '@neo-stack/events'
import type { PendingEvent } from '../publish/projection.ts'
import type { RuleChange } from './rules.ts'

/** The channel of a tenant's alerts; the operators' for the tenant `platform`. */
export function alertsChannel(tenantId: string): Channel {
  return tenantId === PLATFORM_TENANT ? channelOf('admin-alerts') : channelOf('alerts', { tenantId })
}

/** The event of a change; `gone` when the rule itself went away while it fired. */
export function toRuleEvent(tenantId: string, { name, metric, op, threshold, severity }: AlertRule, { change, alertId, value, isSilenced = false }: Pick<RuleChange, 'change' | 'alertId'> & { value?: number, isSilenced?: boolean }): Pick<PendingEvent, 'channel' | 'type' | 'data'> {
  const now = value === undefined ? '' : ` (agora ${Number(value.toFixed(2))})`
  const params = { rule: name, metric, op, threshold, ...value !== undefined && { value } }
  const shared = { alertId, severity, params, ...isSilenced && { isSilenced } }
  const channel = alertsChannel(tenantId)
  if (change === 'fired') return { channel, type: 'alert', data: { ...shared, message: `${name}: ${metric} ${op} ${threshold}${now}`, messageKey: 'rule_fired' } }
  if (change === 'flapping') return { channel, type: 'alert', data: { ...shared, message: `${name}: ${metric} oscila em torno de ${threshold}${now}`, messageKey: 'rule_flapping' } }
  return { channel, type: 'alert_resolved', data: { ...shared, message: `${name}: ${metric} normalizado${now}`, messageKey: value === undefined ? 'rule_gone' : 'rule_resolved' } }
}
