/**
 * One running feed per channel and app, however many components look at it: the first to connect starts it, the last to let go
 * stops it. A composable lets go with its scope.
 */
import type { Client, CommonHandlers, Feed, FeedFault, FeedStatus } from '@neo-stack/client'
import type { ComputedRef, ShallowRef } from 'vue'
import { computed, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { useNeoClient } from './client.ts'

/** What components see of a feed besides its view. */
export interface FeedRefs {
  /** Where the feed is. */
  status: Readonly<ShallowRef<FeedStatus>>
  /** Whether what is shown is live. */
  isConnected: ComputedRef<boolean>
  /** Whether there is a first view: false means nothing is known yet, not that there is nothing. */
  isLoaded: ComputedRef<boolean>
  /** Why the feed was denied or failed, or why there is still no first view. */
  error: ComputedRef<FeedFault | null>
  /** Starts, also again after a failure. Idempotent. */
  connect: () => void
  /** Lets go. Idempotent. */
  disconnect: () => void
}

/** Makes a feed and the view it fills; `onView` says that there is a first view. */
export type OpenFeed<View> = (client: Client, handlers: CommonHandlers & { onView: () => void }) => { view: View, feed: Feed }

interface Store<View> {
  view: View
  feed: Feed
  status: ShallowRef<FeedStatus>
  isLoaded: ShallowRef<boolean>
  holders: Set<symbol>
  users: Set<symbol>
  /** Stops watching the connection. */
  close: () => void
}

const stores = new WeakMap<Client, Map<string, Store<unknown>>>()

/** Looks at the feed named `key`, opening it when nobody does yet. The key decides the view's type. */
export function useFeed<View>(key: string, open: OpenFeed<View>): FeedRefs & { view: View } {
  const client = useNeoClient()
  const store = hold(client, key, open)
  const me = Symbol(key)
  store.holders.add(me)

  const connect = (): void => {
    store.users.add(me)
    store.feed.start()
  }
  const disconnect = (): void => {
    if (store.users.delete(me) && store.users.size === 0) store.feed.stop()
  }
  onScopeDispose(() => {
    disconnect()
    store.holders.delete(me)
    if (store.holders.size > 0) return
    store.close()
    stores.get(client)?.delete(key)
  })

  return {
    view: store.view,
    status: shallowReadonly(store.status),
    isConnected: computed(() => store.status.value.state === 'live' || store.status.value.state === 'catching-up'),
    isLoaded: computed(() => store.isLoaded.value),
    error: computed(() => 'reason' in store.status.value ? store.status.value.reason ?? null : null),
    connect,
    disconnect,
  }
}

function hold<View>(client: Client, key: string, open: OpenFeed<View>): Store<View> {
  const ofClient = stores.get(client) ?? new Map<string, Store<unknown>>()
  stores.set(client, ofClient)
  const known = ofClient.get(key)
  if (known) return known as Store<View>
  const status = shallowRef<FeedStatus>({ state: 'idle' })
  const isLoaded = shallowRef(false)
  const handlers = {
    onStatus: (next: FeedStatus) => { status.value = next },
    onView: () => { isLoaded.value = true },
  }
  const users = new Set<symbol>()
  const opened = open(client, handlers)
  const close = client.connection.onStatus(({ state }) => {
    if (state === 'connected' && users.size > 0 && isClosed(status.value)) opened.feed.start()
  })
  const store: Store<View> = { ...opened, status, isLoaded, holders: new Set(), users, close }
  ofClient.set(key, store)
  return store
}

/** A feed that failed because the connection was closed goes on when there is one again. */
function isClosed(status: FeedStatus): boolean {
  return status.state === 'failed' && status.reason.code === 'closed'
}
