/** An event's data as JSON, encoded once: for the log, for realtime, for what is counted. */

import type { Envelope } from '@neo-stack/events'

const encoded = new WeakMap<object, string>()

/** JSON of an event's data, which nobody changes from here on. */
export function encodeData(data: Readonly<Record<string, unknown>>): string {
  const known = encoded.get(data)
  if (known !== undefined) return known
  const json = JSON.stringify(data)
  encoded.set(data, json)
  return json
}

/** JSON of an envelope. */
export function encodeEnvelope({ data, ...rest }: Envelope): string {
  return `${JSON.stringify(rest).slice(0, -1)},"data":${encodeData(data)}}`
}
