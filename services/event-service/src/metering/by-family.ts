/** Events as metrics count them: by the family of their channel and their type, never by a channel or a tenant. */

import { parseChannel, type Envelope } from '@neo-stack/events'
import type { Instruments } from './registry.ts'

/** Counts events; those of one channel and type at once. */
export function countByFamily(counter: ReturnType<Instruments['counter']>, events: readonly Envelope[]): void {
  const counts = new Map<string, { event: Envelope, count: number }>()
  let last: { event: Envelope, count: number } | undefined
  for (const event of events) {
    if (last && last.event.channel === event.channel && last.event.type === event.type) {
      last.count++
      continue
    }
    const key = `${event.channel} ${event.type}`
    last = counts.get(key) ?? { event, count: 0 }
    last.count++
    counts.set(key, last)
  }
  for (const { event: { channel, type }, count } of counts.values()) counter.inc({ family: parseChannel(channel)?.family ?? 'unknown', type }, count)
}
