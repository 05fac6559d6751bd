/** What a tenant's billing stands at: plan and its changes, invoices, payments, subscriptions and usage. */

import { billingRecordSchema, type BillingRecord, type BillingRecords } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { FORECAST_DAYS, forecastFull, type UsagePoint } from './forecast.ts'
import type { Fields, RecordKind } from './merge.ts'

/** Newest records of a kind that are answered. */
const MAX_RECORDS = 100

/** Reads all of it in one state of the database. */
export function readRecords(database: Database, tenantId: string, now: number): Promise<BillingRecords> {
  return database.inTenant(tenantId, async tx => {
    const [invoices, payments, subscriptions, planChanges] = [
      await readKind(tx, 'invoice'), await readKind(tx, 'payment'), await readKind(tx, 'subscription'), await readKind(tx, 'plan'),
    ]
    const paid = new Set(payments.flatMap(({ status, invoiceId }) => status === 'completed' && invoiceId !== undefined ? [invoiceId] : []))
    const plan = planChanges.find(({ status }) => status === 'completed')?.planName
      ?? subscriptions.find(({ status, planName }) => status === 'completed' && planName !== undefined)?.planName
    return {
      ...plan !== undefined && { plan }, planChanges, subscriptions, invoices, payments,
      openInvoices: invoices.filter(({ id, status }) => (status === 'pending' || status === 'failed') && !paid.has(id)),
      usage: await readUsage(tx, now),
    }
  }, { snapshot: true })
}

/** The period of each resource that was reported last, with its forecast. */
async function readUsage(tx: Tx, now: number): Promise<BillingRecords['usage']> {
  const levels = await tx.selectFrom('usage_levels').distinctOn('resource').selectAll().orderBy('resource').orderBy('reported_at', 'desc').limit(MAX_RECORDS).execute()
  const points = await tx.selectFrom('usage_points').select(['resource', 'period', 'at', 'used']).where('at', '>', new Date(now - FORECAST_DAYS * 86_400_000))
    .where('resource', 'in', [...levels.map(({ resource }) => resource), '']).execute()
  return levels.map(({ resource, period, used, max }) => {
    const own = points.filter(point => point.resource === resource && point.period === period).map((point): UsagePoint => ({ at: point.at.getTime(), used: point.used }))
    const fullAt = forecastFull(own, { limit: max, now })
    return { resource, period, used, limit: max, percentage: used * 100 / max, ...fullAt !== undefined && { fullAt: new Date(fullAt).toISOString() } }
  })
}

async function readKind(tx: Tx, kind: RecordKind): Promise<BillingRecord[]> {
  const rows = await tx.selectFrom('billing_records').select(['id', 'fields']).where('kind', '=', kind)
    .orderBy('time', 'desc').orderBy('id', 'desc').limit(MAX_RECORDS).execute()
  return rows.map(({ id, fields }) => toRecord(id, fields))
}

function toRecord(id: string, fields: Fields): BillingRecord {
  const values = Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]))
  const metadata = values['metadata'] as { demo?: unknown } | undefined
  return billingRecordSchema.parse({ ...values, id, ...metadata?.demo === true && { demo: true } })
}
