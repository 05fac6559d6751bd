import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FeedEvent, FeedItem, FeedKind, FeedState, FeedStep } from '../src/feed-events.ts'
import { logRules, seriesRules } from '../src/feed-events.ts'
import { feedTable, initialFeedState, MAX_HELD, stepFeed } from '../src/feed-state.ts'

const fault = { code: 'forbidden', detail: 'no' }
const position = { epoch: 'e', at: 5 }
const item = (at: number, epoch: string | undefined = 'e'): FeedItem => ({ at, epoch, body: at })
const held = (...places: number[]): { items: FeedItem[], hasOverflowed: boolean } => ({ items: places.map(at => item(at)), hasOverflowed: false })

const states: Record<FeedKind, FeedState> = {
  'idle': { kind: 'idle', generation: 1 },
  'subscribing': { kind: 'subscribing', generation: 1 },
  'loading': { kind: 'loading', generation: 1, attempt: 0, held: held(6) },
  'live': { kind: 'live', generation: 1, position },
  'catching-up': { kind: 'catching-up', generation: 1, attempt: 0, held: held(9), position },
  'offline': { kind: 'offline', generation: 1, attempt: 0, position, isWhole: true },
  'denied': { kind: 'denied', generation: 1, fault },
  'failed': { kind: 'failed', generation: 1, fault },
}

const events: { [Type in FeedEvent['type']]: Extract<FeedEvent, { type: Type }> } = {
  start: { type: 'start' },
  stop: { type: 'stop' },
  subscribed: { type: 'subscribed', isRecovered: false },
  lost: { type: 'lost' },
  publication: { type: 'publication', item: item(6) },
  snapshot: { type: 'snapshot', generation: 1, position, value: 'view' },
  page: { type: 'page', generation: 1, items: [item(6)], epoch: 'e', newest: 6, hasMore: false },
  trimmed: { type: 'trimmed', generation: 1 },
  missed: { type: 'missed', generation: 1, waitMs: 0, fault: { code: 'unavailable', detail: '' } },
  retry: { type: 'retry', generation: 1 },
  refused: { type: 'refused', generation: 1, isDenied: true, fault },
  denied: { type: 'denied', fault },
  closed: { type: 'closed', fault },
}

const on = (state: FeedState, event: FeedEvent, rules = logRules): FeedStep => stepFeed(rules, state, event)
const effectTypes = ({ effects }: FeedStep): string[] => effects.map(({ type }) => type)
const emitted = ({ effects }: FeedStep): unknown[] => effects.flatMap(effect => effect.type === 'emit-item' ? [effect.item.at] : [])

/** SPEC.md's table: the state each event leads to. */
const next: Record<FeedKind, Record<FeedEvent['type'], FeedKind>> = {
  'idle': row('idle', { start: 'subscribing' }),
  'subscribing': row('subscribing', { stop: 'idle', subscribed: 'loading', lost: 'offline', denied: 'denied', closed: 'failed' }),
  'loading': row('loading', { stop: 'idle', lost: 'offline', snapshot: 'live', refused: 'denied', denied: 'denied', closed: 'failed' }),
  'live': row('live', { stop: 'idle', subscribed: 'catching-up', lost: 'offline', denied: 'denied', closed: 'failed' }),
  'catching-up': row('catching-up', { stop: 'idle', lost: 'offline', trimmed: 'loading', refused: 'denied', denied: 'denied', closed: 'failed' }),
  'offline': row('offline', { stop: 'idle', subscribed: 'catching-up', refused: 'denied', denied: 'denied', closed: 'failed' }),
  'denied': row('denied', { start: 'subscribing', stop: 'idle' }),
  'failed': row('failed', { start: 'subscribing', stop: 'idle' }),
}

function row(same: FeedKind, changes: Partial<Record<FeedEvent['type'], FeedKind>>): Record<FeedEvent['type'], FeedKind> {
  return { ...Object.fromEntries(Object.keys(events).map(type => [type, same])), ...changes } as Record<FeedEvent['type'], FeedKind>
}

