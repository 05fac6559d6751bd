/** What a rule's change says: one `alert` when it fires, one `alert_resolved` when it is over. Pure. */

import { channelOf, PLATFORM_TENANT, type AlertRule, type Channel } from '@neo-stack/events'
import type { PendingEvent } from '../publish/projection.ts'
import type { RuleChange } from './rules.ts'

/** The channel of a tenant's alerts; the operators' for the tenant `platform`. */
export function alertsChannel(tenantId: string): Channel {
  return tenantId === PLATFORM_TENANT ? channelOf('admin-alerts') : channelOf('alerts', { tenantId })
}

/** The event of a change; `gone` when the rule itself went away while it fired. */
export function toRuleEvent(tenantId: string, rule: AlertRule, { change, alertId, value, isSilenced = false }: Pick<RuleChange, 'change' | 'alertId'> & { value?: number, isSilenced?: boolean }): Pick<PendingEvent, 'channel' | 'type' | 'data'> {
  const { name, kind, metric, op, threshold, severity, group, runbook } = rule
  const now = value === undefined ? '' : ` (agora ${Number(value.toFixed(2))})`
  const params = {
    rule: name, ...kind !== 'absence' && { metric, op, threshold }, ...kind === 'rate' && { kind }, ...value !== undefined && { value }, ...group !== undefined && { group }, ...runbook !== undefined && { runbook },
  }
  const figure = kind === 'rate' ? `${metric} por segundo` : metric
  const shared = { alertId, severity, params, ...isSilenced && { isSilenced } }
  const channel = alertsChannel(tenantId)
  if (kind === 'absence') return toAbsence({ channel, shared, name }, { change, value })
  if (change === 'repeated') return { channel, type: 'alert', data: { ...shared, message: `${name}: ${figure} continua ${op} ${threshold}`, messageKey: 'rule_repeated' } }
  if (change === 'fired') return { channel, type: 'alert', data: { ...shared, message: `${name}: ${figure} ${op} ${threshold}${now}`, messageKey: 'rule_fired' } }
  if (change === 'flapping') return { channel, type: 'alert', data: { ...shared, message: `${name}: ${figure} oscila em torno de ${threshold}${now}`, messageKey: 'rule_flapping' } }
  return { channel, type: 'alert_resolved', data: { ...shared, message: `${name}: ${figure} normalizado${now}`, messageKey: value === undefined ? 'rule_gone' : 'rule_resolved' } }
}

function toAbsence({ channel, shared, name }: { channel: Channel, shared: Record<string, unknown>, name: string }, { change, value }: { change: RuleChange['change'], value: number | undefined }): Pick<PendingEvent, 'channel' | 'type' | 'data'> {
  if (change === 'repeated') return { channel, type: 'alert', data: { ...shared, message: `${name}: continua sem medidas`, messageKey: 'rule_still_absent' } }
  if (change === 'flapping') return { channel, type: 'alert', data: { ...shared, message: `${name}: as medidas vão e voltam`, messageKey: 'rule_absence_flapping' } }
  if (change === 'fired') return { channel, type: 'alert', data: { ...shared, message: `${name}: sem medidas há ${Math.round(value ?? 0)} s`, messageKey: 'rule_absent' } }
  return { channel, type: 'alert_resolved', data: { ...shared, message: `${name}: as medidas voltaram`, messageKey: value === undefined ? 'rule_gone' : 'rule_back' } }
}
