/** What the event explorer keeps and how it is read. Pure. */
import type { Envelope } from '@neo-stack/events'

/** Events kept; of more the oldest go. */
export const MAX_KEPT = 500

/** Events with one more, newest first; one that is there already changes nothing. */
export function addEvents(kept: readonly Envelope[], events: readonly Envelope[]): readonly Envelope[] {
  const known = new Set(kept.map(({ id }) => id))
  const fresh = events.filter(({ id }) => !known.has(id))
  return fresh.length === 0 ? kept : [...fresh.toReversed(), ...kept].slice(0, MAX_KEPT)
}

/** Events whose text has all the words, case aside. */
export function filterEvents(events: readonly Envelope[], typed: string): readonly Envelope[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return events
  return events.filter(event => {
    const text = JSON.stringify(event).toLowerCase()
    return words.every(word => text.includes(word))
  })
}

/** In single quotes for a POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll('\'', `'\\''`)}'`

/**
 * A command that reads the event again, or sends it again where no log keeps it. The key is the reader's own: it is never in the text.
 * @param origin such as `https://events.example`
 */
export function toCurl(event: Envelope, origin: string): string {
  const head = `curl -H "Authorization: Bearer $NEO_KEY"`
  if (event.seq !== undefined) return `${head} ${quote(`${origin}/v1/history?channel=${encodeURIComponent(event.channel)}&after=${event.seq - 1}&limit=1`)}`
  const { channel, type, data } = event
  return `${head} -H 'Content-Type: application/json' -d ${quote(JSON.stringify({ channel, type, data }))} ${quote(`${origin}/v1/events`)}`
}
