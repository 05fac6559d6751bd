/** The queue of deployments: pg-boss on the service's own database, with what a worker is to expect of it. */

import { fromKysely, PgBoss } from 'pg-boss'
import { DEPLOYMENT_QUEUE, DEPLOYMENTS_PER_TENANT, deploymentJobKey, deploymentQueueOptions, type DeployedInstance, type DeploymentJob, type InitialAccount, type InstanceLog } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { toJobId } from './identifiers.ts'
import type { AskedLog } from './instance-log.ts'
import type { DeploymentKey } from './rows.ts'
import { createSealedRequests, type SealedRequests } from './sealed-requests.ts'

const SCHEMA = 'pgboss'
/** How often lost workers are looked for: with the queue's heartbeat at most 32 s until another one continues. */
const LOOK_SECONDS = 5

/** The queue, as commands use it. */
export interface Jobs {
  /** For workers; never to be awaited inside a transaction without the transaction's `db`. */
  boss: PgBoss
  /** For processes that cannot derive the accounts of instances, and for those that can. */
  accounts: SealedRequests<DeployedInstance, InitialAccount>
  /** The same for what the services of instances print. */
  instanceLogs: SealedRequests<AskedLog, InstanceLog>
  /** Puts a deployment's job into the queue, as part of a transaction. */
  send: (tx: Tx, job: DeploymentJob) => Promise<void>
  /** Takes a deployment's job out of the queue unless a worker has it already, as part of a transaction. */
  cancel: (tx: Tx, key: DeploymentKey) => Promise<void>
  /** Jobs of a tenant that is deleted. */
  ofTenants: { name: string, remove: (tenantId: string) => Promise<number>, count: (tenantId: string) => Promise<number> }
  /** How many jobs of deployments are in each state, and the seconds the oldest one has waited that only waits for a worker. */
  backlog: () => Promise<{ states: { waiting: number, running: number, failed: number }, oldestSeconds: number }>
  /** Stops; running jobs get some seconds to finish. The database stays open. */
  stop: () => Promise<void>
}

/** Settings of {@link createJobs}. */
export interface JobsOptions {
  /** Told of faults of the queue's own upkeep; it goes on by itself. */
  onFault?: (error: unknown) => void
  /** Milliseconds that running jobs have when stopping. @default 2_000 */
  stopTimeoutMs?: number
}

/** Starts pg-boss and its queue, and lets tenant transactions send. */
export async function createJobs(database: Database, { onFault = () => undefined, stopTimeoutMs = 2000 }: JobsOptions = {}): Promise<Jobs> {
  // Where several processes share the queue, one that died is noticed by another; a process that is alone recovers its own when it starts.
  const looking = database.jobsBackend === 'postgres' ? { superviseIntervalSeconds: LOOK_SECONDS, monitorIntervalSeconds: LOOK_SECONDS } : {}
  const boss = new PgBoss({ db: database.jobs, backend: database.jobsBackend, schema: SCHEMA, useListenNotify: true, schedule: false, ...looking })
  boss.on('error', onFault)
  await boss.start()
  // Also fills pg-boss's cache of queues: without it the first `send` would ask outside of its transaction and wait for itself.
  await boss.createQueue(DEPLOYMENT_QUEUE, deploymentQueueOptions)
  await database.jobs.executeSql(grants)
  let stopping: Promise<void> | undefined
  return {
    boss,
    accounts: createSealedRequests(boss, { queue: 'instance-accounts' }),
    instanceLogs: createSealedRequests(boss, { queue: 'instance-logs' }),
    send: async (tx, job) => {
      const options = { id: toJobId(job.tenantId, job.deploymentId), singletonKey: deploymentJobKey(job), group: { id: job.tenantId }, db: fromKysely(tx) }
      if (await boss.send(DEPLOYMENT_QUEUE, job, options) === null) throw new TypeError('the queue took no job')
    },
    cancel: async (tx, { tenantId, deploymentId }) => {
      const id = toJobId(tenantId, deploymentId)
      const waiting = await boss.findJobs(DEPLOYMENT_QUEUE, { id, queued: true, db: fromKysely(tx) })
      if (waiting.length > 0) await boss.cancel(DEPLOYMENT_QUEUE, id, { db: fromKysely(tx) })
    },
    ofTenants: {
      name: 'jobs',
      remove: tenantId => count(database, `with gone as (delete from ${SCHEMA}.job where data ->> 'tenantId' = $1 returning 1) select count(*)::int as count from gone`, tenantId),
      count: tenantId => count(database, `select count(*)::int as count from ${SCHEMA}.job where data ->> 'tenantId' = $1`, tenantId),
    },
    backlog: () => readBacklog(database),
    stop: () => stopping ??= boss.stop({ graceful: true, close: false, timeout: stopTimeoutMs }),
  }
}

async function readBacklog({ jobs }: Database): ReturnType<Jobs['backlog']> {
  const { rows } = await jobs.executeSql(backlogQuery, [DEPLOYMENT_QUEUE, DEPLOYMENTS_PER_TENANT]) as { rows: { waiting: number, running: number, failed: number, oldest: number }[] }
  const { oldest = 0, ...states } = rows[0] ?? { waiting: 0, running: 0, failed: 0 }
  return { states, oldestSeconds: Math.max(0, oldest) }
}

/**
 * What waits for a worker and for nothing else is the first job of its instance (as pg-boss orders them), while no other of that instance
 * holds it up and its tenant may run one more: since it was sent, or since the tenant's last one ended, which may have made way for it. One
 * that was cancelled while it waited ended as well, and made way for nobody.
 */
const backlogQuery = `
with own as (select id, state, singleton_key, group_id, blocked, created_on, start_after, started_on, completed_on from ${SCHEMA}.job where name = $1),
  heads as (
    select distinct on (singleton_key) * from own where state < 'active' and not blocked and start_after <= clock_timestamp() order by singleton_key, state desc, created_on, id),
  tenants as (select group_id, count(*) filter (where state = 'active') as running, max(completed_on) filter (where started_on is not null) as made_way_at from own group by group_id),
  free as (
    select greatest(heads.created_on, heads.start_after, tenants.made_way_at) as since from heads join tenants on tenants.group_id is not distinct from heads.group_id
    where tenants.running < $2 and not exists (select 1 from own where own.singleton_key = heads.singleton_key and own.id <> heads.id and own.state in ('active', 'retry', 'failed')))
select count(*) filter (where state in ('created', 'retry'))::int as waiting, count(*) filter (where state = 'active')::int as running, count(*) filter (where state = 'failed')::int as failed,
  coalesce(extract(epoch from clock_timestamp() - (select min(since) from free)), 0)::float8 as oldest from own`

async function count({ jobs }: Database, text: string, tenantId: string): Promise<number> {
  const { rows } = await jobs.executeSql(text, [tenantId]) as { rows: { count: number }[] }
  return rows[0]?.count ?? 0
}

/** Tenant transactions run as `neo_app`, which must be able to write jobs. */
const grants = `
grant usage on schema ${SCHEMA} to neo_app;
grant select, insert, update on all tables in schema ${SCHEMA} to neo_app;
`
