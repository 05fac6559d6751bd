import type { Envelope, MetricsSample } from '@neo-stack/events'
import { describe, expect, test } from 'vitest'
import { ApiError, createLogFeed, createSeriesFeed } from '../src/index.ts'
import type { Feed, FeedStatus, LogFeedOptions, SeriesFeedOptions, SubscriptionListener } from '../src/index.ts'
import { createManualClock, flush } from './kit/clock.ts'
import type { ManualClock } from './kit/clock.ts'

const channel = 'tenant:acme:deployments'
const event = (seq: number): Envelope =>
  ({ id: `0197a1b2-0000-7000-8000-${String(seq).padStart(12, '0')}`, type: 't', channel, seq, logEpoch: 'e', time: '2026-01-01T00:00:00.000Z', data: {} })
const sample = (at: number): MetricsSample =>
  ({ at, cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 })
const error = (code: 'network' | 'forbidden' | 'invalid_request' | 'history_trimmed' | 'rate_limited', status: number, retryAfterMs?: number): ApiError =>
  new ApiError({ code, status, detail: `It is ${code}.`, retryAfterMs })

/** A connection whose one subscription the test holds in its hands. */
function createWire(): { connection: LogFeedOptions<unknown>['connection'], tell: SubscriptionListener, users: () => number } {
  const listeners = new Set<SubscriptionListener>()
  const all = (say: (listener: SubscriptionListener) => void): void => { for (const listener of [...listeners]) say(listener) }
  return {
    connection: { subscribe: (_, listener) => { listeners.add(listener); return () => { listeners.delete(listener) } } },
    users: () => listeners.size,
    tell: {
      onSubscribed: context => { all(listener => { listener.onSubscribed(context) }) },
      onPublication: data => { all(listener => { listener.onPublication(data) }) },
      onLost: () => { all(listener => { listener.onLost() }) },
      onDenied: fault => { all(listener => { listener.onDenied(fault) }) },
      onClosed: fault => { all(listener => { listener.onClosed(fault) }) },
    },
  }
}

interface Log extends ReturnType<typeof createWire> {
  feed: Feed
  seen: (number | string)[]
  statuses: FeedStatus['state'][]
  clock: ManualClock
  service: { seq: number, errors: ApiError[], asked: string[] }
}

function setUpLog(more: Partial<LogFeedOptions<number>> = {}): Log {
  const wire = createWire()
  const clock = createManualClock()
  const seen: (number | string)[] = []
  const statuses: FeedStatus['state'][] = []
  const service = { seq: 0, errors: [] as ApiError[], asked: [] as string[] }
  const ask = (what: string): void => {
    service.asked.push(what)
    const failure = service.errors.shift()
    if (failure) throw failure
  }
  const feed = createLogFeed<number>({
    connection: wire.connection, channel, clock, random: () => 0,
    rest: { events: { history: async ({ after = 0 }) => {
      ask(`after ${after}`)
      const events = Array.from({ length: Math.min(3, service.seq - after) }, (_, i) => event(after + i + 1))
      const next = events.at(-1)?.seq ?? service.seq
      return { events, ...next < service.seq && { next }, logEpoch: 'e', seq: service.seq, oldestSeq: 1 }
    } } },
    snapshot: async () => {
      ask('snapshot')
      return { logEpoch: 'e', seq: service.seq, value: service.seq }
    },
    onSnapshot: value => { seen.push(`snapshot ${value}`) },
    onEvent: ({ seq = 0 }) => { seen.push(seq) },
    onStatus: ({ state }) => { statuses.push(state) },
    ...more,
  })
  return { ...wire, feed, seen, statuses, clock, service }
}

async function setUpLive(more: Partial<LogFeedOptions<number>> = {}): Promise<Log> {
  const log = setUpLog(more)
  log.feed.start()
  log.tell.onSubscribed({ isRecovered: false })
  await flush()
  return log
}

