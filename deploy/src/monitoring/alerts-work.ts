/** Alerts of what works behind: database, queue, machine. */

import { MEMORY_LIMITS, toBytes } from '../limits.ts'
import type { Alert, Samples } from './alert.ts'

/** Jobs whose processes say how much memory they use. */
const MEMORY_JOBS = ['event-service', 'stack-deployer', 'centrifugo'] as const

/** Four fifths of what the job's containers may use. */
const toThreshold = (job: (typeof MEMORY_JOBS)[number]): number => Math.floor(0.8 * toBytes(MEMORY_LIMITS[job]))

const memory = (job: string, bytes: number): Samples => ({ [`process_resident_memory_bytes{job="${job}",instance="a"}`]: `${bytes}x40` })
const deploymentEvents = (type: string, values: string): Samples => ({ [`events_published_total{job="event-service",instance="a",family="deployments",type="${type}"}`]: values })

export const workAlerts: readonly Alert[] = [
  {
    name: 'DatabaseDown', expr: 'max by (instance) (database_up{job="event-service"}) == 0', for: '30s', severity: 'page', dashboard: 'database-queue-node',
    summary: 'An event-service does not reach its database.',
    runbook: {
      means: 'The database does not answer this instance. Publishes are refused with 503 within three seconds, never with a false success.', feels: 'Deploying and signing in fail; open pages stay as they are.',
      look: ['Does PostgreSQL run? Its log and its disk.', '`select count(*) from pg_stat_activity` against `max_connections`.', 'The network between service and database.'], act: ['Start or fail over the database; services come back by themselves.', 'Too many connections: end idle ones, then find who opens them.'],
    },
    fires: { samples: { 'database_up{job="event-service",instance="a"}': '1x5 0x30' }, labels: { instance: 'a' } },
    // A deployer that lost it is seen by what it leaves undone: people sign in and publish all the same.
    quiet: { 'database_up{job="event-service",instance="a"}': '1x40', 'database_up{job="stack-deployer",instance="b"}': '0x40' },
  },
  {
    name: 'DatabaseSlow', expr: 'histogram_quantile(0.99, sum by (le) (rate(database_transaction_duration_seconds_bucket[5m]))) > 1', for: '10m', severity: 'ticket', dashboard: 'database-queue-node',
    summary: 'One in a hundred transactions takes more than a second.',
    runbook: {
      means: 'Transactions wait: for a connection, for a lock on a channel\'s row, or for the disk.', feels: 'Publishing and reading are slow now and then.',
      look: ['`select wait_event_type, wait_event, count(*) from pg_stat_activity group by 1, 2`.', 'Long transactions: `select pid, now() - xact_start, query from pg_stat_activity order by 2 desc`.', 'Is `autovacuum` behind on `events`?'], act: ['End what holds locks for long.', 'One channel that everybody writes to: let its publisher send batches.'],
    },
    fires: { samples: { 'database_transaction_duration_seconds_bucket{job="event-service",instance="a",scope="tenant",le="1"}': '0+50x40', 'database_transaction_duration_seconds_bucket{job="event-service",instance="a",scope="tenant",le="2.5"}': '0+60x40', 'database_transaction_duration_seconds_bucket{job="event-service",instance="a",scope="tenant",le="+Inf"}': '0+60x40' } },
    quiet: { 'database_transaction_duration_seconds_bucket{job="event-service",instance="a",scope="tenant",le="0.1"}': '0+60x40', 'database_transaction_duration_seconds_bucket{job="event-service",instance="a",scope="tenant",le="+Inf"}': '0+60x40' },
  },
  {
    name: 'TransactionsFailing', expr: 'sum(rate(database_transaction_failures_total[5m])) > 0.1', for: '5m', severity: 'ticket', dashboard: 'database-queue-node',
    summary: 'Transactions are rolled back by faults.',
    runbook: {
      means: 'Something other than a refusal ended transactions: deadlocks, lost connections, a full disk.', feels: 'Single acts fail and may be tried again.',
      look: ['The log at level error.', 'PostgreSQL\'s log for `deadlock`, `could not extend file`, `terminating connection`.'], act: ['Disk: see DiskNearlyFull. Deadlocks: file the two statements that the log names.'],
    },
    fires: { samples: { 'database_transaction_failures_total{job="event-service",instance="a",scope="tenant"}': '0+60x40' } },
    quiet: { 'database_transaction_failures_total{job="event-service",instance="a",scope="tenant"}': '0x40' },
  },
  {
    name: 'QueueOld', expr: 'max(job_queue_oldest_seconds) > 300', for: '2m', severity: 'page', dashboard: 'deployments',
    summary: 'A deployment that could run has waited for more than five minutes for a worker.',
    runbook: {
      means: 'No stack-deployer takes jobs, or all of them are busy. What waits for another deployment of its instance, or for its tenant\'s limit, does not count.', feels: 'Deployments stand at "queued".',
      look: ['`up{job="stack-deployer"}`.', '`job_queue_jobs` by state: how many run?', 'The deployer\'s log: does the Docker API answer?'], act: ['Start a deployer, or another one: they share the queue.', 'A job whose worker died is taken up by another within 32 seconds.'],
    },
    fires: { samples: { 'job_queue_oldest_seconds{job="event-service",instance="a"}': '0+60x40' } },
    quiet: { 'job_queue_oldest_seconds{job="event-service",instance="a"}': '30x40' },
  },
  {
    name: 'DeployerDown', expr: 'up{job="stack-deployer"} == 0', for: '1m', severity: 'ticket', dashboard: 'deployments',
    summary: 'A stack-deployer does not answer.',
    runbook: {
      means: 'One worker is away; what it ran is taken up by another or failed with the reason.', feels: 'Deployments may wait longer.',
      look: ['The process and its log.', 'The Docker API it works with.'], act: ['Start it again.'],
    },
    fires: { samples: { 'up{job="stack-deployer",instance="a"}': '1x5 0x30' }, labels: { job: 'stack-deployer', instance: 'a' } },
    quiet: { 'up{job="stack-deployer",instance="a"}': '1x40' },
  },
  {
    name: 'DeploymentsFailing', expr: 'sum(increase(events_published_total{type="deployment_error"}[15m])) > 5', for: '1m', severity: 'ticket', dashboard: 'deployments',
    summary: 'More than five deployments failed within a quarter of an hour.',
    runbook: {
      means: 'Deployers carry plans out and end them with an error.', feels: 'Deployments end as failed; their page names the reason.',
      look: ['The reasons of the newest failed deployments: one image, one host, one tenant?', 'Free disk and the registry of the Docker host.'], act: ['Repair what they have in common, then let people retry: a retry goes on from the failed step.'],
    },
    fires: { samples: { ...deploymentEvents('deployment_error', '0x20 0+1x20'), ...deploymentEvents('deployment_complete', '0+10x40') } },
    quiet: [{ ...deploymentEvents('deployment_error', '0x35 4x5'), ...deploymentEvents('deployment_complete', '0+10x40') }, deploymentEvents('deployment_error', '9x40')],
  },
  {
    name: 'JobsStuck', expr: 'max(job_queue_jobs{state="failed"}) > 0', for: '5m', severity: 'ticket', dashboard: 'deployments',
    summary: 'The queue gave a job up, and no deployer takes it up again.',
    runbook: {
      means: 'The job\'s workers ended again and again before they could say how the deployment ended. Deployers look for such jobs every 30 s and end them with a reason; for five minutes none has.', feels: 'The deployment stands still, and its instance takes no further one.',
      look: ['`up{job="stack-deployer"}`.', 'The deployers\' logs for the job: what ends the process?', '`select id, data, output from pgboss.job where name = \'deployments\' and state = \'failed\'`.'], act: ['Start a deployer. One that ends each time it takes the job: give it more memory, or roll it back.'],
    },
    fires: { samples: { 'job_queue_jobs{job="event-service",instance="a",state="failed"}': '1x40' } },
    quiet: [{ 'job_queue_jobs{job="event-service",instance="a",state="failed"}': '0x27 1x2 0x11' }, { 'job_queue_jobs{job="event-service",instance="a",state="waiting"}': '9x40' }],
  },
  {
    name: 'SearchIndexBehind', expr: 'max(search_index_behind_channels) > 500', for: '15m', severity: 'ticket', dashboard: 'database-queue-node',
    summary: 'The search index does not keep up.',
    runbook: {
      means: 'Words of new events are indexed behind the log; the work has grown for a quarter of an hour.', feels: 'Search is slower, and complete all the same: what is not indexed yet is looked through.',
      look: ['`rate(events_published_total[5m])`.', '`database_transaction_duration_seconds{scope="system"}`.'], act: ['Wait for the flood to end: the indexer rests less the further it is behind.'],
    },
    fires: { samples: { 'search_index_behind_channels{job="event-service",instance="a"}': '800x40' } },
    quiet: { 'search_index_behind_channels{job="event-service",instance="a"}': '20x40' },
  },
  {
    name: 'BackgroundFaults', expr: 'sum(rate(background_faults_total[10m])) > 0.02', for: '10m', severity: 'ticket', dashboard: 'overview',
    summary: 'Background tasks fail again and again.',
    runbook: {
      means: 'Retention, sampling, indexing or cutting fails and tries again.', feels: 'Nothing at first; old data is kept longer, figures have gaps.',
      look: ['The log: "a background task failed" with its cause.'], act: ['Treat the cause; the tasks go on by themselves.'],
    },
    fires: { samples: { 'background_faults_total{job="event-service",instance="a"}': '0+6x40' } },
    quiet: { 'background_faults_total{job="event-service",instance="a"}': '0x40' },
  },
  {
    name: 'DiskNearlyFull', expr: 'min by (instance) (data_folder_free_bytes) < 2e9', for: '5m', severity: 'page', dashboard: 'database-queue-node',
    summary: 'Less than 2 GB are free where the data is.',
    runbook: {
      means: 'The embedded database stops taking events when the disk is full; nothing that was committed is lost. What is seen is the disk of each process\'s data folder (NEO_DATA_DIR): in scale-out that is not PostgreSQL\'s, whose free space only its own machine can tell (node_exporter\'s `node_filesystem_avail_bytes`, or the provider\'s figure). `database_size_bytes` says how it grows, without its write-ahead log.', feels: 'Nothing yet.',
      look: ['`du` of the data folder; what else grows on that disk?', 'Retention per tenant and its stored bytes.'], act: ['Make room or a larger disk.', 'Lower retention or quotas of who keeps most.'],
    },
    fires: { samples: { 'data_folder_free_bytes{job="event-service",instance="a"}': '1e9x40' }, labels: { instance: 'a' } },
    quiet: { 'data_folder_free_bytes{job="event-service",instance="a"}': '5e10x40' },
  },
  {
    name: 'DiskFullWithinADay', expr: 'min by (instance) (predict_linear(data_folder_free_bytes[1h], 86400)) < 0', for: '30m', severity: 'ticket', dashboard: 'database-queue-node',
    summary: 'At the pace of the last hour the disk is full within a day.',
    runbook: { means: 'Free space falls steadily.', feels: 'Nothing yet.', look: ['`rate(events_published_total[1h])` by type; `event_size_bytes`.'], act: ['Find who floods; make room before DiskNearlyFull.'] },
    fires: { samples: { 'data_folder_free_bytes{job="event-service",instance="a"}': '2e10-1e8x200' }, labels: { instance: 'a' } },
    quiet: { 'data_folder_free_bytes{job="event-service",instance="a"}': '2e10x200' }, at: 120,
  },
  {
    name: 'EventLoopBlocked', expr: 'max by (job, instance) (nodejs_eventloop_lag_p99_seconds) > 0.25', for: '5m', severity: 'ticket', dashboard: 'database-queue-node',
    summary: 'A process is busy for more than a quarter of a second at a time.',
    runbook: {
      means: 'Work that does not let others in between: large batches, exports, or simply too much.', feels: 'Everything this instance answers is late by that much.',
      look: ['`http_request_duration_seconds` by route: which one is slow?', '`rate(process_cpu_seconds_total[5m])`: at 1 the process has no core left.'], act: ['Another instance of event-service.', 'A profile: `node --cpu-prof`, see bench/.'],
    },
    fires: { samples: { 'nodejs_eventloop_lag_p99_seconds{job="event-service",instance="a"}': '0.4x40' }, labels: { job: 'event-service', instance: 'a' } },
    quiet: { 'nodejs_eventloop_lag_p99_seconds{job="event-service",instance="a"}': '0.02x40' },
  },
  {
    name: 'MemoryHigh', expr: MEMORY_JOBS.map(job => `max by (job, instance) (process_resident_memory_bytes{job="${job}"}) > ${toThreshold(job)}`).join(' or '), for: '10m', severity: 'ticket', dashboard: 'database-queue-node',
    summary: 'A process uses more than four fifths of the memory that its container may use.',
    runbook: {
      means: `Memory grows beyond what the process needs at its load. At its limit (${MEMORY_JOBS.map(job => `${job} ${MEMORY_LIMITS[job]}`).join(', ')}: deploy/compose.yaml) it is ended. With the embedded database a process uses about 0.6 GB.`, feels: 'Nothing, until the process is ended for it.',
      look: ['`active_connections`: 10 KiB each with the embedded engine; one process tells it for all.', '`nodejs_heap_size_used_bytes` against `nodejs_external_memory_bytes`.', 'A node of Centrifugo: `centrifugo_node_num_clients`, 48 KiB each while idle (bench/RESULTS.md).'], act: ['Restart the instance in a quiet moment and file a heap snapshot.', 'A node that many people are on: raise its limit, or add a node.'],
    },
    fires: MEMORY_JOBS.map(job => ({ samples: memory(job, toThreshold(job) + 1e6), labels: { job, instance: 'a' } })),
    quiet: MEMORY_JOBS.map(job => memory(job, toThreshold(job) - 1e6)),
  },
  {
    name: 'OpenFilesHigh', expr: 'max by (job, instance) (process_open_fds / process_max_fds) > 0.8', for: '5m', severity: 'page', dashboard: 'database-queue-node',
    summary: 'A process has four fifths of the files it may open.',
    runbook: { means: 'Each connection is an open file; at the limit no new one is taken.', feels: 'New people do not get in; who is in stays.', look: ['`active_connections`, which one process tells for all.', '`ulimit -n` of the process.'], act: ['Raise the limit and restart; add a node.'] },
    fires: { samples: { 'process_open_fds{job="event-service",instance="a"}': '900x40', 'process_max_fds{job="event-service",instance="a"}': '1024x40' }, labels: { job: 'event-service', instance: 'a' } },
    quiet: { 'process_open_fds{job="event-service",instance="a"}': '100x40', 'process_max_fds{job="event-service",instance="a"}': '1024x40' },
  },
]
