/** What a user's connections add up to. Pure: time is an argument. */

import type { PresenceStatus, SetPresence } from '@neo-stack/events'

/** A connection that says nothing for this long is dead: a hidden tab's timers run once a minute only. */
const TTL_MS = 75_000
/** A connection that left may come back this long before anybody is told: a reload is no leave. */
const GRACE_MS = 15_000
/** Hidden for this long counts as away. */
const HIDDEN_MS = 600_000

/** One tab or device. Times in milliseconds. */
export interface PresenceConnection {
  seenAt: number
  leftAt?: number
  hiddenSince?: number
  status?: SetPresence['status']
  statusText?: string
  until?: number
  currentPage?: string
}

/** What connections add up to. */
export interface MergedPresence {
  status: PresenceStatus
  statusText?: string
  currentPage?: string
}

/** Takes a heartbeat; what it does not say about status and page stays. */
export function heartbeat(known: PresenceConnection | undefined, said: SetPresence, now: number): PresenceConnection {
  const { leftAt: _left, hiddenSince, ...kept } = known ?? { seenAt: now }
  const { status, statusText, until, currentPage, hidden = false } = said
  const byHand = status === undefined ? {} : {
    status, ...statusText !== undefined && { statusText }, ...until !== undefined && { until: Date.parse(until) },
  }
  const base = status === undefined ? kept : { seenAt: now, ...kept.currentPage !== undefined && { currentPage: kept.currentPage } }
  return { ...base, ...byHand, seenAt: now, ...currentPage !== undefined && { currentPage }, ...hidden && { hiddenSince: hiddenSince ?? now } }
}

/** Whether a connection counts: heard within the TTL, and not gone longer than the grace. */
export function isAlive({ seenAt, leftAt }: PresenceConnection, now: number): boolean {
  return now - seenAt < TTL_MS && (leftAt === undefined || now - leftAt < GRACE_MS)
}

/** Busy on one connection is busy; else online on one is online; the page is that of the connection heard last. */
export function mergeConnections(connections: Iterable<PresenceConnection>, now: number): MergedPresence {
  const alive = [...connections].filter(one => isAlive(one, now)).sort((a, b) => b.seenAt - a.seenAt)
  if (alive.length === 0) return { status: 'offline' }
  const currentPage = (alive.find(({ hiddenSince }) => hiddenSince === undefined) ?? alive[0])?.currentPage
  const page = currentPage === undefined ? {} : { currentPage }
  const busy = alive.find(one => statusOf(one, now) === 'busy')
  if (busy) return { status: 'busy', ...busy.statusText !== undefined && { statusText: busy.statusText }, ...page }
  return { status: alive.some(one => statusOf(one, now) === 'online') ? 'online' : 'away', ...page }
}

function statusOf({ status = 'online', until, hiddenSince }: PresenceConnection, now: number): PresenceStatus {
  const said = until !== undefined && until <= now ? 'online' : status
  return said === 'online' && hiddenSince !== undefined && now - hiddenSince >= HIDDEN_MS ? 'away' : said
}
