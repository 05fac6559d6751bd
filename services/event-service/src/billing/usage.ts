/** Reports of usage: each crossing of a threshold becomes one event, in the transaction that remembers it. */

import { channelOf, type Actor, type ReportUsage, type UsageReported } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Overtaken, untilAhead } from '../publish/overtaken.ts'
import type { DraftEvent, WritePath } from '../publish/write-path.ts'
import { climb, type Crossing } from './thresholds.ts'

/** Reports of one resource that meet are tried again this often. */
const ATTEMPTS = 8

/** Who reports what. */
export interface UsageReport extends ReportUsage {
  tenantId: string
  actor: Actor
}

/** What a resource's thresholds are kept as; `version` counts the reports. */
interface Level {
  triggered: number[]
  version: number
}

/**
 * Takes a report.
 * @throws {Problem} `unavailable` when reports of one resource keep overtaking each other
 */
export function reportUsage(services: { database: Database, writePath: WritePath }, report: UsageReport): Promise<UsageReported> {
  return untilAhead(ATTEMPTS, () => tryReport(services, report))
}

async function tryReport({ database, writePath }: { database: Database, writePath: WritePath }, report: UsageReport): Promise<UsageReported> {
  const { tenantId, used, limit } = report
  const level = await database.inTenant(tenantId, tx => readLevel(tx, report))
  const percentage = used * 100 / limit
  const { crossed, triggered } = climb(level.triggered, percentage)
  const keep = (tx: Tx): Promise<void> => keepLevel(tx, report, { triggered, version: level.version })
  if (crossed.length === 0) await database.inTenant(tenantId, keep)
  else await writePath.write({ tenantId, events: crossed.map(crossing => toEvent(report, crossing, percentage)), within: keep })
  return { percentage, crossed }
}

async function readLevel(tx: Tx, { resource, period }: UsageReport): Promise<Level> {
  const row = await tx.selectFrom('usage_levels').select(['triggered', 'version']).where('resource', '=', resource).where('period', '=', period).executeTakeFirst()
  return { triggered: row?.triggered ?? [], version: Number(row?.version ?? 0) }
}

/** Writes only over the version that was read. */
async function keepLevel(tx: Tx, { tenantId, resource, period, used, limit }: UsageReport, { triggered, version }: Level): Promise<void> {
  const values = { used, max: limit, triggered, version: version + 1 }
  const kept = version === 0
    ? await tx.insertInto('usage_levels').values({ tenant_id: tenantId, resource, period, ...values })
      .onConflict(conflict => conflict.doNothing()).returning('version').executeTakeFirst()
    : await tx.updateTable('usage_levels').set(values)
      .where('resource', '=', resource).where('period', '=', period).where('version', '=', version).returning('version').executeTakeFirst()
  if (!kept) throw new Overtaken()
}

function toEvent({ tenantId, actor, resource, used, limit, period }: UsageReport, { threshold, state }: Crossing, percentage: number): DraftEvent {
  const text = percentage.toFixed(1)
  return {
    channel: channelOf('billing', { tenantId }), actor, type: 'billing_usage_alert',
    data: {
      resource, usage: used, limit, percentage, period, threshold, state,
      status: state === 'resolved' ? 'completed' : threshold > 90 ? 'failed' : 'pending',
      message: state === 'resolved' ? `Uso de ${resource} abaixo de ${threshold}%: agora ${text}%` : `Alerta: ${text}% do limite de ${resource} usado`,
      messageKey: state === 'resolved' ? 'usage_resolved' : 'usage_triggered', params: { resource, threshold, percentage: Number(text) },
    },
  }
}
