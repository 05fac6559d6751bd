/** HTTP contract: metrics. */

import * as z from 'zod'
import { metricsSampleSchema, metricsSchema, severitySchema } from '../catalog/metrics.ts'

/** GET …/metrics: a range of samples, seconds since the Unix epoch; default the last 20 s. */
export const metricsQuerySchema = z.strictObject({
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  step: z.coerce.number().int().min(1).max(3600).optional(),
})

/** Samples, oldest first; a gap in the grid is a gap in the samples. */
export const metricsSeriesSchema = z.object({
  samples: z.array(metricsSchema.extend({ at: z.int(), simulated: z.boolean().optional() })),
  step: z.int().positive(),
})

/** See {@link metricsSeriesSchema}. */
export type MetricsSeries = z.infer<typeof metricsSeriesSchema>

/** POST /v1/tenants/{t}/metrics: one sample, or a batch of them. */
export const pushMetricsSchema = z.union([metricsSampleSchema, z.strictObject({ samples: z.array(metricsSampleSchema).min(1).max(1000) })])

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
