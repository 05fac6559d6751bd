/** What the service's own parts say when they are asked. */

import { statfs } from 'node:fs/promises'
import type { Jobs } from '../deployments/jobs.ts'
import type { Indexer } from '../history/indexer.ts'
import type { PresenceEnds } from '../presence/record.ts'
import type { Instruments } from './registry.ts'
import { share } from './shared.ts'

/** Parts that are asked each time the metrics are read. */
export interface Parts {
  jobs: Pick<Jobs, 'backlog'>
  indexer: Pick<Indexer, 'behind'>
  version: string
  column: 'embedded' | 'scale-out'
  /** The data folder. @default none */
  folder?: string
}

/** Adds the gauges of the parts. */
export function watchParts(instruments: Instruments, { jobs, indexer, version, column, folder }: Parts): void {
  const backlog = share(jobs.backlog)
  instruments.gauges('job_queue_jobs', async () => (await backlog()).states)
  instruments.gauge('job_queue_oldest_seconds', async () => (await backlog()).oldestSeconds)
  instruments.gauge('search_index_behind_channels', () => indexer.behind())
  instruments.gauge('data_folder_free_bytes', async () => {
    if (folder === undefined) return Number.NaN
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  })
  instruments.info('service_info', { version, column })
}

/** Counts presence connections that ended. */
export function countPresenceEnds(instruments: Instruments): (ends: PresenceEnds) => void {
  const all = instruments.counter('presence_ends_total')
  const silent = instruments.counter('presence_silent_ends_total')
  return ends => {
    all.inc(ends.all)
    silent.inc(ends.silent)
  }
}
