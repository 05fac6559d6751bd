/** The tenant's instances, read again whenever a deployment ends, and since when each is up or down. */
import type { Instance } from '@neo-stack/events'

/** What {@link useTenantInstances} gives. */
export interface TenantInstances extends ReturnType<typeof useInstances> {
  /** Up since its last deployment ended well, down since it ended otherwise; ISO 8601. */
  sinceOf: (instance: Instance) => string
}

/** Reads when the page is mounted and follows from then on. */
export function useTenantInstances(tenantId: string): TenantInstances {
  const instances = useInstances(tenantId)
  const { events, getAllDeployments } = useDeploymentEvents(tenantId)
  const deployments = getAllDeployments()
  const ended = computed(() => deployments.value.filter(({ finishedAt }) => finishedAt !== undefined).length)
  watch(ended, instances.refresh)
  onMounted(instances.refresh)
  return { ...instances, sinceOf: ({ deploymentId, createdAt }) => events.value.get(deploymentId)?.finishedAt ?? createdAt }
}
