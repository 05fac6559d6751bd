/** What a channel's log loses: the rule of its family, by age, number and size. Pure. */

import type { ChannelFamily } from '@neo-stack/events'

/** How much of a channel is kept; what is over one of the limits goes, oldest first. */
export interface Retention {
  days: number
  /** @default no limit */
  events?: number
  /** @default no limit */
  bytes?: number
}

const YEAR_AND_MORE = { days: 400 }

/** Retention of each family that keeps a log. */
export const retention: Partial<Record<ChannelFamily, Retention>> = {
  'deployments': { days: 180 },
  'deployment-log': { days: 30, bytes: 64 * 2 ** 20 },
  'billing': YEAR_AND_MORE,
  'alerts': { ...YEAR_AND_MORE, events: 1_000_000 },
  'activity': { ...YEAR_AND_MORE, events: 1_000_000 },
  'certification': YEAR_AND_MORE,
  'admin-alerts': YEAR_AND_MORE,
  'admin-activity': YEAR_AND_MORE,
  'admin-tenants': YEAR_AND_MORE,
  'user': { days: 30, events: 10_000 },
  'announcements': YEAR_AND_MORE,
}

/** What a channel holds. */
export interface Held {
  events: number
  bytes: number
}

/** One event, oldest first. */
export interface Aged {
  /** Milliseconds since 1970. */
  time: number
  size: number
}

const DAY_MS = 86_400_000

/** The moment before which events of a family go. */
export function cutoffOf({ days }: Retention, now: number): number {
  return now - days * DAY_MS
}

/** How many of a channel's oldest events go, and how many bytes with them. */
export function countTrimmed(oldest: readonly Aged[], held: Held, { rule, now }: { rule: Retention, now: number }): Held {
  const gone = { events: 0, bytes: 0 }
  const cutoff = cutoffOf(rule, now)
  for (const { time, size } of oldest) {
    const isOld = time < cutoff
    const isTooMany = held.events - gone.events > (rule.events ?? Infinity)
    const isTooLarge = held.bytes - gone.bytes > (rule.bytes ?? Infinity)
    if (!isOld && !isTooMany && !isTooLarge) break
    gone.events++
    gone.bytes += size
  }
  return gone
}
