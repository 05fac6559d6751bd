/** The job contract: what event-service puts into the queue and stack-deployer takes out. */

import * as z from 'zod'
import { deploymentKindSchema, instanceTypeSchema, slugSchema } from './catalog/deployments.ts'

/** Name of the queue that carries {@link deploymentJobSchema}. */
export const DEPLOYMENT_QUEUE = 'deployments'

/** One run of a plan on an instance; a worker that gets it twice continues where the log and the deployment stand. */
export const deploymentJobSchema = z.object({
  tenantId: slugSchema,
  deploymentId: slugSchema,
  instanceId: slugSchema,
  instanceType: instanceTypeSchema,
  name: z.string(),
  kind: deploymentKindSchema,
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})

/** See {@link deploymentJobSchema}. */
export type DeploymentJob = z.infer<typeof deploymentJobSchema>
