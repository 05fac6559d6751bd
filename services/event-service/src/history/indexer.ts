/**
 * Brings the words of events into search's index, behind the log: a publish does not wait for it, and a search looks through what
 * it has not come to. While there is much to publish it rests longer than it works, so that publishers have the database; only far
 * behind it works without rest.
 */

import { parseChannel, type Envelope } from '@neo-stack/events'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'

/** What the indexer needs. */
export interface IndexerOptions {
  database: Database
  /** Told of a batch that failed; its channel comes again with its next event or the next sweep. */
  onFault?: (error: unknown) => void
  /** Milliseconds after an event until its words are looked at. @default 200 */
  delayMs?: number
  /** Events of one transaction, chunks of logs counted as a hundred: some ten milliseconds. @default 200 */
  batch?: number
  now?: () => number
  setTimer?: (run: () => void, ms: number) => NodeJS.Timeout
}

/** A running indexer. */
export interface Indexer {
  /** Notes which channels have something new. */
  onWritten: (events: readonly Envelope[]) => void
  /** Notes every channel that is behind, whoever wrote to it: a process may have ended in between. @returns 0, as a purge that is done */
  sweep: (tx: Tx) => Promise<number>
  /** Channels whose newest events are not indexed yet. */
  behind: () => number
  /** Resolves when the transaction in hand is done. */
  stop: () => Promise<void>
}

/** Events behind from which on a burst is no burst any more, and from which on the indexer rests no more. */
const BEHIND = 50_000
const FAR_BEHIND = 250_000

/** How it is with the log when a batch is done. */
export interface Pressure {
  /** Events that are not indexed yet. */
  behind: number
  /** Whether events came since the batch before. */
  isBusy: boolean
}

/** How many times as long as a batch took the indexer rests after it. Pure. */
export function restAfter({ behind, isBusy }: Pressure): number {
  if (behind > FAR_BEHIND) return 0
  if (!isBusy) return 1
  return behind > BEHIND ? 3 : 9
}

/** Plain events that a chunk of a log is as much work as: 12 to 15 ms on the embedded database, where publishers wait behind it. */
const CHUNK_WORTH = 100

/** How many events of a channel are indexed in one transaction. Pure. */
export function batchOf(channel: string, batch: number): number {
  return parseChannel(channel)?.family === 'deployment-log' ? Math.max(1, Math.floor(batch / CHUNK_WORTH)) : batch
}

/** Starts; {@link Indexer.sweep} finds what was left behind. */
export function startIndexer({ database, onFault = () => undefined, delayMs = 200, batch = 200, now = () => performance.now(), setTimer = setTimeout }: IndexerOptions): Indexer {
  const behind = new Set<string>()
  const pause = createPause(setTimer)
  let count = 0
  let isBusy = false
  let isStopped = false
  let running: Promise<void> | undefined
  const work = async (): Promise<void> => {
    await pause.wait(delayMs)
    // What is added while it goes on comes at the end.
    for (const channel of behind) {
      if (isStopped) return
      const startedAt = now()
      behind.delete(channel)
      const size = batchOf(channel, batch)
      const done = await database.inSystem(tx => indexBatch(tx, channel, size))
      count = Math.max(0, count - done)
      if (done === size) behind.add(channel)
      const rest = (now() - startedAt) * restAfter({ behind: count, isBusy })
      isBusy = false
      if (behind.size > 0) await pause.wait(rest)
    }
    count = 0
  }
  const wake = (): void => {
    if (isStopped || behind.size === 0) return
    running ??= work().catch(onFault).finally(() => {
      running = undefined
      wake()
    })
  }
  return {
    onWritten: events => {
      for (const { channel, seq } of events) {
        if (seq === undefined) continue
        behind.add(channel)
        count++
        isBusy = true
      }
      wake()
    },
    sweep: async tx => {
      const rows = await tx.selectFrom('channels').select('name').whereRef('seq', '>', 'indexed_seq').execute()
      for (const { name } of rows) behind.add(name)
      wake()
      return 0
    },
    behind: () => behind.size,
    stop: async () => {
      isStopped = true
      pause.end()
      await running
    },
  }
}

/** Waiting that can be ended early, for good. */
function createPause(setTimer: (run: () => void, ms: number) => NodeJS.Timeout): { wait: (ms: number) => Promise<void>, end: () => void } {
  let end = (): void => undefined
  let isEnded = false
  return {
    wait: ms => new Promise(resolve => {
      if (isEnded) { resolve(); return }
      const timer = setTimer(resolve, ms)
      end = () => {
        clearTimeout(timer)
        resolve()
      }
    }),
    end: () => {
      isEnded = true
      end()
    },
  }
}

/**
 * Indexes a channel's next events. They are locked against an erasure, which would otherwise leave behind the words of what it
 * emptied; the channel, which publishers wait for, only at the end. @returns how many
 */
async function indexBatch(tx: Tx, channel: string, batch: number): Promise<number> {
  // Numbers are dense, so the batch is a range: without statistics a limit would be planned as a sort of all that is behind.
  const { rows: [range] } = await sql<{ done: string | number, last: string | number }>`
    with range as (select indexed_seq as first, least(seq, indexed_seq + ${batch}::bigint) as last from channels where name = ${channel}),
    picked as materialized (
      select id, tenant_id, neo_words(data) as words from events
      where channel = ${channel} and seq > (select first from range) and seq <= (select last from range) for share),
    added as (
      insert into event_words (id, tenant_id, plain, stems) select id, tenant_id, neo_plain(words), neo_stems(words) from picked on conflict (id) do nothing)
    select last - first as done, last from range`.execute(tx)
  if (!range || Number(range.done) <= 0) return 0
  await sql`update channels set indexed_seq = greatest(indexed_seq, ${range.last}::bigint) where name = ${channel}`.execute(tx)
  return Number(range.done)
}
