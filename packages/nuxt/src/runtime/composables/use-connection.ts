/** The realtime connection, as a reader sees it. */
import type { ConnectionStatus } from '@neo-stack/client'
import type { ComputedRef, ShallowRef } from 'vue'
import { computed, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'

/** What {@link useConnection} gives. */
export interface ConnectionRefs {
  status: Readonly<ShallowRef<ConnectionStatus>>
  isConnected: ComputedRef<boolean>
  /** When the connection was lost, in milliseconds since the Unix epoch: what is shown is of that time. `undefined` while it stands. */
  lostAt: ComputedRef<number | undefined>
  /** Does not wait for the next try. */
  retryNow: () => void
}

/** The connection of this app. */
export function useConnection(): ConnectionRefs {
  const { connection } = useNeoClient()
  const status = shallowRef<ConnectionStatus>(connection.status)
  onScopeDispose(connection.onStatus(next => { status.value = next }))
  return {
    status: shallowReadonly(status),
    isConnected: computed(() => status.value.state === 'connected'),
    lostAt: computed(() => status.value.state === 'offline' || status.value.state === 'closed' ? status.value.since : undefined),
    retryNow: () => {
      if (connection.status.state === 'closed') connection.connect()
      else connection.retryNow()
    },
  }
}
