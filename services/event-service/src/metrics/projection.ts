/** Keeps samples: one per tenant and second, the last one wins; the newest is shown to whoever watches. */

import type { Metrics } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import type { PendingEvent, Projected, Projection } from '../publish/projection.ts'

/** Who watches the samples, in the transaction that keeps them. */
export interface SampleWatcher {
  /** The channel that `apply` may derive events on. */
  channel: (tenantId: string) => string
  /** Takes the newest sample of a tenant. */
  apply: (tx: Tx, sample: { tenantId: string, at: number, metrics: Metrics }) => Promise<Required<Projected>['derived']>
}

/** The projection of `metrics_update`. */
export function createMetricsProjection(watcher: SampleWatcher): Projection {
  return {
    types: ['metrics_update'],
    derives: ({ channel }) => [watcher.channel(channel.tenantId)],
    apply: (tx, event) => applySample(tx, event, watcher),
  }
}

async function applySample(tx: Tx, event: PendingEvent, watcher: SampleWatcher): Promise<Projected> {
  const { tenantId } = event.channel
  const data = event.data as { at?: number, simulated?: boolean } & Record<string, number>
  const at = data.at ?? Math.floor(Date.parse(event.time) / 1000)
  const newest = await tx.selectFrom('metric_samples').select('at').where('tenant_id', '=', tenantId).orderBy('at', 'desc').limit(1).executeTakeFirst()
  const row = {
    cpu: data['cpu'] ?? 0, memory: data['memory'] ?? 0, disk: data['disk'] ?? 0, network_in: data['networkIn'] ?? 0, network_out: data['networkOut'] ?? 0,
    active_instances: data['activeInstances'] ?? 0, uptime: data['uptime'] ?? 0, simulated: data.simulated ?? false,
  }
  await tx.insertInto('metric_samples').values({ tenant_id: tenantId, at, ...row })
    .onConflict(conflict => conflict.columns(['tenant_id', 'at']).doUpdateSet(row)).execute()
  const sample = { ...event.data, at }
  if (newest && Number(newest.at) > at) return { data: sample }
  return { data: sample, derived: await watcher.apply(tx, { tenantId, at, metrics: event.data as unknown as Metrics }) }
}
