/** Keeps samples: one per tenant and second, the last one wins. */

import type { Tx } from '../database/database.ts'
import type { PendingEvent, Projected, Projection } from '../publish/projection.ts'

/** The projection of `metrics_update`. */
export const metricsProjection: Projection = { types: ['metrics_update'], apply: applySample }

async function applySample(tx: Tx, event: PendingEvent): Promise<Projected> {
  const data = event.data as { at?: number, simulated?: boolean } & Record<string, number>
  const at = data.at ?? Math.floor(Date.parse(event.time) / 1000)
  const row = {
    cpu: data['cpu'] ?? 0, memory: data['memory'] ?? 0, disk: data['disk'] ?? 0, network_in: data['networkIn'] ?? 0, network_out: data['networkOut'] ?? 0,
    active_instances: data['activeInstances'] ?? 0, uptime: data['uptime'] ?? 0, simulated: data.simulated ?? false,
  }
  await tx.insertInto('metric_samples').values({ tenant_id: event.channel.tenantId, at, ...row })
    .onConflict(conflict => conflict.columns(['tenant_id', 'at']).doUpdateSet(row)).execute()
  return { data: { ...event.data, at } }
}
