/** Samples the host on whole seconds, each second or every tenth, and publishes it with all tenants' figures on `admin:metrics`. */

import { PLATFORM_TENANT, type MetricsPublisher } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { readFleet } from './fleet.ts'
import type { HostReading } from './host.ts'
import { isNeeded } from './leases.ts'

/** Seconds between samples while nobody looks and no rule needs them. */
const IDLE_SECONDS = 10

/** What the sampler needs. */
export interface SamplerOptions {
  database: Database
  publisher: Pick<MetricsPublisher, 'publishSystemMetrics'>
  read: () => Promise<HostReading>
  now?: () => number
  /** Whether this process is the one to sample. @default it is */
  isLeader?: () => boolean
  /** Told of a sample that could not be taken; the next one is taken all the same. */
  onFault?: (error: unknown) => void
  setTimer?: (run: () => void, ms: number) => NodeJS.Timeout
}

/** A running sampler. */
export interface Sampler {
  /** Resolves when the sample in hand is done. */
  stop: () => Promise<void>
}

/** Starts sampling; two samples never overlap, a slow one leaves a gap, and no second is sampled twice. */
export function startSampler(options: SamplerOptions): Sampler {
  const { now = Date.now, isLeader = () => true, onFault = () => undefined, setTimer = setTimeout } = options
  let isStopped = false
  let last = 0
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const tick = (): void => {
    // A timer may fire a little early, so the nearest second is meant.
    const at = Math.round(now() / 1000)
    running = (at > last && isLeader() ? sample(options, at) : Promise.resolve()).catch(onFault).finally(schedule)
    last = at
  }
  const schedule = (): void => {
    if (!isStopped) timer = setTimer(tick, 1000 - now() % 1000)
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

async function sample({ database, publisher, read, now = Date.now }: SamplerOptions, at: number): Promise<void> {
  if (at % IDLE_SECONDS !== 0 && !await database.inSystem(tx => isNeeded(tx, PLATFORM_TENANT, now()))) return
  const reading = await read()
  const { activeInstances, fleet } = await database.inSystem(async tx => {
    const { count } = await tx.selectFrom('instances').select(({ fn }) => fn.countAll().as('count')).where('url', 'is not', null).executeTakeFirstOrThrow()
    return { activeInstances: Number(count), fleet: await readFleet(tx, at) }
  })
  await publisher.publishSystemMetrics({ ...reading, activeInstances, at, fleet })
}
