/** What every look at one tenant's inbox shares: the counter, and word of each change, of the tenant's events or of another device. */
import type { Client, Feed } from '@neo-stack/client'
import type { Envelope } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import type { OpenFeed } from '../feed-store.ts'
import { formatChannel } from '@neo-stack/events'
import { shallowRef } from 'vue'

/** See {@link openInbox}. */
export interface InboxView {
  unread: ShallowRef<number>
  /** Called when the list may have changed. */
  changes: Set<() => void>
  /** Called with each event that arrives while somebody watches. */
  arrivals: Set<(event: Envelope) => void>
}

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
    const view: InboxView = { unread: shallowRef(0), changes: new Set(), arrivals: new Set() }
    const count = createSingleFlight(async () => {
      const page = await client.rest.billing.notifications(tenantId, { limit: 1 }).catch(() => undefined)
      if (page) view.unread.value = page.unread
      if (page) onView()
    })
    const onChange = (): void => {
      void count()
      for (const tell of view.changes) tell()
    }
    const billing = client.feeds.events(formatChannel('billing', { tenantId }), {
      ...handlers, ...onStatus && { onStatus }, onSnapshot: onChange,
      onEvent: event => {
        for (const tell of view.arrivals) tell(event)
        onChange()
      },
    })
    return { view, feed: together(billing, openDevices(client, onChange)) }
  }
}

/** What the user's other devices say; operators have no inbox of their own in a tenant. */
function openDevices({ feeds, session }: Client, onChange: () => void): Feed | undefined {
  const { user } = session
  if (!user) return undefined
  const onEvent = ({ type }: Envelope): void => { if (type === 'inbox_changed') onChange() }
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
