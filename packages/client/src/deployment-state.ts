/** What a reader makes of deployment events: the same merge as the service's projection. Pure. */

import type { Deployment, DeploymentStatus, Envelope } from '@neo-stack/events'

/** Deployments by identifier, newest first. */
export type DeploymentMap = ReadonlyMap<string, Deployment>

const FINAL: ReadonlySet<DeploymentStatus> = new Set<DeploymentStatus>(['completed', 'failed', 'cancelled'])

/** Whether a deployment has ended: no later event changes it. */
export function isFinished({ status }: Pick<Deployment, 'status'>): boolean {
  return FINAL.has(status)
}

/** Makes the map of a list, newest first. */
export function toDeploymentMap(deployments: readonly Deployment[]): DeploymentMap {
  return new Map([...deployments].sort(byNewest).map(deployment => [deployment.deploymentId, deployment]))
}

/** What an event may say about a deployment besides its identifiers; `logs` belong to the log, not to the deployment. */
const PATCHED = [
  'instanceId', 'instanceType', 'name', 'kind', 'progress', 'step', 'params', 'currentStep', 'estimatedCompletion', 'nextSteps', 'simulated',
  'instanceUrl', 'error', 'messageKey', 'status',
] as const satisfies readonly (keyof Deployment)[]

const STATUS_OF: Readonly<Record<string, DeploymentStatus>> = {
  deployment_start: 'starting',
  deployment_progress: 'in_progress',
  deployment_complete: 'completed',
  deployment_error: 'failed',
  deployment_cancelled: 'cancelled',
}

/**
 * Merges one event: what it does not say stays as it was. An unknown deployment is created from what is known; after its end
 * nothing changes it. Returns the same map when nothing changed; other types of event change nothing.
 */
export function applyDeploymentEvent(map: DeploymentMap, envelope: Envelope): DeploymentMap {
  const deploymentId = envelope.data['deploymentId']
  const status = STATUS_OF[envelope.type]
  if (status === undefined || typeof deploymentId !== 'string') return map
  const known = map.get(deploymentId)
  if (known && isFinished(known)) return map
  const merged: Deployment = { ...known ?? toNew(deploymentId, envelope), status, ...pick(envelope.data), updatedAt: envelope.time }
  if (isFinished(merged)) merged.finishedAt = envelope.time
  if (merged.status === 'completed') merged.progress = 100
  if (known) return new Map(map).set(deploymentId, merged)
  return new Map([...map.values(), merged].sort(byNewest).map(deployment => [deployment.deploymentId, deployment]))
}

function pick(data: Record<string, unknown>): Partial<Deployment> {
  return Object.fromEntries(PATCHED.filter(name => data[name] !== undefined).map(name => [name, data[name]]))
}

function toNew(deploymentId: string, { time }: Envelope): Deployment {
  return { deploymentId, instanceId: deploymentId, kind: 'create', status: 'starting', progress: 0, logLines: 0, createdAt: time, updatedAt: time }
}

/** Identifiers decide between equal times, so that the order never depends on arrival. */
function byNewest(a: Deployment, b: Deployment): number {
  return b.createdAt.localeCompare(a.createdAt) || b.deploymentId.localeCompare(a.deploymentId)
}
