/** Which deployments a person wants to see. Pure. */
import type { Deployment, DeploymentStatus } from '@neo-stack/events'

/** Statuses as a person groups them. */
export const statusGroups = {
  running: ['queued', 'starting', 'in_progress'],
  completed: ['completed'],
  failed: ['failed'],
  cancelled: ['cancelled'],
} as const satisfies Record<string, readonly DeploymentStatus[]>

/** Name of a group. */
export type StatusGroup = keyof typeof statusGroups

/** What to look for; '' and `all` leave everything. */
export interface DeploymentFilter {
  q: string
  group: StatusGroup | 'all'
  stack: string
}

/** Without case and accents. */
const toPlain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase()

/** Those that match; the order stays. */
export function filterDeployments(deployments: readonly Deployment[], { q, group, stack }: DeploymentFilter): readonly Deployment[] {
  const words = toPlain(q).split(/\s+/).filter(Boolean)
  const statuses: readonly DeploymentStatus[] | undefined = group === 'all' ? undefined : statusGroups[group]
  return deployments.filter(({ status, instanceType, name = '', instanceId, deploymentId }) =>
    (!statuses || statuses.includes(status)) && (stack === '' || instanceType === stack)
    && (words.length === 0 || isFound(`${name} ${instanceId} ${deploymentId}`, words)))
}

function isFound(text: string, words: readonly string[]): boolean {
  const plain = toPlain(text)
  return words.every(word => plain.includes(word))
}
