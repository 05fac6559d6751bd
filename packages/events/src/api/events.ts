/** HTTP contract: publishing and history. */

import * as z from 'zod'
import { envelopeSchema } from '../envelope.ts'

const idempotencyKey = z.string().min(1).max(200)

/** One event to publish. */
export const publishSchema = z.strictObject({
  channel: z.string().min(1).max(255),
  type: z.string().min(1).max(64),
  data: z.record(z.string(), z.unknown()),
  idempotencyKey: idempotencyKey.optional(),
})

/** See {@link publishSchema}. */
export type PublishRequest = z.input<typeof publishSchema>

/** What a publish answers; `seq` is absent on channels that keep no log. */
export const publishedSchema = z.object({ id: z.uuid(), seq: z.int().positive().optional(), time: z.iso.datetime() })

/** See {@link publishedSchema}. */
export type Published = z.infer<typeof publishedSchema>

/** POST /v1/events/batch: one tenant, all or none. */
export const publishBatchSchema = z.strictObject({
  events: z.array(publishSchema.omit({ idempotencyKey: true })).min(1).max(1000),
  idempotencyKey: idempotencyKey.optional(),
})

/** See {@link publishBatchSchema}. */
export type PublishBatchRequest = z.input<typeof publishBatchSchema>

/** Answer to a batch, in its order. */
export const publishedBatchSchema = z.object({ events: z.array(publishedSchema) })

/** See {@link publishedBatchSchema}. */
export type PublishedBatch = z.infer<typeof publishedBatchSchema>

/** GET /v1/history: `after` reads upwards, `before` downwards (still answered oldest first); default the last 50. */
export const historyQuerySchema = z.strictObject({
  channel: z.string().min(1).max(255),
  after: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  type: z.string().max(64).optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
}).refine(query => query.after === undefined || query.before === undefined, { path: ['before'], message: 'give after or before, not both' })

/** See {@link historyQuerySchema}. */
export type HistoryQuery = z.input<typeof historyQuerySchema>

/**
 * A page of history, oldest first. `next` is the `seq` to continue with in the same direction (as `after` or `before`), absent
 * at the end; `seq` is the channel's newest, `oldestSeq` its oldest kept (both 0 when it never had an event).
 */
export const historySchema = z.object({
  events: z.array(envelopeSchema),
  next: z.int().positive().optional(),
  logEpoch: z.string(),
  seq: z.int().min(0),
  oldestSeq: z.int().min(0),
})

/** See {@link historySchema}. */
export type History = z.infer<typeof historySchema>
