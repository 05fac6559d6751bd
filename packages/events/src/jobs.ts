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
  /** The deployment that a rollback goes back to. */
  backTo: slugSchema.optional(),
  /** The copy that a rollback puts back: of the data before this deployment. Without one that is not required the data stays. */
  restore: z.object({ before: slugSchema, isRequired: z.boolean() }).optional(),
  /** Deployments that tried to make this instance before and failed, the last one first: what they left belongs to this run. */
  earlier: z.array(slugSchema).max(50).optional(),
  /** The step that the last try failed in: the steps before it are carried out again only where what they made no longer stands. */
  from: z.object({ step: z.string(), service: z.string().optional() }).optional(),
})

/** See {@link deploymentJobSchema}. */
export type DeploymentJob = z.infer<typeof deploymentJobSchema>

/** An instance that stands, and what it was deployed with. */
export type DeployedInstance = Pick<DeploymentJob, 'tenantId' | 'instanceId' | 'instanceType' | 'config'>

/**
 * How the deployments' queue is made, for whoever sends into it and whoever works on it: one job per instance at a time and in
 * order, a lost worker is noticed after 20 s, and the queue tries longer than the worker does, so that the worker says the end.
 */
export const deploymentQueueOptions = {
  policy: 'key_strict_fifo', retryLimit: 10, retryDelay: 0, expireInSeconds: 7200, heartbeatSeconds: 20, notify: true,
} as const

/** Deployments of one tenant that run at once at most, over all workers; further ones wait although workers are free. */
export const DEPLOYMENTS_PER_TENANT = 2

/** The key that orders the jobs of one instance: the sender sets it as the job's `singletonKey`. */
export function deploymentJobKey({ tenantId, instanceId }: Pick<DeploymentJob, 'tenantId' | 'instanceId'>): string {
  return `${tenantId}/${instanceId}`
}
