/**
 * Samples what tenants run: each tenant's instances as one sample. A tenant that somebody looks at or that has rules is sampled each
 * second, others every ten – not all in the same one. What a tenant pushes itself stands: nothing is measured beside it.
 */

import { sql } from 'kysely'
import type { Metrics, MetricsPublisher, MetricsSample } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { startTicks, type TickOptions, type Ticks } from './ticks.ts'

/** Reads the figures of one instance; `at` and `since` (when it was started) in seconds since the Unix epoch. */
export type ReadInstance = (instance: { tenantId: string, instanceId: string, since?: number }, at: number) => Promise<MetricsSample>

/** What the sampler needs. */
export interface InstanceSamplerOptions extends TickOptions {
  database: Database
  publisher: Pick<MetricsPublisher, 'publishTenantMetrics'>
  read: ReadInstance
}

/** Seconds between samples of who is not looked at. */
const IDLE_SECONDS = 10

/** A tenant that pushed this lately, in seconds, measures itself. */
const PUSHED_SECONDS = 30

/** Tenants read at once. */
const AT_ONCE = 16

interface Running { tenant_id: string, instance_id: string, since: number | string, newest: number | string | null }

/** Starts sampling: see {@link startTicks}. */
export function startInstanceSampler(options: InstanceSamplerOptions): Ticks {
  const own = new Map<string, number>()
  return startTicks(at => sampleAll(options, own, at), options)
}

async function sampleAll({ database, publisher, read, now = Date.now, onFault = () => undefined }: InstanceSamplerOptions, own: Map<string, number>, at: number): Promise<void> {
  const { rows } = await database.inSystem(tx => sql<Running>`
    select i.tenant_id, i.instance_id, extract(epoch from coalesce(d.finished_at, i.created_at))::bigint as since,
      (select max(at) from metric_samples s where s.tenant_id = i.tenant_id and s.at > ${at - PUSHED_SECONDS}) as newest
    from instances i join tenants t on t.id = i.tenant_id and t.state = 'active' left join deployments d on d.tenant_id = i.tenant_id and d.deployment_id = i.deployment_id
    where i.url is not null and (mod(${at}::bigint + abs(hashtext(i.tenant_id)::bigint), ${IDLE_SECONDS}) = 0
      or exists (select from metric_leases l where l.tenant_id = i.tenant_id and l.until > ${new Date(now())})
      or exists (select from alert_rules r where r.tenant_id = i.tenant_id))
    order by i.tenant_id, i.instance_id`.execute(tx))
  const tenants = [...Map.groupBy(rows, row => row.tenant_id)].filter(([tenantId, [first]]) => isOurs(own.get(tenantId), first?.newest))
  const sampleOne = async ([tenantId, instances]: [string, Running[]]): Promise<void> => {
    const readings = await Promise.all(instances.map(one => read({ tenantId, instanceId: one.instance_id, since: Number(one.since) }, at)))
    own.set(tenantId, at)
    await publisher.publishTenantMetrics(tenantId, { ...addUp(readings), at })
  }
  for (let from = 0; from < tenants.length; from += AT_ONCE) await Promise.all(tenants.slice(from, from + AT_ONCE).map(one => sampleOne(one).catch(onFault)))
}

/**
 * Whether the newest sample is one of ours, or there is none lately. Who has sampled nothing of the tenant yet cannot tell: the process that
 * sampled before may have. A tenant that pushes its own gets one of ours then.
 */
function isOurs(own: number | undefined, newest: number | string | null | undefined): boolean {
  return newest === null || newest === undefined || own === undefined || Number(newest) === own
}

/** Several instances as one sample: parts of the same host are added up, the disk is shared. */
export function addUp(readings: readonly MetricsSample[]): Metrics & { simulated?: true } {
  const sum = (pick: (one: MetricsSample) => number): number => readings.reduce((all, one) => all + pick(one), 0)
  const most = (pick: (one: MetricsSample) => number): number => readings.reduce((all, one) => Math.max(all, pick(one)), 0)
  return {
    cpu: Math.min(100, sum(one => one.cpu)), memory: Math.min(100, sum(one => one.memory)), disk: most(one => one.disk),
    networkIn: sum(one => one.networkIn), networkOut: sum(one => one.networkOut), activeInstances: sum(one => one.activeInstances), uptime: most(one => one.uptime),
    ...readings.some(one => one.simulated) && { simulated: true },
  }
}
