/** The envelope every event travels in: over the socket, in history, in search and in exports. */

import * as z from 'zod'

/** Who caused an event. `demo` marks what the demonstration made. */
export const actorSchema = z.strictObject({
  type: z.enum(['user', 'service', 'system', 'demo']),
  id: z.string().min(1).max(200),
})

/** See {@link actorSchema}. */
export type Actor = z.infer<typeof actorSchema>

/**
 * Shape of an event. `seq` counts 1,2,3… without a hole per channel and is absent on what is not kept; `logEpoch` changes
 * only when a log lost its past; `time` is ISO 8601 UTC, set by the service; `traceparent` (W3C Trace Context) says in which trace it was
 * published, where its publisher named one or traces are sent somewhere. Readers ignore fields they don't know.
 */
export const envelopeSchema = z.object({
  id: z.uuid(),
  type: z.string(),
  channel: z.string(),
  tenantId: z.string().optional(),
  seq: z.int().positive().optional(),
  logEpoch: z.string().optional(),
  time: z.iso.datetime(),
  actor: actorSchema.optional(),
  data: z.record(z.string(), z.unknown()),
  traceparent: z.string().optional(),
})

/** An event as it is stored and delivered. */
export type Envelope<Data = Record<string, unknown>> = Omit<z.infer<typeof envelopeSchema>, 'data'> & { data: Data }

/** Each byte as two digits. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Makes a UUIDv7 (RFC 9562 5.7), ordered by time to the millisecond. */
export function uuidv7(now: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16)
  bytes.set(random.subarray(0, 10), 6)
  for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  let hex = ''
  for (const byte of bytes) hex += HEX[byte] ?? ''
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
