/** Says that somebody looks at samples, as long as a feed of them runs: the service then takes one a second. */

import type { Clock, Timer } from './clock.ts'
import { alongside, type Feed } from './feed.ts'

/** Twice within the 20 s that a lease lasts. A hidden tab's timers ring once a minute, so that its lease ends. */
const RENEW_MS = 8000

/** Renews the lease while the feed is started. One that could not be renewed is tried again at the next turn. */
export function withLease(feed: Feed, renew: () => Promise<unknown>, clock: Clock): Feed {
  let timer: Timer | undefined
  const turn = (): void => {
    timer = clock.setTimeout(turn, RENEW_MS)
    if (feed.status.state !== 'denied') renew().catch(() => undefined)
  }
  return alongside(feed, {
    start: () => { if (timer === undefined) turn() },
    stop: () => {
      clock.clearTimeout(timer)
      timer = undefined
    },
  })
}
