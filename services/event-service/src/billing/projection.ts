/** What billing keeps of its events: one notification each, numbered within the tenant. */

import type { Tx } from '../database/database.ts'
import type { Projection } from '../publish/projection.ts'

/** The billing channel's row is locked while this runs, so that numbers are dense and in the order of the log. */
export const billingProjection: Projection = {
  types: ['billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_subscription', 'billing_usage_alert'],
  apply: async (tx, { id, channel, type, time, data }) => {
    const { status, message, amountMinor, currency, ...rest } = data
    await tx.insertInto('billing_notifications').values({
      tenant_id: channel.tenantId, id, n: await lastNumber(tx, channel.tenantId) + 1, type, time, status: String(status), message: String(message),
      amount_minor: typeof amountMinor === 'number' ? amountMinor : null, currency: typeof currency === 'string' ? currency : null, data: JSON.stringify(rest),
    }).execute()
    return undefined
  },
}

/** Number of the tenant's newest notification; 0 when there is none. */
export async function lastNumber(tx: Tx, tenantId: string): Promise<number> {
  const last = await tx.selectFrom('billing_notifications').select('n').where('tenant_id', '=', tenantId).orderBy('n', 'desc').limit(1).executeTakeFirst()
  return Number(last?.n ?? 0)
}
