/** Says that the signed-in person is here, on the page that is looked at, as long as the scope lives. */
import { onScopeDispose, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { useSession } from './use-session.ts'

/** Beats for whoever is signed in and may be present. `currentPage` is a path inside the portal, without what is searched for. */
export function useHeartbeat(currentPage: () => string): void {
  const { presence } = useNeoClient()
  const { user, can } = useSession()
  let stop = (): void => undefined
  const start = (tenantId: string | undefined): void => {
    stop()
    stop = () => undefined
    if (tenantId === undefined || !(can('presence:write') || can('admin:*'))) return
    const heartbeat = presence.heartbeat(tenantId)
    heartbeat.setPage(currentPage())
    heartbeat.start()
    const unwatch = watch(currentPage, page => { heartbeat.setPage(page) })
    stop = () => {
      unwatch()
      heartbeat.stop()
    }
  }
  watch(() => user.value?.tenantId, start, { immediate: true })
  onScopeDispose(() => { stop() })
}
