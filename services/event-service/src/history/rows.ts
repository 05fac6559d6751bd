/** Rows of the event log as the envelopes they were. */

import type { Actor, Envelope, EventTypeName } from '@neo-stack/events'
import type { Selectable } from 'kysely'
import type { Schema } from '../database/schema.ts'

/** Columns of an envelope; what search keeps beside them stays in the database. */
export const envelopeColumns = ['id', 'tenant_id', 'channel', 'seq', 'type', 'time', 'actor', 'data', 'traceparent'] as const

/** A row with the columns of an envelope. */
export type EventRow = Pick<Selectable<Schema['events']>, (typeof envelopeColumns)[number]>

/** One with its epoch as well, as `epochColumn` reads it. */
export type EpochRow = EventRow & { log_epoch: string }

/** The event of a row. */
export function toEnvelope({ id, tenant_id: tenantId, channel, seq, type, time, actor, data, traceparent }: EventRow, logEpoch: string): Envelope {
  return {
    id, type: type as EventTypeName, channel, tenantId, seq: Number(seq), logEpoch, time: time.toISOString(),
    ...actor && { actor: actor satisfies Actor }, data, ...traceparent !== null && { traceparent },
  }
}
