/** The deployments of a tenant, live (specification case 1.3). */
import type { DeploymentMap } from '@neo-stack/client'
import type { CreateDeployment, Deployment, DeploymentAccepted } from '@neo-stack/events'
import type { ComputedRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import { computed, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'
import { inDisplayOrder, placeInQueue } from '../deployments/status.ts'
import { useFeed } from '../feed-store.ts'

/** What {@link useDeploymentEvents} gives. */
export interface DeploymentEvents extends FeedRefs {
  /** Deployments by identifier: each the merge of all its events. */
  events: ComputedRef<DeploymentMap>
  getDeploymentEvents: (deploymentId: string) => ComputedRef<Deployment | undefined>
  /** All deployments, running ones first, then the newest first. */
  getAllDeployments: () => ComputedRef<readonly Deployment[]>
  /** Starts a deployment. Rejects with `ApiError`. */
  createDeployment: (deployment: CreateDeployment) => Promise<DeploymentAccepted>
  cancelDeployment: (deploymentId: string) => Promise<void>
  /** Runs a failed deployment's plan again, as a new deployment. */
  retryDeployment: (deploymentId: string) => Promise<DeploymentAccepted>
}

/**
 * Watches the deployments of a tenant. Nothing is asked before `connect()`; let go with the scope.
 * @example
 * const { connect, getAllDeployments } = useDeploymentEvents(user.tenantId)
 * const deployments = getAllDeployments()
 * onMounted(connect)
 */
export function useDeploymentEvents(tenantId: string): DeploymentEvents {
  const { rest } = useNeoClient()
  const { view: merged, ...feed } = useFeed(`deployments ${tenantId}`, ({ feeds }, { onView, ...handlers }) => {
    const view = shallowRef<DeploymentMap>(new Map())
    const onChange = (deployments: DeploymentMap): void => {
      view.value = deployments
      onView()
    }
    return { view, feed: feeds.deployments(tenantId, { ...handlers, onChange }) }
  })
  const events = computed(() => placeInQueue(merged.value))
  const all = computed(() => inDisplayOrder([...events.value.values()]))
  return {
    ...feed,
    events,
    getDeploymentEvents: deploymentId => computed(() => events.value.get(deploymentId)),
    getAllDeployments: () => all,
    createDeployment: deployment => rest.deployments.create(tenantId, deployment),
    cancelDeployment: deploymentId => rest.deployments.cancel(tenantId, deploymentId),
    retryDeployment: deploymentId => rest.deployments.retry(tenantId, deploymentId),
  }
}
