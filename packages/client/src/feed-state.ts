/**
 * What a feed does, as a table: states × events → new state and effects. Pure; `feed.ts` performs the effects. SPEC.md shows
 * the table and its invariants.
 */

import type { FeedEffect, FeedEvent, FeedFault, FeedItem, FeedKind, FeedPosition, FeedRules, FeedState, FeedStep, Held } from './feed-events.ts'

type State<Kind extends FeedKind> = Extract<FeedState, { kind: Kind }>
type Event<Type extends FeedEvent['type']> = Extract<FeedEvent, { type: Type }>
type Handler<Kind extends FeedKind, Type extends FeedEvent['type']> = (state: State<Kind>, event: Event<Type>, rules: FeedRules) => FeedStep

/** Every state answers every event: a new one of either does not compile until all cells are filled. */
export type FeedTable = { [Kind in FeedKind]: { [Type in FeedEvent['type']]: Handler<Kind, Type> } }

/** Most items held during one fetch; beyond it they are dropped and fetched. */
export const MAX_HELD = 1000

/** Where every feed begins. */
export const initialFeedState: FeedState = { kind: 'idle', generation: 0 }

const nothing: Held = { items: [], hasOverflowed: false }

const stay = (state: FeedState): FeedStep => ({ state, effects: [] })

const begin = ({ generation }: FeedState): FeedStep => ({ state: { kind: 'subscribing', generation }, effects: [{ type: 'subscribe' }] })

const end = (state: FeedState): FeedStep =>
  ({ state: { kind: 'idle', generation: state.generation + 1 }, effects: [{ type: 'cancel' }, { type: 'unsubscribe' }] })

const deny = ({ generation }: FeedState, { fault }: { fault: FeedFault }): FeedStep =>
  ({ state: { kind: 'denied', generation: generation + 1, fault }, effects: [{ type: 'cancel' }, { type: 'unsubscribe' }] })

const fail = ({ generation }: FeedState, { fault }: { fault: FeedFault }): FeedStep =>
  ({ state: { kind: 'failed', generation: generation + 1, fault }, effects: [{ type: 'cancel' }, { type: 'unsubscribe' }] })

/** Takes a new snapshot. Nothing is carried over: it will be read after all that has arrived. */
function load(state: FeedState, effects: readonly FeedEffect[] = []): FeedStep {
  const generation = state.generation + 1
  return {
    state: { kind: 'loading', generation, attempt: 0, held: nothing },
    effects: [...effects, { type: 'cancel' }, { type: 'fetch-snapshot', generation }],
  }
}

/**
 * Takes a new snapshot because history does not lead on from here. At once the first time; where it comes to this again before
 * the feed was live, after a backoff.
 */
function reload(state: State<'catching-up'>, effects: readonly FeedEffect[] = []): FeedStep {
  const { generation, attempt } = state
  if (attempt > 0) return retryLater({ kind: 'loading', generation, attempt, held: nothing }, 0, [...effects, { type: 'cancel' }])
  const step = load(state, effects)
  return { state: { ...step.state, attempt: 1 } as FeedState, effects: step.effects }
}

/** Fetches what comes after the position, holding what arrives meanwhile. */
function catchUp(state: FeedState, position: FeedPosition, held: Held = nothing, effects: readonly FeedEffect[] = []): FeedStep {
  const generation = state.generation + 1
  return {
    state: { kind: 'catching-up', generation, attempt: 'attempt' in state ? state.attempt : 0, held, position },
    effects: [...effects, { type: 'cancel' }, { type: 'fetch-page', generation, after: position }],
  }
}

type Fetching = State<'loading' | 'catching-up' | 'offline'>

function retryLater(state: Fetching, waitMs: number, effects: readonly FeedEffect[] = []): FeedStep {
  const generation = state.generation + 1
  return {
    state: { ...state, generation, attempt: state.attempt + 1 },
    effects: [...effects, { type: 'retry-later', generation, attempt: state.attempt, waitMs }],
  }
}