describe('the table is total', () => {
  test('every state has a cell for every event and nothing else', () => {
    expect(Object.keys(feedTable).sort()).toEqual(Object.keys(states).sort())
    for (const cells of Object.values(feedTable)) expect(Object.keys(cells).sort()).toEqual(Object.keys(events).sort())
  })

  test.each(Object.keys(states) as FeedKind[])('%s goes where SPEC.md says', kind => {
    const went = Object.fromEntries(Object.values(events).map(event => [event.type, on(states[kind], event).state.kind]))
    expect(went).toEqual(next[kind])
  })

  test('a late answer changes nothing in any state', () => {
    for (const state of Object.values(states)) {
      for (const event of Object.values(events)) {
        if (!('generation' in event)) continue
        expect(on(state, { ...event, generation: 0 })).toEqual({ state, effects: [] })
      }
    }
  })

  test('an ended feed holds nothing: whoever ends it cancels and unsubscribes', () => {
    const starting = ['subscribing', 'loading', 'live', 'catching-up', 'offline'] as const
    for (const kind of starting) {
      for (const event of [events.stop, events.denied, events.closed]) expect(effectTypes(on(states[kind], event))).toEqual(['cancel', 'unsubscribe'])
    }
    expect(on(states.idle, events.stop).effects).toEqual([])
  })

  test('the initial state waits for start', () => {
    expect(effectTypes(on(initialFeedState, events.start))).toEqual(['subscribe'])
    expect(on(initialFeedState, events.publication)).toEqual({ state: initialFeedState, effects: [] })
  })
})

describe('live', () => {
  test('the next event is emitted, an old one dropped, a gap fetched', () => {
    expect(emitted(on(states.live, events.publication))).toEqual([6])
    expect(on(states.live, { type: 'publication', item: item(5) })).toEqual({ state: states.live, effects: [] })
    const gap = on(states.live, { type: 'publication', item: item(8) })
    expect(gap.state).toMatchObject({ kind: 'catching-up', position, held: held(8) })
    expect(gap.effects).toContainEqual({ type: 'fetch-page', generation: 2, after: position })
  })

  test('an event of another log asks for a new snapshot; one that does not say its log belongs to this one', () => {
    expect(on(states.live, { type: 'publication', item: item(6, 'other') }).state.kind).toBe('loading')
    expect(emitted(on(states.live, { type: 'publication', item: { ...item(6), epoch: undefined } }))).toEqual([6])
  })

  test('a recovered subscription goes on without a request', () => {
    const offline = on(states.live, events.lost)
    expect(offline.effects).toEqual([])
    expect(on(offline.state, { type: 'subscribed', isRecovered: true })).toEqual({ state: states.live, effects: [] })
  })

  test('a subscription made again without recovery fetches', () => {
    expect(effectTypes(on(states.live, events.subscribed))).toContain('fetch-page')
    expect(on(states.live, { type: 'subscribed', isRecovered: true }).state).toEqual(states.live)
  })
})

describe('holding', () => {
  test('what was held is applied in order after the snapshot, without a request', () => {
    const loading = { ...states.loading, held: held(8, 6, 5, 7, 6) } as FeedState
    const step = on(loading, events.snapshot)
    expect(step.state).toMatchObject({ kind: 'live', position: { at: 8 } })
    expect(effectTypes(step)[0]).toBe('emit-snapshot')
    expect(emitted(step)).toEqual([6, 7, 8])
  })

  test('more than can be held is dropped and fetched after the answer', () => {
    let state = { ...states.loading, held: held() } as FeedState
    for (let at = 6; at <= 6 + MAX_HELD; at++) state = on(state, { type: 'publication', item: item(at) }).state
    expect(state).toMatchObject({ held: { items: [], hasOverflowed: true } })
    expect(on(state, events.publication).state).toEqual(state)
    const step = on(state, events.snapshot)
    expect(step.state).toMatchObject({ kind: 'catching-up', position, held: { items: [], hasOverflowed: false } })
    expect(effectTypes(step)).toContain('fetch-page')
  })

  test('held events of another log mean a newer or older snapshot: it is taken again, after a wait', () => {
    const loading = { ...states.loading, held: { items: [item(6, 'other')], hasOverflowed: false } } as FeedState
    const step = on(loading, events.snapshot)
    expect(step.state).toMatchObject({ kind: 'loading', attempt: 1, held: { items: [] } })
    expect(effectTypes(step)).toEqual(['emit-snapshot', 'retry-later'])
  })

  test('an answer that brings nothing while something is missing is asked for again after a wait, not at once', () => {
    const step = on(states['catching-up'], { ...events.page, items: [], newest: 5 })
    expect(effectTypes(step)).toEqual(['retry-later'])
    expect(step.state).toMatchObject({ kind: 'catching-up', held: held(9), attempt: 1 })
  })
})

