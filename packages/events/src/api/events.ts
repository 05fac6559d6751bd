/** HTTP contract: publishing and history. */

import * as z from 'zod'
import { slugSchema } from '../catalog/deployments.ts'
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

/** GET /v1/history/search: the events of one channel, or of everything in a tenant that the caller may read. */
export const searchQuerySchema = z.strictObject({
  channel: z.string().min(1).max(255).optional(),
  tenant: slugSchema.optional(),
  q: z.string().max(500).optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  type: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(200).optional(),
  order: z.enum(['newest', 'relevance']).default('newest'),
}).refine(query => (query.channel === undefined) !== (query.tenant === undefined), { path: ['channel'], message: 'give channel or tenant, one of them' })

/** See {@link searchQuerySchema}. */
export type SearchQuery = z.input<typeof searchQuerySchema>

/** What was found: `highlight` is a piece of the event's words as HTML, everything escaped but the `<mark>` around what was found. */
export const searchHitSchema = z.object({ event: envelopeSchema, highlight: z.string() })

/** See {@link searchHitSchema}. */
export type SearchHit = z.infer<typeof searchHitSchema>

/** A page of hits, newest or most relevant first. `next` goes on from its end where there is more; `previous` leads to newer hits, also to those yet to come. */
export const searchResultSchema = z.object({ hits: z.array(searchHitSchema), next: z.string().optional(), previous: z.string().optional() })

/** See {@link searchResultSchema}. */
export type SearchResult = z.infer<typeof searchResultSchema>
