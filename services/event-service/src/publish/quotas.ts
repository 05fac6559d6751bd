/** What a tenant may publish: events and bytes per second, and bytes kept. Counted by each process; limits are read again now and then. */

import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { Problem, type RateState } from '../errors.ts'
import { inTime } from '../in-time.ts'
import { take, type Bucket } from './bucket.ts'

/** A tenant's limits. */
export interface QuotaLimits {
  eventsPerSecond: number
  bytesPerSecond: number
  storedBytes: number
}

/** Limits of a tenant that has none of its own: they protect the others, they sell nothing. */
const defaultLimits: QuotaLimits = { eventsPerSecond: 50_000, bytesPerSecond: 64 * 2 ** 20, storedBytes: 20 * 2 ** 30 }

/** What one request publishes. */
export interface Load {
  events: number
  bytes: number
  /** Nothing of it is kept in a log: space that is used up is no reason to refuse it. @default false */
  isLive?: boolean
}

/** See {@link createQuotas}. */
export interface Quotas {
  /** @returns where the tenant stands with its events. @throws {Problem} `rate_limited` with `Retry-After` and the limit that was met */
  take: (tenantId: string, load: Load) => Promise<RateState>
}

interface Known extends QuotaLimits {
  usedBytes: number
  readAt: number
}

/** How long limits and what is kept are believed, in milliseconds. */
const BELIEVED_MS = 5000

/** How long a request waits for limits that are read again, in milliseconds: a database that hangs must not hold up who may publish. */
const READ_AGAIN_MS = 200

/** When a tenant whose space is full should look again: retention works once a minute. */
const FULL_RETRY_SECONDS = 60

/** Tenants that are remembered; the rest starts with full buckets again. */
const MAX_TENANTS = 10_000

/** What quotas are read from. */
export interface QuotasOptions {
  database: Database
  now?: () => number
  /** Of a tenant that has none of its own. @default they protect the others */
  defaults?: QuotaLimits
  /** Milliseconds until a tenant whose limits were never read hears `unavailable`. @default it waits */
  answerWithinMs?: number | undefined
}

/** Creates the quotas of one process. */
export function createQuotas({ database, now = Date.now, defaults = defaultLimits, answerWithinMs }: QuotasOptions): Quotas {
  const known = new Map<string, Known>()
  const buckets = new Map<string, Bucket>()
  const read = async (tenantId: string): Promise<Known> => {
    const fresh = { ...await readLimits(database, tenantId, defaults), readAt: now() }
    if (known.size >= MAX_TENANTS) known.clear()
    known.set(tenantId, fresh)
    return fresh
  }
  const limitsOf = async (tenantId: string): Promise<Known> => {
    const believed = known.get(tenantId)
    if (believed && now() - believed.readAt < BELIEVED_MS && now() >= believed.readAt) return believed
    // Whoever comes while it is being read believes the old a little longer.
    if (!believed) return inTime(answerWithinMs, read(tenantId), () => { throw new Problem('unavailable', { retryAfter: 1 }) })
    believed.readAt = now()
    return inTime(READ_AGAIN_MS, read(tenantId), () => believed)
  }
  const takeFrom = (name: string, rate: number, cost: number): ReturnType<typeof take> => {
    const taken = take(buckets.get(name), { rate, cost, now: now() })
    if (buckets.size >= MAX_TENANTS * 2) buckets.clear()
    buckets.set(name, taken.bucket)
    return taken
  }
  return {
    take: async (tenantId, { events, bytes, isLive = false }) => {
      const limits = await limitsOf(tenantId)
      if (!isLive && limits.usedBytes >= limits.storedBytes) throw refuse('stored bytes', limits.storedBytes, { retryAfter: FULL_RETRY_SECONDS })
      const ofBytes = takeFrom(`bytes ${tenantId}`, limits.bytesPerSecond, bytes)
      if (!ofBytes.isAllowed) throw refuse('bytes per second', limits.bytesPerSecond, ofBytes)
      const ofEvents = takeFrom(`events ${tenantId}`, limits.eventsPerSecond, events)
      if (!ofEvents.isAllowed) throw refuse('events per second', limits.eventsPerSecond, ofEvents)
      return { limit: limits.eventsPerSecond, remaining: ofEvents.remaining, reset: ofEvents.retryAfter }
    },
  }
}

function refuse(what: string, limit: number, { retryAfter }: { retryAfter: number }): Problem {
  return new Problem('rate_limited', { retryAfter, rate: { limit, remaining: 0, reset: retryAfter }, detail: `The tenant's quota of ${what} is used up; try again after the time in Retry-After.`, extra: { quota: what, limit } })
}

async function readLimits(database: Database, tenantId: string, defaults: QuotaLimits): Promise<Omit<Known, 'readAt'>> {
  return database.inTenant(tenantId, async tx => {
    const own = await tx.selectFrom('tenant_quotas').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst()
    const used = await tx.selectFrom('channels').select(sql<string>`coalesce(sum(bytes), 0)`.as('bytes')).where('tenant_id', '=', tenantId).executeTakeFirst()
    return {
      eventsPerSecond: own?.events_per_second ?? defaults.eventsPerSecond,
      bytesPerSecond: Number(own?.bytes_per_second ?? defaults.bytesPerSecond),
      storedBytes: Number(own?.stored_bytes ?? defaults.storedBytes),
      usedBytes: Number(used?.bytes ?? 0),
    }
  })
}
