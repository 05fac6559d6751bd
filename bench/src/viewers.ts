/** Viewers: live feeds of one member, each with a connection of its own. */

import { createClient, type Client } from '@neo-stack/client'
import { until, type PlatformProcess } from '@neo-stack/testing'
import { readAccount } from './keys.ts'

/** Opens feeds of a channel and waits until all are live; `onEvent` is told each event at each viewer. */
export async function openViewers(platform: PlatformProcess, { count, channel }: { count: number, channel: string }, onEvent: (id: string) => void): Promise<Client[]> {
  const { email, password } = await readAccount(platform, 'member@acme.example')
  const signedIn = createClient({ baseUrl: platform.url, cookieJar: true })
  const token = await signedIn.session.signIn(email, password).then(() => signedIn.session.getAccessToken())
  signedIn.session.close()
  if (token === undefined) throw new Error('the member could not sign in')
  // One sign-in for all: passwords are hashed slowly on purpose, and a run is shorter than a token's life.
  return await Promise.all(Array.from({ length: count }, async () => {
    const client = createClient({ baseUrl: platform.url, apiKey: token })
    const feed = client.feeds.events(channel, { onSnapshot: () => { /* only what comes is measured */ }, onEvent: ({ id }) => { onEvent(id) } })
    feed.start()
    await until(() => feed.status.state === 'live', { timeoutMs: 30_000, what: 'a live feed' })
    return client
  }))
}
