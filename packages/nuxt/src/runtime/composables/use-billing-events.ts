/** The billing inbox of this user, live on all devices (specification case 2.2). */
import type { ApiError, NotificationsQuery } from '@neo-stack/client'
import type { Envelope, InboxCount, InboxState, Notification } from '@neo-stack/events'
import type { ComputedRef, ShallowRef } from 'vue'
import type { InboxPatch, InboxView } from '../billing/store.ts'
import type { FeedRefs } from '../feed-store.ts'
import { computed, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { createSingleFlight, openInbox } from '../billing/store.ts'
import { useNeoClient } from '../client.ts'
import { useFeed } from '../feed-store.ts'

/** What of the inbox is shown; without anything what is not archived. */
export type InboxFilter = Pick<NotificationsQuery, 'state' | 'type' | 'q'>

/** What {@link useBillingEvents} gives. */
export interface BillingEvents extends Omit<FeedRefs, 'error'> {
  /** Newest first, as far as they were read. */
  notifications: Readonly<ShallowRef<readonly Notification[]>>
  /** Counted by the service over the whole inbox. */
  unreadCount: ComputedRef<number>
  /** Why the list could not be read. */
  error: ComputedRef<FeedRefs['error']['value'] | ApiError>
  hasMore: ComputedRef<boolean>
  /** Whether something can be undone. */
  canUndo: ComputedRef<boolean>
  /** Reads the list anew under a filter. */
  show: (filter?: InboxFilter) => Promise<void>
  loadMore: () => Promise<void>
  markAsRead: (id: string) => Promise<void>
  markAsUnread: (id: string) => Promise<void>
  archive: (id: string) => Promise<void>
  markAllAsRead: () => Promise<void>
  /** Takes back the last act of this page. */
  undo: () => Promise<void>
  /** Notes that the inbox was looked at: what is there now is not sent by e-mail. */
  see: () => Promise<void>
  /** Whether an event is worth telling: the user wants its category, and no newer word of the same thing is known. */
  isWorthTelling: (event: Pick<Envelope, 'type' | 'data'>) => boolean
  /** Calls back with each event that arrives; ends with the scope. */
  onArrival: (callback: (event: Envelope) => void) => void
}

const PAGE = 50

/** Most notifications that are read at once. */
const MAX_PAGE = 200

/**
 * Watches the billing inbox. Nothing is asked before `connect()`; the list is read by `show()` and from then on followed.
 * @example
 * const { connect, show, notifications, unreadCount, markAsRead } = useBillingEvents('acme')
 * onMounted(() => { connect(); void show() })
 */
export function useBillingEvents(tenantId: string): BillingEvents {
  const { view, error, ...feed } = useFeed(`billing ${tenantId}`, openInbox(tenantId))
  const { rest } = useNeoClient()
  const list = useList(tenantId, view)
  const acts = useActs(tenantId, view, list)
  const listeners = new Set<(event: Envelope) => void>()
  onScopeDispose(() => { for (const listener of listeners) view.arrivals.delete(listener) })
  return {
    ...feed, ...acts,
    notifications: shallowReadonly(list.notifications),
    unreadCount: computed(() => view.unread.value),
    isLoaded: list.isLoaded,
    error: computed(() => list.error.value ?? error.value),
    hasMore: computed(() => list.next.value !== undefined),
    show: list.show,
    loadMore: list.loadMore,
    see: createSingleFlight(() => rest.billing.see(tenantId)),
    isWorthTelling: ({ type, data }) => type.startsWith('billing_') && data['overtaken'] !== true && !view.muted.value.includes(type),
    onArrival: callback => {
      listeners.add(callback)
      view.arrivals.add(callback)
    },
  }
}

interface List extends Pick<BillingEvents, 'show' | 'loadMore' | 'isLoaded'> {
  notifications: ShallowRef<readonly Notification[]>
  next: ShallowRef<string | undefined>
  error: ShallowRef<ApiError | null>
  refresh: () => Promise<void>
}

/** The notifications under a filter, read again with each change. */
function useList(tenantId: string, view: InboxView): List {
  const { rest: { billing } } = useNeoClient()
  const notifications = shallowRef<readonly Notification[]>([])
  const next = shallowRef<string>()
  const error = shallowRef<ApiError | null>(null)
  const isLoaded = shallowRef(false)
  const reading = new AbortController()
  let filter: InboxFilter | undefined

  async function read(query: NotificationsQuery, take: (items: readonly Notification[]) => readonly Notification[]): Promise<void> {
    const asked = filter
    try {
      const page = await billing.notifications(tenantId, { ...asked, ...query }, { signal: reading.signal })
      if (asked !== filter) return
      notifications.value = take(page.items)
      next.value = page.next
      view.unread.value = page.unread
      isLoaded.value = true
      error.value = null
    } catch (cause) {
      if (!reading.signal.aborted) error.value = cause as ApiError
    }
  }
  const refresh = createSingleFlight(() => read({ limit: Math.min(MAX_PAGE, Math.max(PAGE, notifications.value.length)) }, items => items))
  const follow = (patch?: InboxPatch): void => {
    if (!filter) return
    if (patch) notifications.value = notifications.value.map(one => patch.ids.includes(one.id) ? toState(one, patch.state) : one)
    void refresh()
  }
  view.changes.add(follow)
  onScopeDispose(() => {
    reading.abort()
    view.changes.delete(follow)
  })
  return {
    notifications, next, error, refresh, isLoaded: computed(() => isLoaded.value),
    show: async (wanted = {}) => {
      filter = wanted
      await refresh()
    },
    loadMore: async () => { if (next.value !== undefined) await read({ before: next.value, limit: PAGE }, items => [...notifications.value, ...items]) },
  }
}

const toState = (one: Notification, state: InboxState): Notification => ({ ...one, state, read: state !== 'unread' })

type Acts = Pick<BillingEvents, 'markAsRead' | 'markAsUnread' | 'archive' | 'markAllAsRead' | 'undo' | 'canUndo'>

/** What a person does with notifications: shown at once, the service's word comes after. */
function useActs(tenantId: string, view: InboxView, { notifications, refresh }: List): Acts {
  const { rest: { billing } } = useNeoClient()
  /** Takes the last act back and answers the counter. */
  const takeBack = shallowRef<() => Promise<InboxCount>>()

  async function act(id: string, state: InboxState): Promise<void> {
    const before = notifications.value
    const was = before.find(one => one.id === id)?.state
    notifications.value = before.map(one => one.id === id ? toState(one, state) : one)
    try {
      view.unread.value = (await billing.mark({ tenantId, id, state })).unread
    } catch (cause) {
      notifications.value = before
      throw cause
    }
    if (was) takeBack.value = () => billing.mark({ tenantId, id, state: was })
    await refresh()
  }
  return {
    canUndo: computed(() => takeBack.value !== undefined),
    markAsRead: id => act(id, 'read'),
    markAsUnread: id => act(id, 'unread'),
    archive: id => act(id, 'archived'),
    markAllAsRead: async () => {
      const { unread, mark } = await billing.readAll(tenantId)
      view.unread.value = unread
      takeBack.value = () => billing.undoReadAll(tenantId, mark)
      await refresh()
    },
    undo: async () => {
      const last = takeBack.value
      takeBack.value = undefined
      if (last) view.unread.value = (await last()).unread
      await refresh()
    },
  }
}
