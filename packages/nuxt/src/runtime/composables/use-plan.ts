/** What a deployment would do while somebody still chooses. */
import type { Preview, PreviewQuery } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import { onScopeDispose, shallowReadonly, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'

/**
 * Reads the plan of what is asked for, anew whenever that changes. The last one stays until another is there, unless it is of another stack;
 * where none can be read there is none.
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
    if (preview.value?.instanceType !== asked?.instanceType) preview.value = undefined
    const answer = asked && await rest.deployments.preview(tenantId, asked, { signal }).catch(() => undefined)
    if (!signal.aborted) preview.value = answer
  }, { immediate: true })
  return shallowReadonly(preview)
}
