/** HTTP contract: a tenant's alerts. */

import * as z from 'zod'
import { severitySchema } from '../catalog/metrics.ts'

/** GET …/alerts: newest first; `seq` and `logEpoch` say where in the alerts' log the list stands. */
export const alertListSchema = z.object({
  alerts: z.array(z.object({
    id: z.uuid(), severity: severitySchema, message: z.string(), time: z.iso.datetime(), state: z.enum(['firing', 'resolved']), resolvedAt: z.iso.datetime().optional(),
  })),
  logEpoch: z.string(),
  seq: z.int().min(0),
})

/** See {@link alertListSchema}. */
export type AlertList = z.infer<typeof alertListSchema>