describe('the log feed', () => {
  test('gives the view, then each event once', async () => {
    const { feed, tell, seen, statuses, service } = setUpLog()
    service.seq = 2
    feed.start()
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    for (const seq of [2, 3, 4, 4]) tell.onPublication(event(seq))
    await flush()
    tell.onPublication(event(5))
    tell.onPublication(event(3))
    expect(seen).toEqual(['snapshot 2', 3, 4, 5])
    expect(statuses).toEqual(['loading', 'live'])
    expect(feed.status).toEqual({ state: 'live' })
  })

  test('fetches what was missed, page by page, and only that', async () => {
    const { tell, seen, statuses, service } = await setUpLive()
    tell.onLost()
    service.seq = 8
    tell.onSubscribed({ isRecovered: false })
    tell.onPublication(event(8))
    await flush()
    expect(seen).toEqual(['snapshot 0', 1, 2, 3, 4, 5, 6, 7, 8])
    expect(service.asked).toEqual(['snapshot', 'after 0', 'after 3', 'after 6'])
    expect(statuses).toEqual(['loading', 'live', 'offline', 'catching-up', 'live'])
  })

  test('says why there is still no first view from the second attempt in vain on, and tries at once when asked', async () => {
    const { feed, tell, seen, service } = setUpLog()
    const refusal = error('network', 0)
    service.errors = [refusal, refusal, refusal]
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    await flush()
    expect(feed.status).toEqual({ state: 'loading' })
    feed.start()
    await flush()
    expect(feed.status).toEqual({ state: 'loading', reason: { code: 'network', detail: refusal.detail } })
    feed.start()
    await flush()
    feed.start()
    await flush()
    expect(feed.status).toEqual({ state: 'live' })
    expect(seen).toEqual(['snapshot 0'])
    expect(service.asked).toHaveLength(4)
  })

  test('repeats a failed fetch after a backoff, no sooner than the service asks', async () => {
    const { feed, tell, seen, service, clock } = setUpLog()
    service.errors = [error('network', 0), error('rate_limited', 429, 7000)]
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    await flush()
    expect(clock.pending).toEqual([250])
    await clock.advance(250)
    expect(clock.pending).toEqual([7000])
    await clock.advance(7000)
    expect(seen).toEqual(['snapshot 0'])
  })

  test('takes a new view where the missing events are no longer kept', async () => {
    const { tell, seen, service } = await setUpLive()
    service.seq = 9
    service.errors = [error('history_trimmed', 410)]
    tell.onPublication(event(9))
    await flush()
    expect(seen).toEqual(['snapshot 0', 'snapshot 9'])
  })

  test.each([
    ['denied', error('forbidden', 403)],
    ['failed', error('invalid_request', 400)],
  ])('is %s when the service says a final no, lets go of the channel, and may be started again', async (state, refusal) => {
    const { feed, tell, service, users, seen } = setUpLog()
    service.errors = [refusal]
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    await flush()
    expect(feed.status).toEqual({ state, reason: { code: refusal.code, detail: refusal.detail } })
    expect(users()).toBe(0)
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    await flush()
    expect(seen).toEqual(['snapshot 0'])
  })

  test('ends with the channel or the connection', async () => {
    const denied = await setUpLive()
    denied.tell.onDenied({ code: 'forbidden', detail: 'no' })
    expect(denied.feed.status).toMatchObject({ state: 'denied' })
    const closed = await setUpLive()
    closed.tell.onClosed({ code: 'closed', detail: 'revoked' })
    expect(closed.feed.status).toMatchObject({ state: 'failed', reason: { code: 'closed' } })
  })

  test('stopped, it calls nobody, abandons its requests and can be stopped again', async () => {
    const signals: AbortSignal[] = []
    const { feed, tell, seen, users, clock } = setUpLog({
      snapshot: async signal => { signals.push(signal); await flush(); return { logEpoch: 'e', seq: 0, value: 0 } },
    })
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    feed.stop()
    feed.stop()
    await flush()
    await flush()
    expect([seen, users(), clock.pending, feed.status]).toEqual([[], 0, [], { state: 'idle' }])
    expect(signals[0]?.aborted).toBe(true)
  })

  test('a handler may stop the feed it is called by: nothing follows', async () => {
    const seen: number[] = []
    const log = setUpLog({ onEvent: ({ seq = 0 }) => { seen.push(seq); if (seq === 2) log.feed.stop() } })
    log.feed.start()
    log.tell.onSubscribed({ isRecovered: false })
    for (const seq of [1, 2, 3]) log.tell.onPublication(event(seq))
    await flush()
    expect(seen).toEqual([1, 2])
    expect(log.feed.status).toEqual({ state: 'idle' })
  })

  test('a handler may start it anew: what is left of the old view is not told', async () => {
    const seen: (number | string)[] = []
    const log = setUpLog({
      onSnapshot: value => { seen.push(`snapshot ${value}`) },
      onEvent: ({ seq = 0 }) => {
        seen.push(seq)
        if (seq !== 2) return
        log.service.seq = 3
        log.feed.stop()
        log.feed.start()
      },
    })
    log.feed.start()
    log.tell.onSubscribed({ isRecovered: false })
    for (const seq of [1, 2, 3]) log.tell.onPublication(event(seq))
    await flush()
    expect([seen, log.users()]).toEqual([['snapshot 0', 1, 2], 1])
    log.tell.onSubscribed({ isRecovered: false })
    await flush()
    expect(seen).toEqual(['snapshot 0', 1, 2, 'snapshot 3'])
  })

  test('a handler that throws is reported and disturbs nothing', async () => {
    const errors: unknown[] = []
    const failure = new Error('handler')
    const seen: number[] = []
    const { tell } = await setUpLive({ onEvent: ({ seq = 0 }) => { seen.push(seq); if (seq === 1) throw failure }, onHandlerError: reason => { errors.push(reason) } })
    tell.onPublication(event(1))
    tell.onPublication(event(2))
    expect([errors, seen]).toEqual([[failure], [1, 2]])
  })

  test('what is no event of the log is passed over', async () => {
    const { tell, seen, feed } = await setUpLive()
    for (const odd of [null, 'text', 7, {}, { seq: 'x' }]) tell.onPublication(odd)
    expect([seen, feed.status.state]).toEqual([['snapshot 0'], 'live'])
  })
})

