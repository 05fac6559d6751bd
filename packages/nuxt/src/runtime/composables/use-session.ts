/** The signed-in person. */
import type { SessionStatus } from '@neo-stack/client'
import type { Permission, User } from '@neo-stack/events'
import type { ComputedRef, ShallowRef } from 'vue'
import { computed, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'

/** What {@link useSession} gives. */
export interface SessionRefs {
  status: Readonly<ShallowRef<SessionStatus>>
  user: ComputedRef<User | undefined>
  /** Whether the person may: what is not allowed is not offered. The service decides in any case. */
  can: (permission: Permission) => boolean
  /** Rejects with `ApiError`. */
  signIn: (email: string, password: string) => Promise<User>
  /** The person is signed out here even when the service cannot be told. */
  signOut: () => Promise<void>
}

/** The session of this app; outside of a scope its refs stay as they are. */
export function useSession(): SessionRefs {
  const { session } = useNeoClient()
  const status = shallowRef<SessionStatus>(session.status)
  onScopeDispose(session.onChange(next => { status.value = next }), true)
  const user = computed(() => status.value.state === 'signed-in' ? status.value.user : undefined)
  return {
    status: shallowReadonly(status),
    user,
    can: permission => user.value?.permissions.includes(permission) ?? false,
    signIn: (email, password) => session.signIn(email, password),
    signOut: () => session.signOut(),
  }
}
