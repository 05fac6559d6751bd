/**
 * A deployment's log as server-sent events (WHATWG HTML 9.2): each line under its number, so that a reader that was cut goes on
 * behind `Last-Event-ID` without hole or double. Ends with the deployment, and with the reader's right to read it.
 */

import { isFinal, type Envelope, type LogLine } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { readLogs } from './log-store.ts'
import { logChannel } from './projection.ts'
import type { DeploymentKey } from './rows.ts'
import { getDeployment } from './snapshots.ts'

/** Another process may write the lines: the store is asked this often when nobody tells. */
const POLL_MS = 1000
/** Gateways close connections that are silent for long. */
const HEARTBEAT_MS = 15_000
const PAGE_LINES = 1000

/** What to send. */
export interface Tail {
  key: DeploymentKey
  /** Lines above this number. @default the last 1000 lines */
  after?: number | undefined
  /** ISO time: lines from then on, unless `after` says it. */
  since?: string | undefined
  /** Asked before anything more is sent, and about each second; false ends the stream. */
  mayGoOn: () => Promise<boolean>
}

/** Tails of one process. */
export interface LogTails {
  /**
   * Starts one.
   * @throws {Problem} `not_found`
   */
  open: (tail: Tail) => Promise<AsyncIterable<string>>
  /** Told of written events: tails of their channels need not wait. */
  onWritten: (events: readonly Envelope[]) => void
  /** Ends all of them; their readers come back elsewhere. */
  stop: () => void
}

/** Creates the tails. */
export function createLogTails(database: Database): LogTails {
  const waiting = new Map<string, Set<() => void>>()
  const stopping = new AbortController()
  const wait = (channel: string): Promise<void> => new Promise(resolve => {
    const sleepers = waiting.get(channel) ?? new Set()
    waiting.set(channel, sleepers)
    const wake = (): void => {
      clearTimeout(timer)
      stopping.signal.removeEventListener('abort', wake)
      sleepers.delete(wake)
      if (sleepers.size === 0) waiting.delete(channel)
      resolve()
    }
    const timer = setTimeout(wake, POLL_MS)
    sleepers.add(wake)
    stopping.signal.addEventListener('abort', wake)
  })
  return {
    open: async tail => {
      const first = await readLogs(database, tail.key, { after: tail.after, ...tail.after === undefined && { since: tail.since }, limit: PAGE_LINES })
      return toEvents(database, tail, { first, wait: () => wait(logChannel(tail.key).name), isStopped: () => stopping.signal.aborted })
    },
    onWritten: events => {
      for (const { channel } of events) for (const wake of [...waiting.get(channel) ?? []]) wake()
    },
    stop: () => { stopping.abort() },
  }
}

interface Run { first: Awaited<ReturnType<typeof readLogs>>, wait: () => Promise<void>, isStopped: () => boolean }

async function* toEvents(database: Database, { key, after, mayGoOn }: Tail, { first, wait, isStopped }: Run): AsyncIterable<string> {
  yield 'retry: 2000\n\n'
  yield* first.lines.map(toEvent)
  let last = first.lines.at(-1)?.n ?? after ?? first.last
  let spokeAt = Date.now()
  while (!isStopped()) {
    // The end is looked up before the lines are: none of it can come between.
    const { deployment: { status } } = await getDeployment(database, key)
    const { lines } = await readLogs(database, key, { after: last, limit: PAGE_LINES })
    // Asked before anything is sent: lines may come without a pause.
    if (!await mayGoOn()) return
    if (lines.length > 0) {
      yield* lines.map(toEvent)
      last = lines.at(-1)?.n ?? last
      spokeAt = Date.now()
      continue
    }
    if (isFinal(status)) return yield `event: end\ndata: ${JSON.stringify({ status })}\n\n`
    if (Date.now() - spokeAt >= HEARTBEAT_MS) {
      yield ': still here\n\n'
      spokeAt = Date.now()
    }
    await wait()
  }
}

const toEvent = (line: LogLine): string => `id: ${line.n}\nevent: line\ndata: ${JSON.stringify(line)}\n\n`