function hold(state: State<'loading' | 'catching-up'>, { item }: Event<'publication'>): FeedStep {
  const { items, hasOverflowed } = state.held
  if (hasOverflowed) return stay(state)
  const held = items.length < MAX_HELD ? { items: [...items, item], hasOverflowed } : { items: [], hasOverflowed: true }
  return stay({ ...state, held })
}

interface Applied {
  position: FeedPosition
  effects: FeedEffect[]
  /** From the first item that does not join; empty when all were applied or old. */
  rest: readonly FeedItem[]
}

/** Emits items in order as long as they join. */
function apply(rules: FeedRules, from: FeedPosition, items: readonly FeedItem[]): Applied {
  let { at } = from
  const effects: FeedEffect[] = []
  for (const [index, item] of items.entries()) {
    if (item.at <= at) continue
    if (rules.isDense && item.at > at + 1) return { position: { ...from, at }, effects, rest: items.slice(index) }
    effects.push({ type: 'emit-item', item })
    at = item.at
  }
  return { position: { ...from, at }, effects, rest: [] }
}

const isForeign = (position: FeedPosition, item: FeedItem): boolean => item.epoch !== undefined && item.epoch !== position.epoch

/** After a fetch: applies what was held, then goes live, or fetches once more what is still missing. */
function settle(state: State<'loading' | 'catching-up'>, position: FeedPosition, rules: FeedRules, effects: readonly FeedEffect[]): FeedStep {
  const { items, hasOverflowed } = state.held
  if (items.some(item => isForeign(position, item))) {
    return retryLater({ kind: 'loading', generation: state.generation, attempt: state.attempt, held: nothing }, 0, effects)
  }
  const applied = apply(rules, position, [...items].sort((a, b) => a.at - b.at))
  const all = [...effects, ...applied.effects]
  if (hasOverflowed) return catchUp(state, applied.position, nothing, all)
  if (applied.rest.length === 0) return { state: { kind: 'live', generation: state.generation, position: applied.position }, effects: all }
  const held = { items: applied.rest, hasOverflowed: false }
  const hasAdvanced = all.length > 0
  if (hasAdvanced) return catchUp(state, applied.position, held, all)
  return retryLater({ kind: 'catching-up', generation: state.generation, attempt: state.attempt, held, position }, 0)
}

function onLivePublication(state: State<'live'>, { item }: Event<'publication'>, rules: FeedRules): FeedStep {
  if (isForeign(state.position, item)) return load(state)
  const { position, effects, rest } = apply(rules, state.position, [item])
  return rest.length > 0 ? catchUp(state, position, { items: rest, hasOverflowed: false }) : { state: { ...state, position }, effects }
}

function onPage(state: State<'catching-up'>, page: Event<'page'>, rules: FeedRules): FeedStep {
  if (page.epoch !== state.position.epoch) return reload(state)
  const { position, effects, rest } = apply(rules, state.position, page.items)
  if (rest.length > 0) return reload(state, effects)
  if (page.hasMore && effects.length > 0) return catchUp(state, position, state.held, effects)
  // The log ends before us, or says that there is more than it gives: only a snapshot tells where we are.
  if (rules.isDense && page.newest !== position.at) return reload(state, effects)
  return settle(state, position, rules, effects)
}

const refuse = (state: FeedState, event: Event<'refused'>): FeedStep => event.isDenied ? deny(state, event) : fail(state, event)
const miss = (state: Fetching, { waitMs, fault }: Event<'missed'>): FeedStep => retryLater(state.kind === 'catching-up' ? state : { ...state, fault }, waitMs)
const fetchSnapshot = (state: FeedState): FeedStep => ({ state, effects: [{ type: 'fetch-snapshot', generation: state.generation }] })

/** Cells shared by states in which no fetch runs. */
const withoutFetch = { snapshot: stay, page: stay, trimmed: stay, missed: stay, retry: stay, refused: stay }