describe('the series feed', () => {
  interface Series extends ReturnType<typeof createWire> {
    feed: Feed, seen: (number | string)[], clock: ManualClock, service: { stored: number[], asked: (number | undefined)[] }
  }
  function setUpSeries(more: Partial<SeriesFeedOptions> = {}): Series {
    const wire = createWire()
    const clock = createManualClock()
    const seen: (number | string)[] = []
    const service = { stored: [] as number[], asked: [] as (number | undefined)[] }
    const feed = createSeriesFeed({
      connection: wire.connection, channel: 'admin:metrics', clock, random: () => 0,
      fetchSamples: async ({ from }) => {
        service.asked.push(from)
        const stored = [...service.stored]
        await flush()
        return stored.filter(at => at >= (from ?? 0)).map(sample)
      },
      onSnapshot: samples => { seen.push(`snapshot ${samples.map(({ at }) => at).join(' ')}`) },
      onSample: ({ at }) => { seen.push(at) },
      ...more,
    })
    return { ...wire, feed, seen, clock, service }
  }
  const metricsUpdate = (at: number): unknown => ({ type: 'metrics_update', channel: 'admin:metrics', data: sample(at) })
  const settle = async (): Promise<void> => { await flush(); await flush() }

  test('joins the range and what is live on the grid', async () => {
    const { feed, tell, seen, service } = setUpSeries()
    service.stored = [10, 11, 13]
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    for (const at of [13, 14]) tell.onPublication(metricsUpdate(at))
    await settle()
    for (const at of [15, 15, 18]) tell.onPublication(metricsUpdate(at))
    tell.onPublication(null)
    expect(seen).toEqual(['snapshot 10 11 13', 14, 15, 18])
  })

  test('fetches exactly what was missed while it was away', async () => {
    const { feed, tell, seen, service } = setUpSeries()
    service.stored = [10]
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    await settle()
    tell.onLost()
    service.stored = [10, 11, 12, 13]
    tell.onSubscribed({ isRecovered: true })
    tell.onPublication(metricsUpdate(14))
    await settle()
    expect(seen).toEqual(['snapshot 10', 11, 12, 13, 14])
    expect(service.asked).toEqual([undefined, 11])
  })

  test('takes a new range after a long absence, and where there was none', async () => {
    const { feed, tell, seen, service, clock } = setUpSeries({ maxGapSeconds: 60 })
    feed.start()
    tell.onSubscribed({ isRecovered: false })
    await settle()
    tell.onLost()
    service.stored = [10]
    tell.onSubscribed({ isRecovered: false })
    await settle()
    await settle()
    tell.onLost()
    await clock.advance(61_000)
    service.stored = [100, 101]
    tell.onSubscribed({ isRecovered: false })
    await settle()
    await settle()
    expect(seen).toEqual(['snapshot ', 'snapshot 10', 'snapshot 100 101'])
  })
})
