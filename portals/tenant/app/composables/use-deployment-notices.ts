/** Says that a deployment ended while the reader was on another page, unless that was turned off. */
import type { DeploymentStatus } from '@neo-stack/events'

const looks: Partial<Record<DeploymentStatus, { color: 'success' | 'error', icon: string }>> = {
  completed: { color: 'success', icon: 'i-lucide-check' },
  failed: { color: 'error', icon: 'i-lucide-circle-alert' },
}

export function useDeploymentNotices(tenantId: string): void {
  const { t } = useI18n()
  const toast = useToast()
  const route = useRoute()
  const isWanted = useNotices('deployments')
  const { getAllDeployments } = useDeploymentEvents(tenantId)
  const deployments = getAllDeployments()
  const running = new Set<string>()

  watch(deployments, all => {
    for (const { deploymentId, status, name, instanceId, finishedAt } of all) {
      if (finishedAt === undefined) running.add(deploymentId)
      const look = looks[status]
      if (finishedAt === undefined || !running.delete(deploymentId) || !look || !isWanted.value) continue
      if (route.path === '/' || route.path === `/deployments/${deploymentId}` || document.visibilityState === 'hidden') continue
      toast.add({ title: name ?? instanceId, description: t(`status.${status}`), ...look, actions: [{ label: t('deployments.details'), color: 'neutral', variant: 'outline', onClick: () => { void navigateTo(`/deployments/${deploymentId}`) } }] })
    }
  }, { immediate: true })
}
