/** HTTP contract: metrics. */

import * as z from 'zod'
import { metricsSampleSchema, metricsSchema, severitySchema } from '../catalog/metrics.ts'

/** GET …/metrics: a range of samples, seconds since the Unix epoch; default the last 20 s. */
export const metricsQuerySchema = z.strictObject({
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  step: z.coerce.number().int().min(1).max(86_400).optional(),
})

/**
 * Samples, oldest first; a gap in the grid is a gap in the samples. Where `step` is more than a second, a sample is the average of
 * `count` samples (of counters the last one), with the lowest, the highest and the last of each figure.
 */
export const metricsSeriesSchema = z.object({
  samples: z.array(metricsSchema.extend({
    at: z.int(), simulated: z.boolean().optional(),
    count: z.int().positive().optional(), low: metricsSchema.optional(), high: metricsSchema.optional(), last: metricsSchema.optional(),
  })),
  step: z.int().positive(),
})

/** PUT …/metrics/lease: until when samples are taken each second; renew before. */
export const metricsLeaseSchema = z.object({ until: z.iso.datetime() })

/** See {@link metricsLeaseSchema}. */
export type MetricsLease = z.infer<typeof metricsLeaseSchema>

/** Seconds that a lease lasts. */
export const METRICS_LEASE_SECONDS = 20

/** See {@link metricsSeriesSchema}. */
export type MetricsSeries = z.infer<typeof metricsSeriesSchema>

const pushedSchema = metricsSampleSchema.omit({ fleet: true })

/** POST /v1/tenants/{t}/metrics: one sample, or a batch of them. */
export const pushMetricsSchema = z.union([pushedSchema, z.strictObject({ samples: z.array(pushedSchema).min(1).max(1000) })])

/** See {@link pushMetricsSchema}. */
export type PushMetrics = z.input<typeof pushMetricsSchema>

/** POST /v1/alerts: `tenantId` null addresses the operators. */
export const raiseAlertSchema = z.strictObject({
  tenantId: z.string().nullable(),
  severity: severitySchema,
  message: z.string().min(1).max(2000),
  idempotencyKey: z.string().min(1).max(200).optional(),
})

/** See {@link raiseAlertSchema}. */
export type RaiseAlert = z.input<typeof raiseAlertSchema>
