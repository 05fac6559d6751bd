/** What the service's own parts say when they are asked. */

import { statfs } from 'node:fs/promises'
import type { Database } from '../database/database.ts'
import type { Jobs } from '../deployments/jobs.ts'
import type { Indexer } from '../history/indexer.ts'
import type { OnMessage } from '../outbound/outcome.ts'
import type { PresenceEnds } from '../presence/record.ts'
import { createCertificate } from './certificate.ts'
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
  database: Pick<Database, 'jobs'>
  /** Whether this process is the one that says what is so for the whole installation. */
  isLeader: () => boolean
  /** Where people find the service. @default unknown */
  publicUrl?: string
  now: () => number
}

/** How long the size of a database is taken for what it was, in milliseconds. */
const SIZE_MS = 60_000

/** Adds the gauges of the parts. */
export function watchParts(instruments: Instruments, { jobs, indexer, version, column, folder, ...installation }: Parts): void {
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
  watchInstallation(instruments, installation)
}

/** What one process says for all of them. */
function watchInstallation(instruments: Instruments, { database, isLeader, publicUrl, now }: Pick<Parts, 'database' | 'isLeader' | 'publicUrl' | 'now'>): void {
  const readSize = share(async () => {
    const { rows } = await database.jobs.executeSql('select pg_database_size(current_database())::float8 as bytes') as { rows: { bytes: number }[] }
    return { bytes: rows[0]?.bytes, readAt: now() }
  })
  let size: { bytes: number | undefined, readAt: number } | undefined
  instruments.gauge('database_size_bytes', async () => {
    if (!isLeader()) return undefined
    if (!size || now() - size.readAt >= SIZE_MS) size = await readSize()
    return size.bytes
  })
  const certificate = publicUrl === undefined ? undefined : createCertificate({ publicUrl, now })
  instruments.gauge('public_certificate_expiry_timestamp_seconds', () => isLeader() ? certificate?.read().endsAt : undefined)
  instruments.gauge('public_certificate_seen', () => {
    const { isSeen } = isLeader() ? certificate?.read() ?? {} : {}
    return isSeen === undefined ? undefined : Number(isSeen)
  })
}

/** Counts messages that leave. */
export function countMessages(instruments: Instruments): OnMessage {
  const messages = instruments.counter('outbound_messages_total')
  return (kind, outcome) => { messages.inc({ kind, outcome }) }
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
