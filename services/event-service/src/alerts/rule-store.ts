/** SQL of the table `alert_rules`. */

import { sql, type Selectable } from 'kysely'
import { keptAlertRuleSchema, type AlertRule, type Metrics } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { PREPARED } from '../database/prepared.ts'
import type { Schema } from '../database/schema.ts'
import { absentAfter, type RuleState } from './rules.ts'

/** A rule with where it stands. */
export interface StoredRule {
  rule: AlertRule
  state: RuleState
}

/** Whether a tenant has rules. */
export async function hasRules(tx: Tx, tenantId: string): Promise<boolean> {
  const { rows: [row] } = await sql<{ has: boolean }>`${PREPARED} select exists (select from alert_rules where tenant_id = ${tenantId}) as has`.execute(tx)
  return row?.has ?? false
}

/** Reads a tenant's rules in the order they were given. */
export async function readRules(tx: Tx, tenantId: string): Promise<StoredRule[]> {
  const { rows } = await sql<Columns & { rule: unknown }>`${PREPARED} select rule, state, since, alert_id, changes, calm_since, is_flapping from alert_rules where tenant_id = ${tenantId}
    order by position`.execute(tx)
  return rows.map(row => ({ rule: keptAlertRuleSchema.parse(row.rule), state: toState(row) }))
}

/** Remembers where a rule stands. */
export async function saveState(tx: Tx, tenantId: string, { rule, state }: StoredRule): Promise<void> {
  const begun = state.state === 'firing' ? {} : { told_at: null, is_acknowledged: false }
  await tx.updateTable('alert_rules').set({ ...toColumns(state), ...begun }).where('tenant_id', '=', tenantId).where('name', '=', rule.name).execute()
}

/** Puts these rules in place of all there were. An alert that goes on stays acknowledged, and is told again when it would have been. */
export async function replaceRules(tx: Tx, tenantId: string, rules: readonly StoredRule[]): Promise<void> {
  const gone = await tx.deleteFrom('alert_rules').where('tenant_id', '=', tenantId).returning(['alert_id', 'told_at', 'is_acknowledged']).execute()
  if (rules.length === 0) return
  const kept = new Map(gone.map(({ alert_id: alertId, ...row }) => [alertId, row]))
  await tx.insertInto('alert_rules').values(rules.map(({ rule, state }, position) => ({
    tenant_id: tenantId, name: rule.name, position, rule: JSON.stringify(rule), absent_after: absentAfter(rule) ?? null, ...toColumns(state), ...'alertId' in state && kept.get(state.alertId),
  }))).execute()
}

/** A sample: its second, and the figures. */
export interface Sampled {
  at: number
  metrics: Metrics
}

/** The newest samples of a tenant, the newest first. */
export async function readNewest(tx: Tx, tenantId: string, count = 1): Promise<Sampled[]> {
  const { rows } = await sql<Selectable<Schema['metric_samples']>>`${PREPARED} select at, cpu, memory, disk, network_in, network_out, active_instances, uptime from metric_samples
    where tenant_id = ${tenantId} order by at desc limit ${count}`.execute(tx)
  return rows.map(row => ({
    at: Number(row.at),
    metrics: {
      cpu: row.cpu, memory: row.memory, disk: row.disk, networkIn: row.network_in, networkOut: row.network_out, activeInstances: row.active_instances, uptime: row.uptime,
    },
  }))
}

interface Columns { state: string, since: number | string | bigint | null, alert_id: string | null, changes: number[], calm_since: number | string | bigint | null, is_flapping: boolean }

function toState({ state, since, alert_id: alertId, changes, calm_since: calmSince, is_flapping: isFlapping }: Columns): RuleState {
  const memory = changes.length > 0 ? { changes } : {}
  if (state === 'firing' && alertId !== null) {
    return { state, since: Number(since), alertId, ...memory, ...isFlapping && { isFlapping }, ...calmSince !== null && { calmSince: Number(calmSince) } }
  }
  return state === 'pending' ? { state, since: Number(since), ...memory } : { state: 'ok', ...memory }
}

function toColumns(state: RuleState): { state: string, since: number | null, alert_id: string | null, changes: string, calm_since: number | null, is_flapping: boolean } {
  return {
    state: state.state, since: 'since' in state ? state.since : null, alert_id: 'alertId' in state ? state.alertId : null, changes: JSON.stringify(state.changes ?? []),
    calm_since: 'calmSince' in state ? state.calmSince ?? null : null, is_flapping: 'isFlapping' in state && state.isFlapping === true,
  }
}
