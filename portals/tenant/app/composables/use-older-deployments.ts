/** Deployments older than those that are watched, page by page. */
import type { Deployment } from '@neo-stack/events'

const PAGE = 200

export function useOlderDeployments(tenantId: string) {
  const { rest } = useNeoClient()
  const { ofError } = useSentences()
  const toast = useToast()
  const older = shallowRef<readonly Deployment[]>([])
  const hasOlder = ref(false)
  const isReading = ref(false)
  let cursor: string | undefined

  async function readOlder(): Promise<void> {
    if (isReading.value) return
    isReading.value = true
    try {
      const page = await rest.deployments.list(tenantId, { limit: PAGE, ...cursor !== undefined && { cursor } })
      older.value = [...older.value, ...page.deployments]
      cursor = page.next
      hasOlder.value = cursor !== undefined
    } catch (error) {
      toast.add({ title: ofError(error), color: 'error', icon: 'i-lucide-circle-alert' })
    } finally {
      isReading.value = false
    }
  }
  // The first page is the one that is watched: it says whether there are more.
  onMounted(readOlder)
  return { older, hasOlder, isReading, readOlder }
}
