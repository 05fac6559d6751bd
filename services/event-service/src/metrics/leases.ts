/** Who is looking: samples are taken each second while a lease runs or a rule of alerts needs them, else every ten. */

import { sql } from 'kysely'
import { METRICS_LEASE_SECONDS, type MetricsLease } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'

/** Renews the lease on a tenant's samples, or the host's. */
export async function renewLease(database: Database, tenantId: string, now: number): Promise<MetricsLease> {
  const until = new Date(now + METRICS_LEASE_SECONDS * 1000)
  await database.inTenant(tenantId, tx => tx.insertInto('metric_leases').values({ tenant_id: tenantId, until })
    .onConflict(conflict => conflict.column('tenant_id').doUpdateSet({ until: sql`greatest(metric_leases.until, excluded.until)` })).execute())
  return { until: until.toISOString() }
}

/** Whether somebody looks at a tenant's samples, or a rule needs them. */
export async function isNeeded(tx: Tx, tenantId: string, now: number): Promise<boolean> {
  const { rows: [row] } = await sql<{ needed: boolean }>`select exists (select from metric_leases where tenant_id = ${tenantId} and until > ${new Date(now)})
    or exists (select from alert_rules where tenant_id = ${tenantId}) as needed`.execute(tx)
  return row?.needed ?? false
}
