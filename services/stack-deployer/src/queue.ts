/** How the deployments' queue has to be made, for whoever makes it and sends into it. */

import type { DeploymentJob } from '@neo-stack/events'

/**
 * Options of the queue: one job per instance at a time and in order, a lost worker is noticed after 30 s, and the queue tries longer than
 * the worker does, so that the worker says the end.
 */
export const deploymentQueueOptions: {
  policy: 'key_strict_fifo', retryLimit: number, retryDelay: number, expireInSeconds: number, heartbeatSeconds: number, notify: boolean,
} = { policy: 'key_strict_fifo', retryLimit: 10, retryDelay: 0, expireInSeconds: 7200, heartbeatSeconds: 30, notify: true }

/** The key that orders the jobs of one instance: `send(DEPLOYMENT_QUEUE, job, { singletonKey: deploymentJobKey(job) })`. */
export function deploymentJobKey({ tenantId, instanceId }: Pick<DeploymentJob, 'tenantId' | 'instanceId'>): string {
  return `${tenantId}/${instanceId}`
}