describe('catching up', () => {
  const catchingUp: FeedState = { kind: 'catching-up', generation: 1, attempt: 0, held: held(), position }

  test('pages are fetched until the end', () => {
    const step = on(catchingUp, { ...events.page, hasMore: true, newest: 9 })
    expect(emitted(step)).toEqual([6])
    expect(step.effects).toContainEqual({ type: 'fetch-page', generation: 2, after: { epoch: 'e', at: 6 } })
  })

  test.each([
    ['has a hole', { items: [item(7)], newest: 7 }],
    ['has a hole before its end', { items: [item(6), item(8)], newest: 9, hasMore: true }],
    ['begins too late', { items: [item(9)], newest: 9 }],
    ['says that there is more than it gives', { items: [], newest: 7 }],
    ['ends before us', { items: [], newest: 3 }],
    ['is of another log', { epoch: 'other' }],
  ])('a page that %s leads to a new snapshot', (_, change) => {
    const step = on(catchingUp, { ...events.page, ...change })
    expect(step.state).toMatchObject({ kind: 'loading', attempt: 1 })
    expect(effectTypes(step)).toContain('fetch-snapshot')
  })

  test('a second reload before the feed was live waits', () => {
    const again = on({ ...catchingUp, attempt: 1 }, events.trimmed)
    expect(effectTypes(again)).toEqual(['cancel', 'retry-later'])
    expect(effectTypes(on(again.state, { type: 'retry', generation: again.state.generation }))).toEqual(['fetch-snapshot'])
  })

  test('a cut while holding is not whole: even a recovered subscription fetches', () => {
    const { state } = on(catchingUp, events.lost)
    expect(state).toMatchObject({ kind: 'offline', isWhole: false })
    expect(on(state, { type: 'subscribed', isRecovered: true }).state.kind).toBe('catching-up')
  })

  test('a recovered subscription does not disturb the fetch', () => {
    expect(on(catchingUp, { type: 'subscribed', isRecovered: true })).toEqual({ state: catchingUp, effects: [] })
  })
})

describe('offline', () => {
  const blind: FeedState = { kind: 'offline', generation: 1, attempt: 0, position: undefined, isWhole: false }

  test('the view is fetched without a socket, and completed once there is one', () => {
    const shown = on(blind, events.snapshot)
    expect(effectTypes(shown)).toEqual(['emit-snapshot'])
    expect(on(shown.state, { type: 'subscribed', isRecovered: true }).effects).toContainEqual({ type: 'fetch-page', generation: 2, after: position })
  })

  test('without a view it keeps trying, with one it waits for the socket', () => {
    const missed = on(blind, { ...events.missed, waitMs: 700 })
    expect(missed.effects).toEqual([{ type: 'retry-later', generation: 2, attempt: 0, waitMs: 700 }])
    expect(effectTypes(on(missed.state, { type: 'retry', generation: 2 }))).toEqual(['fetch-snapshot'])
    for (const event of [events.missed, events.retry, events.snapshot]) expect(on(states.offline, event)).toEqual({ state: states.offline, effects: [] })
  })

  test('what is delivered meanwhile is not applied but fetched', () => {
    const { state } = on(states.offline, events.publication)
    expect(on(state, { type: 'subscribed', isRecovered: true }).state.kind).toBe('catching-up')
  })
})

describe('refusals', () => {
  test('a final no ends the feed as denied or failed', () => {
    expect(on(states.loading, events.refused).state).toMatchObject({ kind: 'denied', fault })
    expect(on(states['catching-up'], { ...events.refused, isDenied: false }).state).toMatchObject({ kind: 'failed', fault })
  })
})

describe('series', () => {
  test('an empty second is no hole', () => {
    expect(emitted(on(states.live, { type: 'publication', item: item(9) }, seriesRules))).toEqual([9])
  })

  test('the server\'s word on recovery counts for nothing: nothing is kept there', () => {
    expect(on(states.offline, { type: 'subscribed', isRecovered: true }, seriesRules).state.kind).toBe('catching-up')
  })

  test('samples fetched and delivered come once, in order', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), fc.nat(60), fc.nat(60), (grid, cut, read) => {
      const all = grid.sort((a, b) => a - b)
      const before = all.filter(at => at <= cut)
      const start: FeedState = { kind: 'catching-up', generation: 1, attempt: 0, held: { items: all.filter(at => at > read).map(at => item(at)), hasOverflowed: false }, position: { epoch: 'e', at: before.at(-1) ?? 0 } }
      const page = all.filter(at => at > cut && at <= Math.max(cut, read))
      const step = on(start, { type: 'page', generation: 1, items: page.map(at => item(at)), epoch: 'e', newest: page.at(-1) ?? 0, hasMore: false }, seriesRules)
      expect(emitted(step)).toEqual(all.filter(at => at > cut))
      expect(step.state.kind).toBe('live')
    }))
  })
})
