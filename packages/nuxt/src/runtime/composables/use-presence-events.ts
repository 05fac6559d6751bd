/** Who of a tenant is here, live (specification case 4.2). */
import type { UserPresence } from '@neo-stack/events'
import type { ComputedRef, ShallowRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import { computed, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'
import { useFeed } from '../feed-store.ts'
import { inPresenceOrder, isLookingAt } from '../presence/order.ts'

/** What {@link usePresenceEvents} gives. */
export interface PresenceEvents extends FeedRefs {
  /** Everybody seen lately, by identifier. */
  users: Readonly<ShallowRef<ReadonlyMap<string, UserPresence>>>
  /** Whoever is not offline: the reader first, then by status. */
  onlineUsers: ComputedRef<readonly UserPresence[]>
  /** Everybody, in the same order; those who are offline come last. */
  sortedUsers: ComputedRef<readonly UserPresence[]>
  /** Others who look at a page now. */
  getViewers: (page: () => string) => ComputedRef<readonly UserPresence[]>
  /** Connects, and calls back with each user who changes, those of the first list included. Ends with the scope. */
  subscribeToPresence: (callback: (user: UserPresence) => void) => void
}

interface PresenceView {
  users: ShallowRef<ReadonlyMap<string, UserPresence>>
  listeners: Set<(user: UserPresence) => void>
}

/**
 * Watches the presence of a tenant. Nothing is asked before `connect()` or `subscribeToPresence()`; let go with the scope.
 * @example
 * const { connect, onlineUsers } = usePresenceEvents(user.tenantId)
 * onMounted(connect)
 */
export function usePresenceEvents(tenantId: string): PresenceEvents {
  const { session } = useNeoClient()
  const { view, ...feed } = useFeed<PresenceView>(`presence ${tenantId}`, ({ feeds }, { onView, ...handlers }) => {
    const made: PresenceView = { users: shallowRef(new Map()), listeners: new Set() }
    const onChange = (users: ReadonlyMap<string, UserPresence>, changed: readonly UserPresence[]): void => {
      made.users.value = users
      onView()
      for (const user of changed) for (const listener of [...made.listeners]) listener(user)
    }
    return { view: made, feed: feeds.presence(tenantId, { ...handlers, onChange }) }
  })
  const me = (): string => session.user?.id ?? ''
  const sortedUsers = computed(() => inPresenceOrder(view.users.value.values(), me()))
  return {
    ...feed,
    users: shallowReadonly(view.users),
    sortedUsers,
    onlineUsers: computed(() => sortedUsers.value.filter(({ status }) => status !== 'offline')),
    getViewers: page => computed(() => sortedUsers.value.filter(user => user.userId !== me() && isLookingAt(user, page()))),
    subscribeToPresence: callback => {
      view.listeners.add(callback)
      onScopeDispose(() => { view.listeners.delete(callback) })
      feed.connect()
    },
  }
}
