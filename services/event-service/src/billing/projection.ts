/** What billing keeps of its events: one notification each, numbered within the tenant, and the state of what it speaks of. */

import type { Tx } from '../database/database.ts'
import type { PendingEvent, Projection } from '../publish/projection.ts'
import { mergeFields, recordOf } from './merge.ts'

/** The billing channel's row is locked while this runs, so that numbers are dense and in the order of the log. */
export const billingProjection: Projection = {
  types: ['billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_subscription', 'billing_usage_alert'],
  apply: async (tx, event) => {
    const { id, channel, type, time, data } = event
    const { status, message, amountMinor, currency, ...rest } = data
    await tx.insertInto('billing_notifications').values({
      tenant_id: channel.tenantId, id, n: await lastNumber(tx, channel.tenantId) + 1, type, time, status: String(status), message: String(message),
      amount_minor: typeof amountMinor === 'number' ? amountMinor : null, currency: typeof currency === 'string' ? currency : null, data: JSON.stringify(rest),
      words: `${String(message)} ${JSON.stringify(rest)}`.toLowerCase(),
    }).execute()
    await keepRecord(tx, event)
    return undefined
  },
}

async function keepRecord(tx: Tx, event: PendingEvent): Promise<void> {
  const record = recordOf(event)
  if (!record) return
  const known = await tx.selectFrom('billing_records').select('fields').where('kind', '=', record.kind).where('id', '=', record.id).executeTakeFirst()
  const merged = mergeFields(known?.fields ?? {}, event)
  const values = { fields: JSON.stringify(merged), time: String(merged['time']?.value ?? event.time) }
  await tx.insertInto('billing_records').values({ tenant_id: event.channel.tenantId, ...record, ...values })
    .onConflict(conflict => conflict.columns(['tenant_id', 'kind', 'id']).doUpdateSet(values)).execute()
}

/** Number of the tenant's newest notification; 0 when there is none. */
export async function lastNumber(tx: Tx, tenantId: string): Promise<number> {
  const last = await tx.selectFrom('billing_notifications').select('n').where('tenant_id', '=', tenantId).orderBy('n', 'desc').limit(1).executeTakeFirst()
  return Number(last?.n ?? 0)
}