/** Cells shared by states that only `start` leaves. */
const ended = { ...withoutFetch, start: begin, stop: end, subscribed: stay, lost: stay, publication: stay, denied: stay, closed: stay }

/** Cells shared by all states that have a subscription. */
const started = { start: stay, stop: end, denied: deny, closed: fail }

/** The table. */
export const feedTable: FeedTable = {
  'idle': { ...ended, stop: stay },
  'subscribing': {
    ...started,
    ...withoutFetch,
    subscribed: state => load(state),
    // The snapshot needs no socket: there is something to see while it cannot be opened.
    lost: ({ generation }) => ({
      state: { kind: 'offline', generation: generation + 1, attempt: 0, position: undefined, isWhole: false },
      effects: [{ type: 'fetch-snapshot', generation: generation + 1 }],
    }),
    publication: stay,
  },
  'loading': {
    ...started,
    subscribed: state => load(state),
    // The fetch goes on: `offline` takes its answer.
    lost: ({ generation, attempt }) => stay({ kind: 'offline', generation, attempt, position: undefined, isWhole: false }),
    publication: hold,
    snapshot: (state, { position, value }, rules) => settle(state, position, rules, [{ type: 'emit-snapshot', value }]),
    page: stay,
    trimmed: stay,
    missed: miss,
    retry: fetchSnapshot,
    refused: refuse,
  },
  'live': {
    ...started,
    ...withoutFetch,
    subscribed: (state, { isRecovered }, rules) => isRecovered && rules.trustsRecovery ? stay(state) : catchUp(state, state.position),
    lost: ({ generation, position }) => stay({ kind: 'offline', generation, attempt: 0, position, isWhole: true }),
    publication: onLivePublication,
  },
  'catching-up': {
    ...started,
    subscribed: (state, { isRecovered }, rules) => isRecovered && rules.trustsRecovery ? stay(state) : catchUp(state, state.position),
    lost: ({ generation, position }) => ({
      state: { kind: 'offline', generation: generation + 1, attempt: 0, position, isWhole: false },
      effects: [{ type: 'cancel' }],
    }),
    publication: hold,
    snapshot: stay,
    page: onPage,
    trimmed: state => reload(state),
    missed: miss,
    retry: state => ({ state, effects: [{ type: 'fetch-page', generation: state.generation, after: state.position }] }),
    refused: refuse,
  },
  'offline': {
    ...started,
    subscribed: (state, { isRecovered }, rules) => {
      const { generation, position, isWhole } = state
      if (!position) return load(state)
      return isWhole && isRecovered && rules.trustsRecovery ? stay({ kind: 'live', generation, position }) : catchUp(state, position)
    },
    lost: stay,
    // Nothing is delivered to a subscription that does not stand; should it be, what we do not apply we fetch.
    publication: state => stay({ ...state, isWhole: false }),
    snapshot: (state, { position, value }) =>
      state.position ? stay(state) : { state: { kind: 'offline', generation: state.generation, attempt: 0, position, isWhole: state.isWhole }, effects: [{ type: 'emit-snapshot', value }] },
    page: stay,
    trimmed: stay,
    missed: (state, event) => state.position ? stay(state) : miss(state, event),
    retry: state => state.position ? stay(state) : fetchSnapshot(state),
    refused: refuse,
  },
  'denied': ended,
  'failed': ended,
}

/** One step of a feed. Answers to an earlier fetch are late: they change nothing, in no state. */
export function stepFeed(rules: FeedRules, state: FeedState, event: FeedEvent): FeedStep {
  if ('generation' in event && event.generation !== state.generation) return stay(state)
  // The table's type pairs each cell with its state and event; a look-up by two unions loses the pairing.
  const handler = feedTable[state.kind][event.type] as Handler<FeedKind, FeedEvent['type']>
  return handler(state, event, rules)
}
