/** A reader of one channel that keeps everything its feed was given: what the matchers look at. */

import type { Client } from '@neo-stack/client'
import type { Envelope } from '@neo-stack/events'
import type { Journal } from './journal.ts'
import { until } from './until.ts'

/** How a listener listens. */
export interface ListenOptions {
  /** Gets each event too. */
  journal?: Journal
  /** Milliseconds until the feed must be live. @default 10000 */
  timeoutMs?: number
}

/** A running listener. */
export interface Listener {
  readonly channel: string
  /** What came since it listens, in the order it came. */
  readonly events: readonly Envelope[]
  /** The `seq` its first snapshot stood at: 0 for an empty log. */
  readonly after: number
  stop(): void
}

/**
 * Starts a feed of a channel and waits until it is live.
 * @throws {Error} when it is not live in time
 * @example
 * const alerts = await listen(await platform.client('member'), 'tenant:acme:alerts')
 * await expect(alerts).toReceive({ type: 'alert' })
 */
export async function listen(client: Client, channel: string, { journal, timeoutMs = 10_000 }: ListenOptions = {}): Promise<Listener> {
  const events: Envelope[] = []
  let after: number | undefined
  const feed = client.feeds.events(channel, {
    onSnapshot: snapshot => { after ??= snapshot.at(-1)?.seq ?? 0 },
    onEvent: event => {
      events.push(event)
      journal?.receive(event)
    },
  })
  feed.start()
  await until(() => feed.status.state === 'live', { timeoutMs, what: () => `${channel} to be live; it is ${JSON.stringify(feed.status)}` })
  return { channel, events, after: after ?? 0, stop: () => { feed.stop() } }
}
