/** Samples the host on whole seconds, each second or every tenth, and publishes it with all tenants' figures on `admin:metrics`. */

import { PLATFORM_TENANT, type MetricsPublisher } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { readFleet } from './fleet.ts'
import type { HostReading } from './host.ts'
import { isNeeded } from './leases.ts'
import { startTicks, type TickOptions, type Ticks } from './ticks.ts'

/** Seconds between samples while nobody looks and no rule needs them. */
const IDLE_SECONDS = 10

/** What the sampler needs. */
export interface SamplerOptions extends TickOptions {
  database: Database
  publisher: Pick<MetricsPublisher, 'publishSystemMetrics'>
  read: () => Promise<HostReading>
}

/** Starts sampling the host: see {@link startTicks}. */
export function startSampler(options: SamplerOptions): Ticks {
  return startTicks(at => sample(options, at), options)
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
