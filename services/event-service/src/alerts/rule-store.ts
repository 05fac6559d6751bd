/** SQL of the table `alert_rules`. */

import type { AlertRule } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import type { RuleState } from './rules.ts'

/** A rule with where it stands. */
export interface StoredRule {
  rule: AlertRule
  state: RuleState
}

/** Reads a tenant's rules in the order they were given. */
export async function readRules(tx: Tx, tenantId: string): Promise<StoredRule[]> {
  const rows = await tx.selectFrom('alert_rules').select(['rule', 'state', 'since', 'alert_id']).where('tenant_id', '=', tenantId).orderBy('position').execute()
  return rows.map(row => ({ rule: row.rule, state: toState(row) }))
}

/** Remembers where a rule stands. */
export async function saveState(tx: Tx, tenantId: string, { rule, state }: StoredRule): Promise<void> {
  await tx.updateTable('alert_rules').set(toColumns(state)).where('tenant_id', '=', tenantId).where('name', '=', rule.name).execute()
}

/** Puts these rules in place of all there were. */
export async function replaceRules(tx: Tx, tenantId: string, rules: readonly StoredRule[]): Promise<void> {
  await tx.deleteFrom('alert_rules').where('tenant_id', '=', tenantId).execute()
  if (rules.length === 0) return
  await tx.insertInto('alert_rules').values(rules.map(({ rule, state }, position) =>
    ({ tenant_id: tenantId, name: rule.name, position, rule: JSON.stringify(rule), ...toColumns(state) }))).execute()
}

/** The newest sample of a tenant: its second, and the figures. */
export async function readNewest(tx: Tx, tenantId: string): Promise<{ at: number, metrics: Record<AlertRule['metric'], number> } | undefined> {
  const row = await tx.selectFrom('metric_samples').selectAll().where('tenant_id', '=', tenantId).orderBy('at', 'desc').limit(1).executeTakeFirst()
  return row && {
    at: Number(row.at),
    metrics: {
      cpu: row.cpu, memory: row.memory, disk: row.disk, networkIn: row.network_in, networkOut: row.network_out, activeInstances: row.active_instances, uptime: row.uptime,
    },
  }
}

function toState({ state, since, alert_id }: { state: string, since: number | string | bigint | null, alert_id: string | null }): RuleState {
  if (state === 'firing' && alert_id !== null) return { state, since: Number(since), alertId: alert_id }
  return state === 'pending' ? { state, since: Number(since) } : { state: 'ok' }
}

function toColumns(state: RuleState): { state: string, since: number | null, alert_id: string | null } {
  return { state: state.state, since: 'since' in state ? state.since : null, alert_id: 'alertId' in state ? state.alertId : null }
}
