/** The instances of a tenant. */
import type { ApiError } from '@neo-stack/client'
import type { Instance } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import { onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'

/** What {@link useInstances} gives. */
export interface Instances {
  instances: Readonly<ShallowRef<readonly Instance[]>>
  isLoaded: Readonly<ShallowRef<boolean>>
  error: Readonly<ShallowRef<ApiError | null>>
  /** Reads again; what was read before stays until the answer is there. */
  refresh: () => Promise<void>
}

/** Reads the instances of a tenant when `refresh()` is called; requests end with the scope. */
export function useInstances(tenantId: string): Instances {
  const { rest } = useNeoClient()
  const instances = shallowRef<readonly Instance[]>([])
  const isLoaded = shallowRef(false)
  const error = shallowRef<ApiError | null>(null)
  const reading = new AbortController()
  onScopeDispose(() => { reading.abort() })

  async function refresh(): Promise<void> {
    try {
      instances.value = (await rest.instances.list(tenantId, { signal: reading.signal })).instances
      isLoaded.value = true
      error.value = null
    } catch (cause) {
      if (!reading.signal.aborted) error.value = cause as ApiError
    }
  }
  return { instances: shallowReadonly(instances), isLoaded: shallowReadonly(isLoaded), error: shallowReadonly(error), refresh }
}
