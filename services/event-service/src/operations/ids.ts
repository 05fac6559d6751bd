/** Identifiers of events begin with their millisecond: a span of time is a range of the primary key. Pure. */

/** The lowest identifier of a millisecond since 1970. */
export function lowestId(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
