/** Keeps samples: one per tenant and second, the last one wins. */

import { sql } from 'kysely'
import type { Tx } from '../database/database.ts'
import { PREPARED } from '../database/prepared.ts'
import type { PendingEvent, Projection } from '../publish/projection.ts'
import { isCounted } from './rollups.ts'

/** What looks at each sample, its second in `data.at`, once it is kept. */
export interface SampleWatch extends Pick<Projection, 'derives' | 'apply'> {
  /** Whether it has nothing to look for at a tenant: then a batch is kept at once. */
  isIdle: (tx: Tx, tenantId: string) => Promise<boolean>
}

/** The projection of `metrics_update`. */
export function createMetricsProjection({ isIdle, ...behind }: SampleWatch): Projection {
  return {
    ...behind,
    types: ['metrics_update'],
    apply: async (tx, event) => {
      const sample = toSample(event)
      await keepSamples(tx, [sample])
      return { ...await behind.apply(tx, { ...event, data: sample.data }), data: sample.data }
    },
    applyAll: async (tx, events) => {
      const samples = events.map(toSample)
      if (!samples[0] || !await isIdle(tx, samples[0].tenantId)) return undefined
      await keepSamples(tx, samples)
      return samples
    },
  }
}

interface Sample { tenantId: string, at: number, now: number, data: Record<string, unknown> }

function toSample({ channel: { tenantId }, time, data }: PendingEvent): Sample {
  const now = Math.floor(Date.parse(time) / 1000)
  const at = (data['at'] as number | undefined) ?? now
  return { tenantId, at, now, data: { ...data, at } }
}

const toRow = ({ tenantId, at, data }: Sample): object => ({
  tenant_id: tenantId, at, cpu: data['cpu'] ?? 0, memory: data['memory'] ?? 0, disk: data['disk'] ?? 0, network_in: data['networkIn'] ?? 0, network_out: data['networkOut'] ?? 0,
  active_instances: data['activeInstances'] ?? 0, uptime: data['uptime'] ?? 0, simulated: data['simulated'] ?? false,
})

/** Writes samples of one tenant and marks their minutes, in one statement. */
async function keepSamples(tx: Tx, samples: readonly Sample[]): Promise<void> {
  const newest = [...new Map(samples.map(sample => [sample.at, sample])).values()]
  const minutes = [...new Set(newest.filter(isCounted).map(({ at }) => at - at % 60))].sort((one, other) => one - other)
  // The update of a minute holds its row until the samples are committed, so that no count passes by them.
  await sql`${PREPARED} with kept as (
      insert into metric_samples (tenant_id, at, cpu, memory, disk, network_in, network_out, active_instances, uptime, simulated)
      select tenant_id, at, cpu, memory, disk, network_in, network_out, active_instances, uptime, simulated from json_to_recordset(${JSON.stringify(newest.map(toRow))}::json) as row (tenant_id text,
        at bigint, cpu real, memory real, disk real, network_in double precision, network_out double precision, active_instances integer, uptime double precision, simulated boolean)
      on conflict (tenant_id, at) do update set cpu = excluded.cpu, memory = excluded.memory, disk = excluded.disk, network_in = excluded.network_in, network_out = excluded.network_out,
        active_instances = excluded.active_instances, uptime = excluded.uptime, simulated = excluded.simulated)
    insert into metric_minutes (tenant_id, minute) select ${samples[0]?.tenantId}, minute::bigint from json_array_elements_text(${JSON.stringify(minutes)}::json) as minute
    on conflict (tenant_id, minute) do update set minute = excluded.minute`.execute(tx)
}
