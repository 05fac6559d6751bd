/**
 * Ends sessions whose time is over. The deadline is in the database: a process that starts ends at once what ran out while there was none.
 * Each process wakes for the deadlines it was told of; the leader also looks, every few seconds, for those of a process that died.
 */

import type { Database } from '../database/database.ts'
import { outsideTraces } from '../tracing/context.ts'

/** How often the leader looks, in milliseconds. */
const LOOK_MS = 5000
/** Sessions of one look; the next one follows at once. */
const BATCH = 100
/** Longest time a timer may wait for: more does not fit. */
const LONGEST_MS = 2_000_000_000

/** What the timer needs. */
export interface ExamTimerOptions {
  database: Database
  expire: (tenantId: string, id: string) => Promise<void>
  now: () => number
  isLeader: () => boolean
  onFault: (error: unknown) => void
}

/** See the head of this file. */
export interface ExamTimer {
  /** Ends what is over at this moment, in milliseconds since 1970. */
  lookAt: (deadline: number) => void
  /** Stops, once what is running has ended. */
  stop: () => Promise<void>
}

/** Starts; the first look is now. */
export function startExamTimer({ database, expire, now, isLeader, onFault }: ExamTimerOptions): ExamTimer {
  const timers = new Set<NodeJS.Timeout>()
  let isStopped = false
  let running: Promise<void> | undefined
  let isAgain = false

  const look = (): Promise<void> => {
    isAgain = running !== undefined
    return running ??= endDue().catch(onFault).finally(() => {
      running = undefined
      if (isAgain && !isStopped) void look()
    })
  }
  const endDue = async (): Promise<void> => {
    const due = await database.inSystem(tx => tx.selectFrom('exam_sessions').select(['tenant_id', 'id']).where('status', '=', 'started').where('deadline', '<=', new Date(now()))
      .orderBy('deadline').limit(BATCH).execute())
    const ended = await Promise.allSettled(due.map(({ tenant_id: tenantId, id }) => expire(tenantId, id)))
    for (const one of ended) if (one.status === 'rejected') onFault(one.reason)
    isAgain ||= due.length === BATCH && ended.some(({ status }) => status === 'fulfilled')
  }
  const rounds = setInterval(() => { if (isLeader()) void look() }, LOOK_MS).unref()
  void look()
  return {
    lookAt: deadline => {
      if (isStopped) return
      const timer = setTimeout(() => {
        timers.delete(timer)
        void outsideTraces(look)
      }, Math.min(LONGEST_MS, Math.max(0, deadline - now())))
      timers.add(timer)
    },
    stop: async () => {
      isStopped = true
      clearInterval(rounds)
      for (const timer of timers) clearTimeout(timer)
      await running
    },
  }
}
