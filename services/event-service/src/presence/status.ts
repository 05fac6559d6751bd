/** What one connection says, and what a user's connections add up to. Pure: time is an argument, in milliseconds. */

import type { PresenceStatus, SetPresence } from '@neo-stack/events'

/** A connection that says nothing for this long is dead: a hidden tab's timers run once a minute only. */
const TTL_MS = 75_000
/** A connection that left may come back this long before anybody is told: a reload is no leave. */
const GRACE_MS = 15_000
/** Hidden for this long counts as away. */
const HIDDEN_MS = 600_000
/** So does looking at the page without touching anything for this long. */
const IDLE_MS = 300_000
/** Pages of one user that others are told of. */
const MAX_PAGES = 8

/** One tab or device. Times in milliseconds. */
export interface PresenceConnection {
  seenAt: number
  leftAt?: number
  hiddenSince?: number
  /** The last touch, once there has been none for a while. */
  idleSince?: number
  status?: SetPresence['status']
  statusText?: string
  until?: number
  currentPage?: string
}

/** Busy by the user's own hand, on whatever device. */
export interface Busy {
  text?: string
  /** When it ends by itself. */
  until?: number
}

/** What connections add up to. */
export interface MergedPresence {
  status: PresenceStatus
  statusText?: string
  currentPage?: string
  /** All pages that are looked at, where there is more than the current one. */
  pages?: string[]
}

/** Takes a heartbeat; what it does not say about status and page stays. */
export function heartbeat(known: PresenceConnection | undefined, said: SetPresence, now: number): PresenceConnection {
  const { leftAt: _left, hiddenSince, idleSince: _idle, ...kept } = known ?? { seenAt: now }
  const { status, statusText, until, currentPage, hidden = false, idleSeconds = 0 } = said
  const byHand = status === undefined ? {} : {
    status, ...statusText !== undefined && { statusText }, ...until !== undefined && { until: Date.parse(until) },
  }
  const base = status === undefined ? kept : { seenAt: now, ...kept.currentPage !== undefined && { currentPage: kept.currentPage } }
  return {
    ...base, ...byHand, seenAt: now, ...currentPage !== undefined && { currentPage },
    ...hidden && { hiddenSince: hiddenSince ?? now }, ...idleSeconds > 0 && { idleSince: now - idleSeconds * 1000 },
  }
}

/** Whether a connection counts: heard within the TTL, and not gone longer than the grace. */
export function isAlive({ seenAt, leftAt }: PresenceConnection, now: number): boolean {
  return now - seenAt < TTL_MS && (leftAt === undefined || now - leftAt < GRACE_MS)
}

/** Busy by hand or on one connection is busy; else online on one is online; the page is that of the connection heard last. */
export function mergeConnections(connections: Iterable<PresenceConnection>, now: number, byHand?: Busy): MergedPresence {
  const alive = [...connections].filter(one => isAlive(one, now)).sort((a, b) => b.seenAt - a.seenAt)
  if (alive.length === 0) return { status: 'offline' }
  const seen = toPages(alive)
  if (byHand && !isOver(byHand.until, now)) return { status: 'busy', ...byHand.text !== undefined && { statusText: byHand.text }, ...seen }
  const busy = alive.find(one => statusOf(one, now) === 'busy')
  if (busy) return { status: 'busy', ...busy.statusText !== undefined && { statusText: busy.statusText }, ...seen }
  return { status: alive.some(one => statusOf(one, now) === 'online') ? 'online' : 'away', ...seen }
}

/** The next moment after `now` at which the merge may come out otherwise although nothing is said; Infinity for never. */
export function nextChange(connections: Iterable<PresenceConnection>, now: number, byHand?: Busy): number {
  const moments = [...connections].filter(one => isAlive(one, now)).flatMap(({ seenAt, leftAt = Infinity, hiddenSince = Infinity, idleSince = Infinity, until = Infinity }) =>
    [seenAt + TTL_MS, leftAt + GRACE_MS, hiddenSince + HIDDEN_MS, idleSince + IDLE_MS, until])
  return Math.min(...[...moments, byHand?.until ?? Infinity].filter(moment => moment > now))
}

/** A page in a hidden tab is not looked at, unless all tabs are hidden. */
function toPages(alive: readonly PresenceConnection[]): Pick<MergedPresence, 'currentPage' | 'pages'> {
  const visible = alive.filter(({ hiddenSince }) => hiddenSince === undefined)
  const currentPage = (visible[0] ?? alive[0])?.currentPage
  const pages = [...new Set(visible.flatMap(one => one.currentPage ?? []))].slice(0, MAX_PAGES)
  return { ...currentPage !== undefined && { currentPage }, ...pages.length > 1 && { pages } }
}

function statusOf({ status = 'online', until, hiddenSince = Infinity, idleSince = Infinity }: PresenceConnection, now: number): PresenceStatus {
  const said = isOver(until, now) ? 'online' : status
  return said === 'online' && (now - hiddenSince >= HIDDEN_MS || now - idleSince >= IDLE_MS) ? 'away' : said
}

const isOver = (until: number | undefined, now: number): boolean => until !== undefined && until <= now
