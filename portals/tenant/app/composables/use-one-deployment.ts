/** One deployment by its identifier: the live one, or read by itself when it is older than what the list holds. */
import type { Deployment } from '@neo-stack/events'
import { isNotFound } from '../not-found.ts'

interface OneDeploymentOptions {
  tenantId: string
  deploymentId: string
  /** The live one, where the list holds it. */
  known: Readonly<Ref<Deployment | undefined>>
  /** Whether the list is there. */
  isLoaded: Readonly<Ref<boolean>>
}

export function useOneDeployment({ tenantId, deploymentId, known, isLoaded }: OneDeploymentOptions) {
  const { rest } = useNeoClient()
  const { ofError } = useSentences()
  const toast = useToast()
  const older = shallowRef<Deployment>()
  const isMissing = ref(false)

  watch(isLoaded, async () => {
    if (!isLoaded.value || known.value) return
    try {
      older.value = (await rest.deployments.get(tenantId, deploymentId)).deployment
    } catch (error) {
      isMissing.value = isNotFound(error)
      if (!isMissing.value) toast.add({ title: ofError(error), color: 'error', icon: 'i-lucide-circle-alert' })
    }
  }, { immediate: true })

  return { deployment: computed(() => known.value ?? older.value), isMissing: computed(() => isMissing.value && !known.value) }
}
