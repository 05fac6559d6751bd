/** What a reader makes of deployment events: the platform's merge, kept for every deployment of a list. Pure. */

import { isFinal, mergeDeployment, type Deployment, type DeploymentStatus, type Envelope } from '@neo-stack/events'

/** Deployments by identifier, newest first. */
export type DeploymentMap = ReadonlyMap<string, Deployment>

/** Whether a deployment has ended: no later event changes it. */
export function isFinished({ status }: Pick<Deployment, 'status'>): boolean {
  return isFinal(status)
}

/** Makes the map of a list, newest first. */
export function toDeploymentMap(deployments: readonly Deployment[]): DeploymentMap {
  return new Map([...deployments].sort(byNewest).map(deployment => [deployment.deploymentId, deployment]))
}

const STATUS_OF: Readonly<Record<string, DeploymentStatus>> = {
  deployment_start: 'starting',
  deployment_progress: 'in_progress',
  deployment_complete: 'completed',
  deployment_error: 'failed',
  deployment_cancelled: 'cancelled',
}

/**
 * Merges one event: what it does not say stays as it was. An unknown deployment is created from what is known; after its end
 * nothing changes it. Returns the same map when nothing changed; other types of event change nothing. `logLines` is the
 * snapshot's: the log has its own feed.
 */
export function applyDeploymentEvent(map: DeploymentMap, envelope: Envelope): DeploymentMap {
  const deploymentId = envelope.data['deploymentId']
  if (STATUS_OF[envelope.type] === undefined || typeof deploymentId !== 'string') return map
  const known = map.get(deploymentId)
  if (known && isFinished(known)) return map
  const merged = merge(known, envelope)
  return known ? new Map(map).set(deploymentId, merged) : toDeploymentMap([...map.values(), merged])
}

/** The type says the status where the event does not, and a completed deployment is at 100 %. */
function merge(known: Deployment | undefined, { type, data, time }: Envelope): Deployment {
  const status = STATUS_OF[type]
  const { queuePosition: _, ...before } = known ?? {} as Partial<Deployment>
  const state = mergeDeployment(known && before as Deployment, { data: { status, ...data, ...status === 'completed' && { progress: 100 } } })
  return { logLines: 0, createdAt: time, ...state, updatedAt: time, ...isFinal(state.status) && { finishedAt: time } }
}

/** Identifiers decide between equal times, so that the order is the service's and never depends on arrival. */
function byNewest(a: Deployment, b: Deployment): number {
  return compare(b.createdAt, a.createdAt) || compare(b.deploymentId, a.deploymentId)
}

const compare = (a: string, b: string): number => a < b ? -1 : Number(a > b)
