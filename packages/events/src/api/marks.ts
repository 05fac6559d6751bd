/** HTTP contract: what happened anywhere while a chart of the operators was drawn. */

import * as z from 'zod'

/** Types of events that stand beside figures: deployments and billing. */
export const markTypes = [
  'deployment_start', 'deployment_complete', 'deployment_error', 'deployment_cancelled', 'billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_usage_alert', 'billing_subscription',
] as const

/** GET /v1/admin/marks: both times included; by default the hour up to now. */
export const markQuerySchema = z.strictObject({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional(), limit: z.coerce.number().int().min(1).max(200).default(50) })

/** See {@link markQuerySchema}. */
export type MarkQuery = z.input<typeof markQuerySchema>

/** That something happened at a tenant, newest first; of what it was about nothing is told. `isBad`: it failed. */
export const markListSchema = z.object({ marks: z.array(z.object({ id: z.uuid(), tenantId: z.string(), type: z.enum(markTypes), time: z.iso.datetime(), isBad: z.boolean() })) })

/** See {@link markListSchema}. */
export type MarkList = z.infer<typeof markListSchema>
