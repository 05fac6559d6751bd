/** Events of the metrics and alerts families (specification case 3). */

import * as z from 'zod'
import { paramsSchema } from './deployments.ts'
import { defineEvent } from './define.ts'

const percent = z.number().min(0).max(100)
const bytesPerSecond = z.number().min(0)

/** One sample: percent, bytes per second, count and seconds. */
export const metricsSchema = z.strictObject({
  cpu: percent,
  memory: percent,
  disk: percent,
  networkIn: bytesPerSecond,
  networkOut: bytesPerSecond,
  activeInstances: z.int().min(0),
  uptime: z.number().min(0),
})

/** See {@link metricsSchema}. */
export type Metrics = z.infer<typeof metricsSchema>

/** All tenants of the last seconds as one, and those that are worst off: by whichever of the three percentages is highest. */
const fleetSchema = z.strictObject({
  tenants: z.int().min(0), cpu: percent, memory: percent, disk: percent, networkIn: bytesPerSecond, networkOut: bytesPerSecond,
  worst: z.array(z.strictObject({ tenantId: z.string(), cpu: percent, memory: percent, disk: percent })).max(20),
})

/** See {@link fleetSchema}. */
export type Fleet = z.infer<typeof fleetSchema>

/** A sample with its place on the grid: `at` is in whole seconds since the Unix epoch, set by the service when missing. Only the host's has a `fleet`. */
export const metricsSampleSchema = metricsSchema.extend({ at: z.int().positive().optional(), simulated: z.boolean().optional(), fleet: fleetSchema.optional() })

/** A stored or delivered sample. */
export type MetricsSample = Metrics & { at: number, simulated?: boolean | undefined, fleet?: Fleet | undefined }

export const metricsUpdate = defineEvent({
  type: 'metrics_update',
  families: ['metrics', 'admin-metrics'],
  doc: 'One sample of a tenant or of the host',
  data: metricsSampleSchema,
})

/** How urgent an alert is. */
export const severitySchema = z.enum(['info', 'warning', 'critical'])

/** See {@link severitySchema}. */
export type Severity = z.infer<typeof severitySchema>

const alertFields = {
  alertId: z.uuid().optional(),
  severity: severitySchema,
  message: z.string().min(1).max(2000),
  messageKey: z.string().max(64).optional(),
  params: paramsSchema.optional(),
  /** Nobody is to be bothered: a silence holds. */
  isSilenced: z.boolean().optional(),
}

export const alert = defineEvent({
  type: 'alert',
  families: ['alerts', 'admin-alerts'],
  doc: 'Something needs attention',
  data: z.strictObject(alertFields),
})

export const alertAcknowledged = defineEvent({
  type: 'alert_acknowledged',
  families: ['alerts', 'admin-alerts'],
  doc: 'Somebody has seen to an alert',
  data: z.strictObject({ alertId: z.uuid(), by: z.string().min(1).max(200), at: z.iso.datetime(), note: z.string().min(1).max(500).optional() }),
})

export const alertResolved = defineEvent({
  type: 'alert_resolved',
  families: ['alerts', 'admin-alerts'],
  doc: 'An alert is over',
  data: z.strictObject({ ...alertFields, alertId: z.uuid() }),
})
