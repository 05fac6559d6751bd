/** What of an instance's past still counts: which version runs, and which one ran well before it. Pure. */

import { isFinal, type DeploymentKind, type DeploymentStatus } from '@neo-stack/events'

/** A deployment as its instance's past needs it. */
export interface PastDeployment {
  deploymentId: string
  kind: DeploymentKind
  status: DeploymentStatus
}

/** The versions of an instance that a person could have now, the running one last. Empty when nothing stands. */
export function versionsOf<Past extends PastDeployment>(past: readonly Past[]): Past[] {
  const versions: Past[] = []
  for (const one of past) {
    if (one.status !== 'completed') continue
    if (one.kind === 'delete') versions.length = 0
    // What a rollback left behind is no version to come back to; the first one is never left.
    else if (one.kind === 'rollback') versions.splice(Math.max(1, versions.length - 1))
    else versions.push(one)
  }
  return versions
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

/** What deploying an instance would be, once what goes on has succeeded: again, or anew. */
export function kindOfDeploying(past: readonly PastDeployment[]): 'create' | 'redeploy' {
  const hoped = past.map(one => isFinal(one.status) ? one : { ...one, status: 'completed' as const })
  return versionsOf(hoped).length > 0 ? 'redeploy' : 'create'
}

/** Deployments of an instance that a new one waits for. */
export function waitingFor(past: readonly PastDeployment[]): number {
  return past.filter(({ status }) => !isFinal(status)).length
}
