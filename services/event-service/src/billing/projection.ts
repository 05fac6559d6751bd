/**
 * What billing keeps of its events: one notification each, numbered within the tenant, and the state of what it speaks of. A failure
 * that was made good – whichever of the two came first – is settled: it stands in the inbox and counts as read.
 */

import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'
import type { PendingEvent, Projection } from '../publish/projection.ts'
import { toWords } from '../words.ts'
import { isOvertaken, mergeFields, occurredAt, recordOf } from './merge.ts'

/** The billing channel's row is locked while this runs, so that numbers are dense and in the order of the log. */
export const billingProjection: Projection = {
  types: ['billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_usage_alert', 'billing_subscription'],
  apply: async (tx, event) => {
    // Whether newer word is known is the service's to say, not the publisher's.
    const { overtaken: _, ...data } = event.data
    const said = { ...event, data }
    await keepNotification(tx, said)
    return { data: await keepRecord(tx, said) ? { ...data, overtaken: true } : data }
  },
}

async function keepNotification(tx: Tx, event: PendingEvent): Promise<void> {
  const { id, channel: { tenantId }, type, time, data } = event
  const { status, message, amountMinor, currency, ...rest } = data
  const record = recordOf(event)
  const subject = record && record.kind !== 'plan' ? `${record.kind} ${record.id}` : null
  const occurred = sql`${occurredAt(event)}::timestamptz`
  await sql`with number as (
      insert into billing_numbers (tenant_id, last) values (${tenantId}, 1) on conflict (tenant_id) do update set last = billing_numbers.last + 1 returning last)
      ${status === 'completed' && subject !== null ? sql`, good as (update billing_notifications set settled = true
        where tenant_id = ${tenantId} and subject = ${subject} and status = 'failed' and not settled ${type === 'billing_subscription' ? sql`and occurred_at <= ${occurred}` : sql``})` : sql``}
    insert into billing_notifications (tenant_id, id, n, type, time, occurred_at, status, message, amount_minor, currency, data, words, subject, settled)
    select ${tenantId}, ${id}, last, ${type}, ${time}::timestamptz, ${occurred}, ${status}, ${message},
      ${amountMinor ?? null}::bigint, ${currency ?? null}, ${JSON.stringify(rest)}::jsonb, neo_plain(${toWords({ message, rest })}), ${subject}::text,
      ${status === 'failed' && subject !== null ? sql`exists (select 1 from billing_notifications where tenant_id = ${tenantId} and subject = ${subject} and status = 'completed'
        ${type === 'billing_subscription' ? sql`and occurred_at >= ${occurred}` : sql``})` : sql`false`}
    from number`.execute(tx)
}

/** @returns whether newer word of the same thing was known */
async function keepRecord(tx: Tx, event: PendingEvent): Promise<boolean> {
  const record = recordOf(event)
  if (!record) return false
  const known = await tx.selectFrom('billing_records').select('fields').where('kind', '=', record.kind).where('id', '=', record.id).executeTakeFirst()
  const merged = mergeFields(known?.fields ?? {}, event)
  const values = { fields: JSON.stringify(merged), time: String(merged['time']?.value ?? event.time) }
  await tx.insertInto('billing_records').values({ tenant_id: event.channel.tenantId, ...record, ...values })
    .onConflict(conflict => conflict.columns(['tenant_id', 'kind', 'id']).doUpdateSet(values)).execute()
  return isOvertaken(known?.fields ?? {}, event)
}
