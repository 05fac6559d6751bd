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

/** Fields a patch replaces as they come. The instance never changes; `logs` belong to the log; `params` are dealt with apart. */
const REPLACED = [
  'instanceType', 'name', 'kind', 'progress', 'step', 'currentStep', 'nextSteps', 'estimatedCompletion', 'instanceUrl', 'error', 'messageKey', 'simulated',
  'status',
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
 * nothing changes it. Returns the same map when nothing changed; other types of event change nothing. `logLines` is the
 * snapshot's: the log has its own feed.
 */
export function applyDeploymentEvent(map: DeploymentMap, envelope: Envelope): DeploymentMap {
  const deploymentId = envelope.data['deploymentId']
  if (STATUS_OF[envelope.type] === undefined || typeof deploymentId !== 'string') return map
  const known = map.get(deploymentId)
  if (known && isFinished(known)) return map
  const merged = merge(known ?? toNew(deploymentId, envelope), envelope)
  return known ? new Map(map).set(deploymentId, merged) : toDeploymentMap([...map.values(), merged])
}

function merge(before: Deployment, { type, data, time }: Envelope): Deployment {
  const status = STATUS_OF[type] ?? before.status
  const merged: Deployment = { ...withParams(before, data), status, updatedAt: time }
  if (FINAL.has(status)) {
    // An end makes pointless what was to come; the event may say it anew.
    delete merged.estimatedCompletion
    delete merged.nextSteps
    merged.finishedAt = time
  }
  return { ...merged, ...pick(data, REPLACED), ...status === 'completed' && { progress: 100 } }
}

/** Parameters belong to their sentence: a new sentence without parameters has none. */
function withParams({ params, ...rest }: Deployment, data: Envelope['data']): Deployment {
  const isNewSentence = data['step'] !== undefined || data['messageKey'] !== undefined
  if (data['params'] !== undefined) return { ...rest, ...pick(data, ['params']) }
  return isNewSentence || params === undefined ? rest : { ...rest, params }
}

function pick(data: Envelope['data'], names: readonly (keyof Deployment)[]): Partial<Deployment> {
  return Object.fromEntries(names.filter(name => data[name] !== undefined).map(name => [name, data[name]]))
}

function toNew(deploymentId: string, { data, time }: Envelope): Deployment {
  const instanceId = typeof data['instanceId'] === 'string' ? data['instanceId'] : deploymentId
  return { deploymentId, instanceId, kind: 'create', status: 'in_progress', progress: 0, logLines: 0, createdAt: time, updatedAt: time }
}

/** Identifiers decide between equal times, so that the order is the service's and never depends on arrival. */
function byNewest(a: Deployment, b: Deployment): number {
  return compare(b.createdAt, a.createdAt) || compare(b.deploymentId, a.deploymentId)
}

const compare = (a: string, b: string): number => a < b ? -1 : Number(a > b)
