/** What every look at one tenant's inbox shares: the counter, and word of each change, of the tenant's events or of another device. */
import type { Client, Feed } from '@neo-stack/client'
import type { Envelope, InboxState, NotificationType } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import type { OpenFeed } from '../feed-store.ts'
import { billingCategories, formatChannel } from '@neo-stack/events'
import { shallowRef } from 'vue'

/** See {@link openInbox}. */
export interface InboxView {
  unread: ShallowRef<number>
  /** Types that this user does not want to be told of. */
  muted: ShallowRef<readonly string[]>
  /** Called when the list may have changed, with what changed where that is known. */
  changes: Set<(patch?: InboxPatch) => void>
  /** Called with each event that arrives while somebody watches. */
  arrivals: Set<(event: Envelope) => void>
}

/** Notifications that another device put into a state. */
export interface InboxPatch {
  ids: readonly string[]
  state: InboxState
}

const types = Object.keys(billingCategories) as NotificationType[]

/** Runs one at a time; what is asked meanwhile becomes one more run. */
export function createSingleFlight(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let isAsked = false
  const run = async (): Promise<void> => {
    do {
      isAsked = false
      await work()
    } while (isAsked)
  }
  return () => {
    isAsked = true
    return running ??= run().finally(() => { running = undefined })
  }
}

/** Opens the feeds of an inbox: the tenant's billing events, and what this user did on other devices. */
export function openInbox(tenantId: string): OpenFeed<InboxView> {
  return (client, { onView, onStatus, ...handlers }) => {
    const view: InboxView = { unread: shallowRef(0), muted: shallowRef([]), changes: new Set(), arrivals: new Set() }
    const count = createSingleFlight(async () => {
      const page = await client.rest.billing.notifications(tenantId, { limit: 1 }).catch(() => undefined)
      if (page) view.unread.value = page.unread
      if (page) onView()
    })
    const choose = createSingleFlight(async () => {
      const preferences = await client.rest.billing.preferences(tenantId).catch(() => undefined)
      if (preferences) view.muted.value = types.filter(type => !preferences.categories[billingCategories[type]].app)
    })
    const onChange = (patch?: InboxPatch): void => {
      void count()
      for (const tell of view.changes) tell(patch)
    }
    // The other device's word carries the counter: it shows before anything is asked.
    const onDevice = ({ type, data: { unread, ids, state } }: Envelope): void => {
      if (type === 'billing_preferences_changed') void choose()
      if (typeof unread === 'number') view.unread.value = unread
      onChange(Array.isArray(ids) ? { ids: ids as string[], state: state as InboxState } : undefined)
    }
    const billing = client.feeds.events(formatChannel('billing', { tenantId }), {
      ...handlers, ...onStatus && { onStatus }, onSnapshot: () => {
        void choose()
        onChange()
      },
      onEvent: event => {
        for (const tell of view.arrivals) tell(event)
        onChange()
      },
    })
    return { view, feed: together(billing, openDevices(client, onDevice)) }
  }
}

/** What the user's other devices say; operators have no inbox of their own in a tenant. */
function openDevices({ feeds, session }: Client, onDevice: (event: Envelope) => void): Feed | undefined {
  const { user } = session
  if (!user) return undefined
  const onEvent = (event: Envelope): void => { if (event.type === 'inbox_changed' || event.type === 'billing_preferences_changed') onDevice(event) }
  return feeds.events(formatChannel('user', { tenantId: user.tenantId, userId: user.id }), { onSnapshot: () => undefined, onEvent })
}

/** Two feeds that start and stop as one; the first says how they are. */
function together(first: Feed, second: Feed | undefined): Feed {
  return {
    get status() { return first.status },
    start: () => { first.start(); second?.start() },
    stop: () => { first.stop(); second?.stop() },
  }
}
