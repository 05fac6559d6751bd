/** The newest events of one channel, live. */
import type { Envelope } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import { shallowReadonly, shallowRef } from 'vue'
import { useFeed } from '../feed-store.ts'

/** Events kept. */
const MAX_EVENTS = 50

/** What {@link useRecentEvents} gives. */
export interface RecentEvents extends FeedRefs {
  /** Newest first. */
  recent: Readonly<ShallowRef<readonly Envelope[]>>
}

/** Watches a channel that keeps a log. Nothing is asked before `connect()`; let go with the scope. */
export function useRecentEvents(channel: string): RecentEvents {
  const { view: recent, ...feed } = useFeed(`events ${channel}`, ({ feeds }, { onView, ...handlers }) => {
    const view = shallowRef<readonly Envelope[]>([])
    const onSnapshot = (events: readonly Envelope[]): void => {
      view.value = events.toReversed().slice(0, MAX_EVENTS)
      onView()
    }
    const onEvent = (event: Envelope): void => { view.value = [event, ...view.value].slice(0, MAX_EVENTS) }
    return { view, feed: feeds.events(channel, { ...handlers, onSnapshot, onEvent }) }
  })
  return { ...feed, recent: shallowReadonly(recent) }
}
