/**
 * What a deployment is after an event: every event is a patch over what was known. The service's projection and every reader
 * merge by this, so that a snapshot and the live events after it agree.
 */

import type { Deployment } from './api/deployments.ts'
import type { EventTypeName } from './catalog.ts'
import type { DeploymentStatus } from './catalog/deployments.ts'

/** A deployment without what is counted and timed beside the merge. */
export type DeploymentState = Omit<Deployment, 'logLines' | 'queuePosition' | 'createdAt' | 'updatedAt' | 'finishedAt'>

/** What an event says of a deployment's life. */
export interface DeploymentPatch {
  data: Readonly<Record<string, unknown>>
}

/** Event types that {@link mergeDeployment} knows. */
export const lifeTypes = [
  'deployment_start', 'deployment_progress', 'deployment_complete', 'deployment_error', 'deployment_cancelled',
] as const satisfies readonly EventTypeName[]

/** Status of a deployment that has ended. */
export type FinalStatus = Extract<DeploymentStatus, 'completed' | 'failed' | 'cancelled'>

const finalStatuses: ReadonlySet<string> = new Set<FinalStatus>(['completed', 'failed', 'cancelled'])

/** Fields a patch replaces as they come; `params` belongs to what the same event says, `step` or `messageKey`, and is dealt with apart. */
const replaced = [
  'instanceType', 'name', 'kind', 'progress', 'step', 'currentStep', 'nextSteps', 'keptSteps', 'startedAt', 'expectedSeconds', 'estimatedCompletion', 'instanceUrl', 'error', 'messageKey', 'simulated',
] as const

/** Whether a deployment has ended. */
export function isFinal(status: DeploymentStatus): status is FinalStatus {
  return finalStatuses.has(status)
}

/**
 * Merges an event into what is known of its deployment. The instance never changes, an end is final, and what an end makes
 * pointless (when it will end, what comes next) goes with it unless the event says it anew.
 * @param state what was known, `undefined` for an unknown deployment
 */
export function mergeDeployment(state: DeploymentState | undefined, { data }: DeploymentPatch): DeploymentState {
  if (state && isFinal(state.status)) return state
  const before = state ?? unknown(data)
  const status = (data['status'] ?? before.status) as DeploymentStatus
  const kept = isFinal(status) ? without(before, ['estimatedCompletion', 'nextSteps']) : before
  return { ...withParams(kept, data), ...pick(data, replaced), status } as DeploymentState
}

function unknown(data: DeploymentPatch['data']): DeploymentState {
  const deploymentId = String(data['deploymentId'])
  return { deploymentId, instanceId: String(data['instanceId'] ?? deploymentId), kind: 'create', status: 'in_progress', progress: 0 }
}

/**
 * A reason has parameters of its own beside those of the step it came in. Old parameters would be rendered into a new sentence,
 * so a new sentence without parameters has none.
 */
function withParams(state: DeploymentState, data: DeploymentPatch['data']): DeploymentState {
  if (data['messageKey'] !== undefined) return { ...state, ...data['params'] !== undefined && { reasonParams: data['params'] } } as DeploymentState
  if (data['params'] !== undefined) return { ...state, ...pick(data, ['params']) }
  return data['step'] === undefined ? state : without(state, ['params'])
}

function pick(data: DeploymentPatch['data'], fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.flatMap(field => data[field] === undefined ? [] : [[field, data[field]]]))
}

function without(state: DeploymentState, fields: readonly (keyof DeploymentState)[]): DeploymentState {
  return Object.fromEntries(Object.entries(state).filter(([field]) => !fields.includes(field as keyof DeploymentState))) as unknown as DeploymentState
}
