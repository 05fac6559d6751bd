/** What a tenant's billing stands at: plan and its changes, invoices, payments, subscriptions and usage. */

import { billingRecordSchema, type BillingRecord, type BillingRecords } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import type { Fields, RecordKind } from './merge.ts'

/** Newest records of a kind that are answered. */
const MAX_RECORDS = 100

/** Reads all of it in one state of the database. */
export function readRecords(database: Database, tenantId: string): Promise<BillingRecords> {
  return database.inTenant(tenantId, async tx => {
    const [invoices, payments, subscriptions, planChanges] = [
      await readKind(tx, 'invoice'), await readKind(tx, 'payment'), await readKind(tx, 'subscription'), await readKind(tx, 'plan'),
    ]
    const paid = new Set(payments.flatMap(({ status, invoiceId }) => status === 'completed' && invoiceId !== undefined ? [invoiceId] : []))
    const levels = await tx.selectFrom('usage_levels').selectAll().orderBy('resource').orderBy('period', 'desc').limit(MAX_RECORDS).execute()
    const plan = planChanges.find(({ status }) => status === 'completed')?.planName
      ?? subscriptions.find(({ status, planName }) => status === 'completed' && planName !== undefined)?.planName
    return {
      ...plan !== undefined && { plan }, planChanges, subscriptions, payments,
      openInvoices: invoices.filter(({ id, status }) => (status === 'pending' || status === 'failed') && !paid.has(id)),
      usage: levels.map(({ resource, period, used, max }) => ({ resource, period, used, limit: max, percentage: used * 100 / max })),
    }
  }, { snapshot: true })
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
