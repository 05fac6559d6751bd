/** Events as metrics count them: by the family of their channel and their type, never by a channel or a tenant. */

import { parseChannel, type Envelope } from '@neo-stack/events'
import type { Instruments } from './registry.ts'

/** Counts events; those of one channel and type at once. */
export function countByFamily(counter: ReturnType<Instruments['counter']>, events: readonly Envelope[]): void {
  const counts = new Map<string, { event: Envelope, count: number }>()
  for (const event of events) {
    const key = `${event.channel} ${event.type}`
    const known = counts.get(key)
    if (known) known.count++
    else counts.set(key, { event, count: 1 })
  }
  for (const { event: { channel, type }, count } of counts.values()) counter.inc({ family: parseChannel(channel)?.family ?? 'unknown', type }, count)
}
