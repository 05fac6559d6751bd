/** What a deployment would do while somebody still chooses. */
import type { Preview, PreviewQuery } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import { onScopeDispose, shallowReadonly, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'

/**
 * Reads the plan of what is asked for, anew whenever that changes; the last one stays until another is there, and where none can be read.
 * @param toAsked undefined while nothing is to be read
 */
export function usePlan(tenantId: string, toAsked: () => PreviewQuery | undefined): Readonly<ShallowRef<Preview | undefined>> {
  const { rest } = useNeoClient()
  const preview = shallowRef<Preview>()
  let reading = new AbortController()
  onScopeDispose(() => { reading.abort() })
  watch(() => JSON.stringify(toAsked()), async () => {
    reading.abort()
    const { signal } = reading = new AbortController()
    const asked = toAsked()
    const answer = asked && await rest.deployments.preview(tenantId, asked, { signal }).catch(() => undefined)
    if (answer && !signal.aborted) preview.value = answer
  }, { immediate: true })
  return shallowReadonly(preview)
}
