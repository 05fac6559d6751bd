/** The history of a tenant, searched and live: a list that goes on in both directions. */
import type { ApiError, SearchQuery } from '@neo-stack/client'
import type { Envelope, SearchHit } from '@neo-stack/events'
import type { ComputedRef, Ref, ShallowRef } from 'vue'
import type { Pages } from '../history/pages-state.ts'
import { accessTable, formatChannel, PLATFORM_TENANT } from '@neo-stack/events'
import { computed, onScopeDispose, readonly, ref, shallowReadonly, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'
import { useFeed } from '../feed-store.ts'
import { addNewer, addOlder, hitsOf, noPages, startPages } from '../history/pages-state.ts'
import { useSession } from './use-session.ts'

/** What to look for; without anything everything is shown. */
export type HistoryFilter = Pick<SearchQuery, 'q' | 'type' | 'channel'>

/** What {@link useEventHistory} gives. */
export interface EventHistory {
  /** Newest first. */
  hits: ComputedRef<readonly SearchHit[]>
  isLoaded: Readonly<Ref<boolean>>
  isLoading: Readonly<Ref<boolean>>
  error: Readonly<ShallowRef<ApiError | null>>
  hasOlder: ComputedRef<boolean>
  /** Whether the newest is not shown: after a jump, or when too much was read. */
  hasNewer: ComputedRef<boolean>
  /** Events that came and are not shown, because `hold` asked for it. */
  fresh: Readonly<Ref<number>>
  /** Whether new events are followed. */
  isConnected: ComputedRef<boolean>
  /** Looks from the newest, or from a moment backwards. */
  search: (filter: HistoryFilter, until?: string) => Promise<void>
  loadOlder: () => Promise<void>
  loadNewer: () => Promise<void>
  /** While held, new events are counted instead of shown: the reader is elsewhere. */
  hold: (isHeld: boolean) => void
  /** The events of a channel around a place, oldest first. */
  around: (channel: string, seq: number) => Promise<readonly Envelope[]>
  /** Follows what is new. Idempotent. */
  connect: () => void
}

const LIMIT = 50

/** Events before and after the one that is looked at. */
const AROUND = 5

/** Families whose new events are followed, of those that the person may read: of a tenant, and of the operators. */
const LIVE = {
  tenant: ['deployments', 'alerts', 'billing', 'activity', 'certification'], platform: ['admin-alerts', 'admin-activity', 'admin-tenants'],
} as const

/**
 * Reads a tenant's history. Nothing is asked before `search()`; requests and feeds end with the scope.
 * @example
 * const { hits, search, loadOlder } = useEventHistory('acme')
 * await search({ q: 'disk -severity:info' })
 */
export function useEventHistory(tenantId: string): EventHistory {
  const { rest } = useNeoClient()
  const pages = shallowRef<Pages>(noPages)
  const [isLoaded, isLoading, fresh] = [ref(false), ref(false), ref(0)]
  const error = shallowRef<ApiError | null>(null)
  const feeds = useReadableFamilies(tenantId).map(family => useArrivals(formatChannel(family, { tenantId }), () => void onArrival()))
  let filter: HistoryFilter = {}
  let isHeld = false
  let reading = new AbortController()
  onScopeDispose(() => { reading.abort() })

  /** A later search ends an earlier one; whatever else is asked waits for nobody and is not asked twice. */
  async function read(query: SearchQuery, take: (page: Awaited<ReturnType<typeof rest.events.search>>) => Pages): Promise<void> {
    const { signal } = reading
    isLoading.value = true
    try {
      const page = await rest.events.search({ ...toQuery(tenantId, filter), limit: LIMIT, ...query }, { signal })
      if (signal.aborted) return
      pages.value = take(page)
      isLoaded.value = true
      error.value = null
    } catch (cause) {
      if (!signal.aborted) error.value = cause as ApiError
    } finally {
      if (!signal.aborted) isLoading.value = false
    }
  }

  async function search(next: HistoryFilter, until?: string): Promise<void> {
    reading.abort()
    reading = new AbortController()
    filter = next
    fresh.value = 0
    await read(until === undefined ? {} : { to: until }, page => startPages(page, until !== undefined))
  }
  async function loadOlder(): Promise<void> {
    const cursor = pages.value.pages.at(-1)?.next
    if (cursor !== undefined && !isLoading.value) await read({ cursor }, page => addOlder(pages.value, page))
  }
  async function loadNewer(): Promise<void> {
    if (isLoading.value) return
    const cursor = pages.value.pages[0]?.previous
    fresh.value = 0
    await (cursor === undefined ? read({}, page => startPages(page, false)) : read({ cursor }, page => addNewer(pages.value, page, LIMIT)))
  }
  async function onArrival(): Promise<void> {
    if (!isLoaded.value || pages.value.hasNewer) return
    if (isHeld) fresh.value++
    else await loadNewer()
  }
  return {
    hits: computed(() => hitsOf(pages.value)), isLoaded: readonly(isLoaded), isLoading: readonly(isLoading), error: shallowReadonly(error),
    hasOlder: computed(() => pages.value.hasOlder), hasNewer: computed(() => pages.value.hasNewer), fresh: readonly(fresh),
    isConnected: computed(() => feeds.some(feed => feed.isConnected.value)),
    search, loadOlder, loadNewer,
    hold: value => { isHeld = value },
    around: async (channel, seq) => (await rest.events.history({ channel, before: seq + AROUND + 1, limit: 2 * AROUND + 1 }, { signal: reading.signal })).events,
    connect: () => { for (const feed of feeds) feed.connect() },
  }
}

function toQuery(tenantId: string, { q, type, channel }: HistoryFilter): SearchQuery {
  return { ...channel === undefined ? { tenant: tenantId } : { channel }, ...q && { q }, ...type && { type } }
}

/** Families of a tenant whose events the reader may have live. */
function useReadableFamilies(tenantId: string): readonly (typeof LIVE)[keyof typeof LIVE][number][] {
  const { user } = useSession()
  const rights: readonly string[] = user.value?.permissions ?? []
  return LIVE[tenantId === PLATFORM_TENANT ? 'platform' : 'tenant'].filter(family => rights.includes(accessTable[family].read) || rights.includes('admin:*'))
}

/** Tells of each new event of a channel. */
function useArrivals(channel: string, onEvent: () => void): Pick<EventHistory, 'isConnected' | 'connect'> {
  const { isConnected, connect, view } = useFeed(`arrivals ${channel}`, ({ feeds }, { onView, ...handlers }) => {
    const listeners = new Set<() => void>()
    const feed = feeds.events(channel, { ...handlers, onSnapshot: () => { onView() }, onEvent: () => { for (const listener of listeners) listener() } })
    return { view: listeners, feed }
  })
  view.add(onEvent)
  onScopeDispose(() => { view.delete(onEvent) })
  return { isConnected, connect }
}
