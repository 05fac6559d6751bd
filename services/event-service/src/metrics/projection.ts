/** Keeps samples: one per tenant and second, the last one wins. */

import type { Tx } from '../database/database.ts'
import type { PendingEvent, Projection } from '../publish/projection.ts'
import { markMinute } from './rollups.ts'

/** The projection of `metrics_update`; what stands behind it sees each sample, its second in `data.at`, once it is kept. */
export function createMetricsProjection(behind: Omit<Projection, 'types'>): Projection {
  return {
    ...behind,
    types: ['metrics_update'],
    apply: async (tx, event) => {
      const data = await keepSample(tx, event)
      return { ...await behind.apply(tx, { ...event, data }), data }
    },
  }
}

async function keepSample(tx: Tx, event: PendingEvent): Promise<Record<string, unknown>> {
  const data = event.data as { at?: number, simulated?: boolean } & Record<string, number>
  const now = Math.floor(Date.parse(event.time) / 1000)
  const at = data.at ?? now
  const row = {
    cpu: data['cpu'] ?? 0, memory: data['memory'] ?? 0, disk: data['disk'] ?? 0, network_in: data['networkIn'] ?? 0, network_out: data['networkOut'] ?? 0,
    active_instances: data['activeInstances'] ?? 0, uptime: data['uptime'] ?? 0, simulated: data.simulated ?? false,
  }
  await tx.insertInto('metric_samples').values({ tenant_id: event.channel.tenantId, at, ...row })
    .onConflict(conflict => conflict.columns(['tenant_id', 'at']).doUpdateSet(row)).execute()
  await markMinute(tx, event.channel.tenantId, { at, now })
  return { ...event.data, at }
}
