/** What PostgreSQL's jsonb cannot hold (U+0000, halves of surrogate pairs) is replaced by U+FFFD: containers print anything. Pure. */

/** A text that can be stored. */
export function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** An event's data with every text made storable. */
export function toStorableData(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [toStorable(key), toStorableValue(value)]))
}

function toStorableValue(value: unknown): unknown {
  if (typeof value === 'string') return toStorable(value)
  if (Array.isArray(value)) return value.map(toStorableValue)
  return typeof value === 'object' && value !== null ? toStorableData(value as Record<string, unknown>) : value
}
