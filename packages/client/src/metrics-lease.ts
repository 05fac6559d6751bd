/** Says that somebody looks at samples, as long as a feed of them runs: the service then takes one a second. */

import type { Clock, Timer } from './clock.ts'
import { alongside, type Feed } from './feed.ts'

/** Twice within the 20 s that a lease lasts. A hidden tab's timers ring once a minute, so that its lease ends. */
const RENEW_MS = 8000

/** Renews the lease while the feed is started and has not ended by itself, as with a connection that was closed for good. One that could not be renewed is tried again at the next turn. */
export function withLease(feed: Feed, renew: () => Promise<unknown>, clock: Clock): Feed {
  let timer: Timer | undefined
  const turn = (): void => {
    timer = undefined
    if (feed.status.state === 'denied' || feed.status.state === 'failed') return
    timer = clock.setTimeout(turn, RENEW_MS)
    renew().catch(() => undefined)
  }
  return alongside(feed, {
    start: () => { if (timer === undefined) turn() },
    stop: () => {
      clock.clearTimeout(timer)
      timer = undefined
    },
  })
}
