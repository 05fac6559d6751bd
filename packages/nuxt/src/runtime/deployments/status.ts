/** What a deployment's status means to a reader. Pure. */
import { isFinal, type Deployment, type DeploymentStatus } from '@neo-stack/events'

/** Colour of a status; it never stands without the status' word. */
export type StatusColor = 'neutral' | 'info' | 'success' | 'error' | 'warning'

const colors: Readonly<Record<DeploymentStatus, StatusColor>> = {
  queued: 'neutral',
  starting: 'info',
  in_progress: 'info',
  completed: 'success',
  failed: 'error',
  cancelled: 'warning',
}

/** Colour of a status. */
export function toStatusColor(status: DeploymentStatus): StatusColor {
  return colors[status]
}

/** Whether the deployment still goes on. */
export function isRunning({ status }: Pick<Deployment, 'status'>): boolean {
  return !isFinal(status)
}

/** Running ones first; otherwise the order stays. */
export function inDisplayOrder(deployments: readonly Deployment[]): Deployment[] {
  return [...deployments.filter(isRunning), ...deployments.filter(one => !isRunning(one))]
}

/** Gives each queued deployment its place: counted anew from all that are known, as those before it start. */
export function placeInQueue(deployments: ReadonlyMap<string, Deployment>): ReadonlyMap<string, Deployment> {
  // Newest first: the last one of the map is next.
  const queued = [...deployments.values()].filter(({ status }) => status === 'queued').reverse()
  if (queued.length === 0) return deployments
  const placed = new Map(deployments)
  for (const [index, one] of queued.entries()) placed.set(one.deploymentId, { ...one, queuePosition: index + 1 })
  return placed
}

/** What a person calls the deployment: its name, else its instance. */
export function toTitle({ name, instanceId }: Pick<Deployment, 'name' | 'instanceId'>): string {
  return name ?? instanceId
}
