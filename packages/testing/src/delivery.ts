/** The delivery checker: what a reader got against what the platform acknowledged (RELIABILITY C1, C2, C4, C6). */

/** Place of one event: what a journal keeps of it. */
export interface Entry {
  channel: string
  seq: number
  id: string
}

/** What to compare. */
export interface DeliveryCheck {
  /** What the handler saw, in its order. */
  received: readonly Entry[]
  /** What a publish answered 2xx for, in any order. */
  acknowledged: readonly Entry[]
  /** The `seq` before the first one expected, per channel: where the reader's snapshot stood. @default 0 */
  after?: Readonly<Record<string, number>>
}

/**
 * Lists what is wrong, one sentence each; an empty list means that every channel was seen as 1,2,3… exactly once, with every
 * acknowledged event and nothing that contradicts an acknowledgement.
 * @example
 * expect(findDeliveryFaults(journal)).toEqual([])
 */
export function findDeliveryFaults({ received, acknowledged, after = {} }: DeliveryCheck): string[] {
  return [...findOrderFaults(received, after), ...findMissing(received, acknowledged, after), ...findContradictions(received, acknowledged)]
}

/** Lists where the numbers of each channel are not dense and in order. */
export function findOrderFaults(received: readonly Entry[], after: Readonly<Record<string, number>> = {}): string[] {
  const last = new Map<string, number>()
  const faults: string[] = []
  for (const { channel, seq } of received) {
    const expected = (last.get(channel) ?? after[channel] ?? 0) + 1
    if (seq < expected) faults.push(`${channel}: ${seq} again or late, expected ${expected}`)
    if (seq > expected) faults.push(`${channel}: ${seq} came where ${expected} was expected`)
    last.set(channel, Math.max(seq, expected - 1))
  }
  return faults
}

function findMissing(received: readonly Entry[], acknowledged: readonly Entry[], after: Readonly<Record<string, number>>): string[] {
  const seen = new Set(received.map(toPlace))
  return acknowledged
    .filter(entry => entry.seq > (after[entry.channel] ?? 0) && !seen.has(toPlace(entry)))
    .map(entry => `${entry.channel}: ${entry.seq} (${entry.id}) was acknowledged and never arrived`)
}

/** One place holds one event and one event stands in one place, whoever reports it. */
function findContradictions(received: readonly Entry[], acknowledged: readonly Entry[]): string[] {
  const idAt = new Map<string, string>()
  const placeOf = new Map<string, string>()
  const faults = new Set<string>()
  for (const entry of [...acknowledged, ...received]) {
    const place = toPlace(entry)
    const otherId = idAt.get(place)
    const otherPlace = placeOf.get(entry.id)
    if (otherId !== undefined && otherId !== entry.id) faults.add(`${place} holds both ${otherId} and ${entry.id}`)
    if (otherPlace !== undefined && otherPlace !== place) faults.add(`${entry.id} stands at both ${otherPlace} and ${place}`)
    idAt.set(place, entry.id)
    placeOf.set(entry.id, place)
  }
  return [...faults]
}

const toPlace = ({ channel, seq }: Entry): string => `${channel}#${seq}`
