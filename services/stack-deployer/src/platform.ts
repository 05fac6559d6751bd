/** What the deployer needs of the platform: in process inside the embedded process, over HTTP elsewhere. */

import type { AppendLogs, Deployment, DeploymentPublisher, LogsAppended } from '@neo-stack/events'

/** Hears about cancellations at once, where the platform can tell. */
export interface Cancellations {
  /** Calls the handler when the deployment is cancelled; returns how to stop listening. */
  subscribe(deploymentId: string, handler: () => void): () => void
}

/**
 * The platform's side of a deployment. Calls reject with an error whose `code` is a problem code of the HTTP contract; an error
 * without one of its refusals is a failure on the way, and the call is repeated.
 */
export interface DeploymentPlatform {
  publisher: DeploymentPublisher
  /** Stores lines; `from` is the number of the first, lines that are already known are skipped. */
  appendLogs(tenantId: string, deploymentId: string, lines: AppendLogs): Promise<LogsAppended>
  /** The deployment as its projection knows it; undefined when it is unknown. */
  getDeployment(tenantId: string, deploymentId: string): Promise<Deployment | undefined>
  /** Without it a cancellation is noticed between steps and every 2 s while a step has output. */
  cancellations?: Cancellations | undefined
}
