/** Reports of usage: each crossing of a threshold becomes one event, in the transaction that remembers it. */

import { channelOf, type Actor, type ReportUsage, type UsageReported, type UsageStep } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Overtaken, untilAhead } from '../publish/overtaken.ts'
import { hashOf } from '../publish/publish.ts'
import type { DraftEvent, Submission, WritePath } from '../publish/write-path.ts'
import { FORECAST_DAYS } from './forecast.ts'
import { readLadder } from './ladders.ts'
import { climb, percentOf, type Crossing } from './thresholds.ts'

/** Reports of one resource that meet are tried again this often. */
const ATTEMPTS = 8

const HOUR_MS = 3_600_000

/** What reports are taken with. */
export interface UsageServices {
  database: Database
  writePath: WritePath
  now: () => number
}

/** Who reports what. */
export interface UsageReport extends ReportUsage {
  tenantId: string
  actor: Actor
  /** Repeats under it are answered what the first was, and count once. */
  idempotencyKey?: string | undefined
}

/** What a resource's thresholds are kept as; `version` counts the reports. */
interface Level {
  triggered: string[]
  version: number
}

/**
 * Takes a report.
 * @throws {Problem} `unavailable` when reports of one resource keep overtaking each other
 */
export function reportUsage(services: UsageServices, report: UsageReport): Promise<UsageReported> {
  return untilAhead(ATTEMPTS, () => tryReport(services, report))
}

async function tryReport({ database, writePath, now }: UsageServices, report: UsageReport): Promise<UsageReported> {
  const { tenantId, used, limit } = report
  const { level, ladder } = await database.inTenant(tenantId, async tx => ({ level: await readLevel(tx, report), ladder: await readLadder(tx, report) }))
  const percentage = used * 100 / limit
  const { crossed, triggered } = climb(level.triggered, { used, limit }, ladder)
  const keep = (tx: Tx): Promise<void> => keepLevel(tx, report, { triggered, version: level.version, now: now() })
  const key = keyOf(report)
  if (key || crossed.length > 0) {
    const events = crossed.map(crossing => toEvent(report, crossing, percentage))
    return await writePath.write({ tenantId, events, within: keep, answer: () => ({ percentage, crossed }), ...key && { key } }) as UsageReported
  }
  await database.inTenant(tenantId, keep)
  return { percentage, crossed }
}

function keyOf({ tenantId, idempotencyKey, resource, period, used, limit }: UsageReport): Submission['key'] {
  return idempotencyKey === undefined ? undefined : { scope: `${tenantId}/usage`, key: idempotencyKey, bodyHash: hashOf({ resource, period, used, limit }) }
}

async function readLevel(tx: Tx, { resource, period }: UsageReport): Promise<Level> {
  const row = await tx.selectFrom('usage_levels').select(['triggered', 'version']).where('resource', '=', resource).where('period', '=', period).executeTakeFirst()
  return { triggered: row?.triggered ?? [], version: Number(row?.version ?? 0) }
}

/** Writes only over the version that was read. */
async function keepLevel(tx: Tx, report: UsageReport, { triggered, version, now }: Level & { now: number }): Promise<void> {
  const { tenantId, resource, period, used, limit } = report
  const values = { used, max: limit, triggered, version: version + 1, reported_at: new Date(now) }
  const kept = version === 0
    ? await tx.insertInto('usage_levels').values({ tenant_id: tenantId, resource, period, ...values })
      .onConflict(conflict => conflict.doNothing()).returning('version').executeTakeFirst()
    : await tx.updateTable('usage_levels').set(values)
      .where('resource', '=', resource).where('period', '=', period).where('version', '=', version).returning('version').executeTakeFirst()
  if (!kept) throw new Overtaken()
  const point = { at: new Date(now), used }
  await tx.insertInto('usage_points').values({ tenant_id: tenantId, resource, period, hour: Math.floor(now / HOUR_MS), ...point })
    .onConflict(conflict => conflict.columns(['tenant_id', 'resource', 'period', 'hour']).doUpdateSet(point)).execute()
}

/** Removes points that no forecast looks at any more. */
export async function purgeUsagePoints(tx: Tx, batch: number, now: number): Promise<number> {
  const old = tx.selectFrom('usage_points').select(['tenant_id', 'resource', 'period', 'hour']).where('at', '<', new Date(now - (FORECAST_DAYS + 1) * 24 * HOUR_MS)).limit(batch)
  const { numDeletedRows } = await tx.deleteFrom('usage_points')
    .where(eb => eb(eb.refTuple('tenant_id', 'resource', 'period', 'hour'), 'in', old.$asTuple('tenant_id', 'resource', 'period', 'hour'))).executeTakeFirst()
  return Number(numDeletedRows)
}

function toEvent({ tenantId, actor, resource, used, limit, period }: UsageReport, { threshold, unit, state }: Crossing, percentage: number): DraftEvent {
  const text = percentage.toFixed(1)
  const name = unit === 'percent' ? `${threshold}%` : String(threshold)
  const step: UsageStep = { unit, value: threshold }
  return {
    channel: channelOf('billing', { tenantId }), actor, type: 'billing_usage_alert',
    data: {
      resource, usage: used, limit, percentage, period, threshold, thresholdUnit: unit, state,
      status: state === 'resolved' ? 'completed' : percentOf(step, limit) > 90 ? 'failed' : 'pending',
      message: state === 'resolved' ? `Uso de ${resource} abaixo de ${name}: agora ${text}%` : `Alerta: ${text}% do limite de ${resource} usado`,
      messageKey: state === 'resolved' ? 'usage_resolved' : 'usage_triggered', params: { resource, threshold, percentage: Number(text) },
    },
  }
}
