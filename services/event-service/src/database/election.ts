/**
 * Of all processes on one PostgreSQL one leads: whoever holds an advisory lock on a connection of its own. When that connection ends,
 * however it ends, the lock is free and another process takes it.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** What only one process may do: what tends the installation, or what samples instances where their driver is. */
export type Duty = 'installation' | 'instances'

/** Where the lock is. */
export interface ElectionOptions {
  url: string
  duty: Duty
  /** Milliseconds between two looks. @default 1_000 */
  everyMs?: number
  onFault: (error: unknown) => void
}

/** A process's part in the election. */
export interface Election {
  /** Whether this process leads now; for a moment after a lost connection nobody may. */
  isLeader: () => boolean
  /** Leads no longer, and lets another process lead at once. */
  close: () => Promise<void>
}

const LOCKS: Readonly<Record<Duty, number>> = { installation: 7_263_519, instances: 7_263_521 }
/** A lock whose server does not answer for this long counts as lost. */
const ANSWER_MS = 3000

/** Takes part until it is closed. */
export function startElection({ url, duty, everyMs = 1000, onFault }: ElectionOptions): Election {
  const stop = new AbortController()
  let client: pg.Client | undefined
  let isLeader = false
  const resign = (): void => {
    isLeader = false
    const lost = client
    client = undefined
    lost?.end().catch(onFault)
  }
  const look = async (): Promise<void> => {
    client ??= await connect(url, resign)
    const { rows } = await client.query<{ held: boolean }>(isLeader ? 'select true as held' : 'select pg_try_advisory_lock($1) as held', isLeader ? [] : [LOCKS[duty]])
    isLeader = rows[0]?.held === true && client !== undefined
  }
  const work = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => {
        resign()
        onFault(error)
      })
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
    isLeader = false
    await client?.end().catch(onFault)
  }
  const working = work()
  return {
    isLeader: () => isLeader,
    close: () => {
      stop.abort()
      return working
    },
  }
}

async function connect(url: string, onEnd: () => void): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'neo-election', keepAlive: true, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS })
  client.on('error', onEnd)
  await client.connect()
  return client
}
