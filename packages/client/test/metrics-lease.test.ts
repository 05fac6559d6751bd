import { describe, expect, it, vi } from 'vitest'
import type { Feed, FeedStatus } from '../src/feed.ts'
import { withLease } from '../src/metrics-lease.ts'
import { createManualClock } from './kit/clock.ts'

function create(renew: () => Promise<unknown>): { feed: Feed, clock: ReturnType<typeof createManualClock>, become: (status: FeedStatus) => void } {
  let status: FeedStatus = { state: 'live' }
  const clock = createManualClock()
  return { clock, become: next => { status = next }, feed: withLease({ get status() { return status }, start: () => undefined, stop: () => undefined }, renew, clock) }
}

describe('a feed of samples', () => {
  it('says at once that somebody looks, and again before the 20 s of that are over, until it is stopped', async () => {
    const renew = vi.fn(() => Promise.resolve())
    const { feed, clock } = create(renew)
    feed.start()
    feed.start()
    expect(renew).toHaveBeenCalledTimes(1)
    await clock.advance(19_000)
    expect(renew).toHaveBeenCalledTimes(3)
    feed.stop()
    await clock.advance(60_000)
    expect(renew).toHaveBeenCalledTimes(3)
    expect(clock.pending).toEqual([])
    feed.start()
    expect(renew).toHaveBeenCalledTimes(4)
  })

  it('says it again after it could not be said', async () => {
    const renew = vi.fn(() => Promise.reject(new Error('no connection')))
    const { feed, clock } = create(renew)
    feed.start()
    await clock.advance(8000)
    expect(renew).toHaveBeenCalledTimes(2)
  })

  it.each(['denied', 'failed'] as const)('that %s says it no more, and holds no timer, until it is started again', async state => {
    const renew = vi.fn(() => Promise.resolve())
    const { feed, clock, become } = create(renew)
    feed.start()
    become({ state, reason: { code: 'closed', detail: '' } })
    await clock.advance(30_000)
    expect(renew).toHaveBeenCalledTimes(1)
    expect(clock.pending).toEqual([])
    become({ state: 'live' })
    feed.start()
    expect(renew).toHaveBeenCalledTimes(2)
  })
})
