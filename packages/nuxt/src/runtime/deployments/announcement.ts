/** What a screen reader is told: a deployment's change of status, nothing more often. */
import type { Deployment, DeploymentStatus } from '@neo-stack/events'
import type { Ref } from 'vue'
import { ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { toTitle } from './status.ts'

/** The sentence of the last change of status; empty until there is one. */
export function useAnnouncement(deployments: Readonly<Ref<ReadonlyMap<string, Deployment>>>): Ref<string> {
  const { t } = useI18n()
  const sentence = ref('')
  const known = new Map<string, DeploymentStatus>()
  watch(deployments, (now, before) => {
    for (const deployment of now.values()) {
      const { deploymentId, status } = deployment
      const isNews = before !== undefined && before.size > 0 && known.get(deploymentId) !== status
      known.set(deploymentId, status)
      if (isNews) sentence.value = `${toTitle(deployment)}: ${t(`status.${status}`)}`
    }
  }, { immediate: true })
  return sentence
}
