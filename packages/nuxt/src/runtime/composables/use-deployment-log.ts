/** The log of one deployment, live. */
import type { LogView } from '@neo-stack/client'
import type { LogLine } from '@neo-stack/events'
import type { ComputedRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import { computed, shallowRef } from 'vue'
import { useFeed } from '../feed-store.ts'

/** What {@link useDeploymentLog} gives. */
export interface DeploymentLog extends FeedRefs {
  /** Consecutive lines, oldest first: the last 1,000 at first. */
  lines: ComputedRef<readonly LogLine[]>
  /** Number of the newest line, 0 when there is none. */
  last: ComputedRef<number>
}

/**
 * Watches the log of a deployment. Nothing is asked before `connect()`; let go with the scope.
 * @example
 * const { lines, connect } = useDeploymentLog('acme', deploymentId)
 * onMounted(connect)
 */
export function useDeploymentLog(tenantId: string, deploymentId: string): DeploymentLog {
  const { view: log, ...feed } = useFeed(`log ${tenantId} ${deploymentId}`, ({ feeds }, { onView, ...handlers }) => {
    const view = shallowRef<LogView>({ lines: [], last: 0 })
    const onChange = (next: LogView): void => {
      view.value = next
      onView()
    }
    return { view, feed: feeds.deploymentLog({ tenantId, deploymentId }, { ...handlers, onChange }) }
  })
  return { ...feed, lines: computed(() => log.value.lines), last: computed(() => log.value.last) }
}
