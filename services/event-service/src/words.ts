/** The words of an event: what search finds it by and shows of it. Pure. */

/** More of an event is not searched: a chunk of log lines can be long. */
const MAX_WORDS = 16_000

/** Every text and number of an event's data, in order, white space collapsed. */
export function toWords(data: Readonly<Record<string, unknown>>): string {
  const found: string[] = []
  collect(data, found)
  return found.join(' ').replace(/\s+/g, ' ').slice(0, MAX_WORDS).toWellFormed()
}

function collect(value: unknown, found: string[]): void {
  if (typeof value === 'string' || typeof value === 'number') found.push(String(value))
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) collect(inner, found)
}
