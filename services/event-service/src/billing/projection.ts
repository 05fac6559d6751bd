/** What billing keeps of its events: one notification each, numbered within the tenant, and the state of what it speaks of. */

import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'
import type { PendingEvent, Projection } from '../publish/projection.ts'
import { toWords } from '../words.ts'
import { mergeFields, occurredAt, recordOf } from './merge.ts'

/** The billing channel's row is locked while this runs, so that numbers are dense and in the order of the log. */
export const billingProjection: Projection = {
  types: ['billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_subscription', 'billing_usage_alert'],
  apply: async (tx, event) => {
    await keepNotification(tx, event)
    await keepRecord(tx, event)
    return undefined
  },
}

async function keepNotification(tx: Tx, event: PendingEvent): Promise<void> {
  const { id, channel: { tenantId }, type, time, data } = event
  const { status, message, amountMinor, currency, ...rest } = data
  await sql`with number as (
      insert into billing_numbers (tenant_id, last) values (${tenantId}, 1) on conflict (tenant_id) do update set last = billing_numbers.last + 1 returning last)
    insert into billing_notifications (tenant_id, id, n, type, time, occurred_at, status, message, amount_minor, currency, data, words)
    select ${tenantId}, ${id}, last, ${type}, ${time}::timestamptz, ${occurredAt(event)}::timestamptz, ${status}, ${message},
      ${amountMinor ?? null}::bigint, ${currency ?? null}, ${JSON.stringify(rest)}::jsonb, neo_plain(${toWords({ message, rest })})
    from number`.execute(tx)
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
