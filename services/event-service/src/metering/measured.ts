/** Ports that measure what goes through them. */

import type { Database } from '../database/database.ts'
import type { Realtime } from '../realtime/realtime.ts'
import { inTime } from '../in-time.ts'
import { countByFamily } from './by-family.ts'
import type { Instruments } from './registry.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const

/** A database that has not answered for as long is away, in milliseconds. */
const PING_MS = 1000

/** A database whose transactions are timed. What a caller refuses by throwing inside one counts as a failure only when it is none of its own problems. */
export function measureDatabase(database: Database, instruments: Instruments, isFault: (error: unknown) => boolean): Database {
  const times = instruments.histogram('database_transaction_duration_seconds', SECONDS)
  const failures = instruments.counter('database_transaction_failures_total')
  instruments.gauge('database_up', () => inTime(PING_MS, database.ping().then(() => 1, () => 0), () => 0))
  const timed = async <T>(scope: string, run: () => Promise<T>): Promise<T> => {
    const end = times.startTimer({ scope })
    try {
      return await run()
    } catch (error) {
      if (isFault(error)) failures.inc({ scope })
      throw error
    } finally {
      end()
    }
  }
  return {
    ...database,
    get logEpoch() { return database.logEpoch },
    ping: () => database.ping(),
    inTenant: (tenantId, run, options) => timed('tenant', () => database.inTenant(tenantId, run, options)),
    inSystem: (run, options) => timed('system', () => database.inSystem(run, options)),
  }
}

/** A realtime whose deliveries are counted and whose cuts are timed. */
export function measureRealtime(realtime: Realtime, instruments: Instruments): Realtime {
  const times = instruments.histogram('realtime_delivery_duration_seconds', SECONDS)
  const delivered = instruments.counter('realtime_deliveries_total')
  const cuts = instruments.histogram('revocation_cut_duration_seconds', SECONDS)
  const revocations = instruments.counter('revocations_total')
  return {
    ...realtime,
    deliver: async events => {
      const end = times.startTimer()
      await realtime.deliver(events).finally(end)
      countByFamily(delivered, events)
    },
    disconnect: async (target, reason) => {
      revocations.inc({ kind: target.sessionId === undefined ? target.userId === undefined ? 'tenant' : 'user' : 'session' })
      const end = cuts.startTimer()
      try {
        await realtime.disconnect(target, reason)
      } finally {
        end()
      }
    },
  }
}
