/** What of an instance's past still counts: which version runs, and which one ran well before it. Pure. */

import { isFinal, type DeploymentKind, type DeploymentStatus } from '@neo-stack/events'

/** A deployment as its instance's past needs it. */
export interface PastDeployment {
  deploymentId: string
  kind: DeploymentKind
  status: DeploymentStatus
  /** Where a rollback went. */
  backTo?: string
}

/** The versions of an instance that a person could have now, the running one last. Empty when nothing stands. */
export function versionsOf<Past extends PastDeployment>(past: readonly Past[]): Past[] {
  const versions: Past[] = []
  for (const one of past) {
    if (one.status !== 'completed') continue
    if (one.kind === 'delete') versions.length = 0
    // What a rollback left behind is no version to come back to.
    else if (one.kind === 'rollback') versions.splice(lengthAfter(versions, one.backTo))
    else versions.push(one)
  }
  return versions
}

/** Rollbacks of old do not say where they went: one back then, and the first version is never left. */
function lengthAfter(versions: readonly PastDeployment[], backTo: string | undefined): number {
  const index = versions.findLastIndex(({ deploymentId }) => deploymentId === backTo)
  return index >= 0 ? index + 1 : Math.max(1, versions.length - 1)
}

/**
 * The deployment that a rollback goes back to: the version that ran well before the running one, or the running one itself when the
 * last deployment failed. Undefined when there is none.
 * @param past the instance's deployments, oldest first
 */
export function lastGoodVersion<Past extends PastDeployment>(past: readonly Past[]): Past | undefined {
  const versions = versionsOf(past)
  const last = past.findLast(({ status }) => status === 'failed' || status === 'completed')
  return versions.at(last?.status === 'failed' ? -1 : -2)
}

/**
 * The copy that going back to a version puts back: the one from before the version that followed it. Where the version runs and a
 * deployment after it failed, that one's copy, which is there only if the failure could not be taken back. Undefined when there
 * is nothing to go back from.
 */
export function copyOf(past: readonly PastDeployment[], backTo: string): { before: string, isRequired: boolean } | undefined {
  const versions = versionsOf(past)
  const next = versions[versions.findLastIndex(({ deploymentId }) => deploymentId === backTo) + 1]
  if (next) return { before: next.deploymentId, isRequired: true }
  const last = past.findLast(({ status }) => status === 'failed' || status === 'completed')
  return last?.status === 'failed' ? { before: last.deploymentId, isRequired: false } : undefined
}

/** What deploying an instance would be, once what goes on has succeeded: again, or anew. */
export function kindOfDeploying(past: readonly PastDeployment[]): 'create' | 'redeploy' {
  const hoped = past.map(one => isFinal(one.status) ? one : { ...one, status: 'completed' as const })
  return versionsOf(hoped).length > 0 ? 'redeploy' : 'create'
}

/** As many earlier tries as a job names. */
const MAX_TRIES = 50

/** Deployments that tried to make an instance that does not stand, the last one first: each may have left a part of it. */
export function failedTries(past: readonly PastDeployment[]): string[] {
  const since = past.slice(past.findLastIndex(({ status }) => status === 'completed') + 1)
  return since.filter(({ kind, status }) => kind === 'create' && status === 'failed').map(({ deploymentId }) => deploymentId).reverse().slice(0, MAX_TRIES)
}

/** Deployments of an instance that a new one waits for. */
export function waitingFor(past: readonly PastDeployment[]): number {
  return past.filter(({ status }) => !isFinal(status)).length
}
