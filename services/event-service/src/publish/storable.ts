/** What PostgreSQL's jsonb cannot hold (U+0000, halves of surrogate pairs) is replaced by U+FFFD: containers print anything. Pure. */

/** A text that can be stored. */
export function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** How JSON writes them; also what only looks like it. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i

/** An event's data with every text made storable; as it is where it is so already, which its JSON (`encodeData`) says. */
export function toStorableData(data: Record<string, unknown>, json: string): Record<string, unknown> {
  return UNSTORABLE.test(json) ? mend(data) : data
}

function mend(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [toStorable(key), toStorableValue(value)]))
}

function toStorableValue(value: unknown): unknown {
  if (typeof value === 'string') return toStorable(value)
  if (Array.isArray(value)) return value.map(toStorableValue)
  return typeof value === 'object' && value !== null ? mend(value as Record<string, unknown>) : value
}
