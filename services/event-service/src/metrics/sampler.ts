/** Samples the host once a second, on whole seconds, and publishes it on `admin:metrics`. */

import type { MetricsPublisher } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import type { HostReading } from './host.ts'

/** What the sampler needs. */
export interface SamplerOptions {
  database: Database
  publisher: Pick<MetricsPublisher, 'publishSystemMetrics'>
  read: () => Promise<HostReading>
  now?: () => number
  /** Told of a sample that could not be taken; the next one is taken all the same. */
  onFault?: (error: unknown) => void
  /** Samples older than this are removed, in seconds. @default 21_600 (6 h) */
  keepSeconds?: number
}

/** A running sampler. */
export interface Sampler {
  /** Resolves when the sample in hand is done. */
  stop: () => Promise<void>
}

const PURGE_EVERY = 60
const PURGE_BATCH = 5000

/** Starts sampling; two samples never overlap, a slow one leaves a gap. */
export function startSampler(options: SamplerOptions): Sampler {
  const { now = Date.now, onFault = () => undefined } = options
  let isStopped = false
  let count = 0
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const tick = (): void => {
    running = sample(options, Math.round(now() / 1000)).then(() => count++ % PURGE_EVERY === 0 ? purge(options) : undefined).catch(onFault).finally(schedule)
  }
  const schedule = (): void => {
    if (!isStopped) timer = setTimeout(tick, 1000 - now() % 1000)
  }
  schedule()
  return {
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      return running
    },
  }
}

async function sample({ database, publisher, read }: SamplerOptions, at: number): Promise<void> {
  const reading = await read()
  const activeInstances = await database.inSystem(async tx => {
    const { count } = await tx.selectFrom('instances').select(({ fn }) => fn.countAll().as('count')).where('url', 'is not', null).executeTakeFirstOrThrow()
    return Number(count)
  })
  await publisher.publishSystemMetrics({ ...reading, activeInstances, at })
}

async function purge({ database, now = Date.now, keepSeconds = 21_600 }: SamplerOptions): Promise<void> {
  const before = Math.floor(now() / 1000) - keepSeconds
  await database.inSystem(tx => tx.deleteFrom('metric_samples')
    .where(({ eb, refTuple, selectFrom }) => eb(refTuple('tenant_id', 'at'), 'in',
      selectFrom('metric_samples').select(['tenant_id', 'at']).where('at', '<', before).limit(PURGE_BATCH).$asTuple('tenant_id', 'at')))
    .execute())
}
