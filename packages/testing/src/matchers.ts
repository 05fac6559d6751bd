/**
 * Matchers for what listeners receive: importing this module extends vitest's `expect`.
 *
 * @example
 * import '@neo-stack/testing/matchers'
 * await expect(listener).toReceive({ type: 'alert', data: { severity: 'critical' } })
 * await expect(listener).toReceiveInOrder([{ type: 'deployment_start' }, { type: 'deployment_complete' }])
 * expect(listener).toHaveNoGaps()
 */

import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { MatcherState } from 'vitest'
import type { Envelope } from '@neo-stack/events'
import { findOrderFaults } from './delivery.ts'
import type { Listener } from './listener.ts'
import { until } from './until.ts'

/** What an event must have at least; vitest's asymmetric matchers are welcome in it. */
export type EventPattern = Readonly<Record<string, unknown>>

/** What was received: a listener, or a list that grows. */
type Received = Listener | readonly Envelope[]

/** Something whose state is looked at again and again. */
type Reader = () => unknown

/** How long is waited. */
export interface Patience {
  /** Milliseconds. @default 5000 */
  withinMs?: number
}

/** How long nothing may come. */
export interface Abstinence {
  /** Milliseconds that are watched. @default 300 */
  forMs?: number
}

interface Verdict { pass: boolean, message: () => string }

const eventsOf = (received: Received): readonly Envelope[] => 'events' in received ? received.events : received

const show = (value: unknown): string => JSON.stringify(value)

/** What came, briefly, for messages. */
const showAll = (received: Received): string =>
  eventsOf(received).map(({ seq, type, data }) => `  ${seq ?? '–'} ${type} ${show(data)}`).join('\n') || '  nothing'

const fits = ({ equals, utils }: MatcherState, event: Envelope, pattern: EventPattern): boolean => equals(event, pattern, [utils.iterableEquality, utils.subsetEquality])

/** How many of the patterns were found, each after the one before it. */
function countInOrder(state: MatcherState, received: Received, patterns: readonly EventPattern[]): number {
  let found = 0
  for (const event of eventsOf(received)) {
    const pattern = patterns[found]
    if (pattern && fits(state, event, pattern)) found++
  }
  return found
}

async function holds(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  try {
    return await until(condition, { timeoutMs })
  } catch {
    return false
  }
}

async function toReceiveInOrder(this: MatcherState, received: Received, patterns: readonly EventPattern[], { withinMs = 5000 }: Patience = {}): Promise<Verdict> {
  const pass = await holds(() => countInOrder(this, received, patterns) === patterns.length, withinMs)
  return {
    pass,
    message: () => pass
      ? `expected not to receive, in this order, ${show(patterns)}; received\n${showAll(received)}`
      : `waited ${withinMs} ms for ${show(patterns[countInOrder(this, received, patterns)])} (${countInOrder(this, received, patterns)} of ${patterns.length} came in order); received\n${showAll(received)}`,
  }
}

async function toReceive(this: MatcherState, received: Received, pattern: EventPattern, patience: Patience = {}): Promise<Verdict> {
  return await toReceiveInOrder.call(this, received, [pattern], patience)
}

async function toNeverReceive(this: MatcherState, received: Received, pattern: EventPattern, { forMs = 300 }: Abstinence = {}): Promise<Verdict> {
  const came = await holds(() => countInOrder(this, received, [pattern]) === 1, forMs)
  return { pass: !came, message: () => `expected ${came ? 'never' : 'within ' + String(forMs) + ' ms'} ${show(pattern)}; received\n${showAll(received)}` }
}

function toHaveNoGaps(this: MatcherState, received: Received): Verdict {
  const events = eventsOf(received)
  const first = events[0]
  // A bare list says nothing of where it began.
  const after = 'after' in received ? { [received.channel]: received.after } : first?.seq === undefined ? {} : { [first.channel]: first.seq - 1 }
  const faults = findOrderFaults(events.flatMap(({ channel, seq, id }) => seq === undefined ? [] : [{ channel, seq, id }]), after)
  return { pass: faults.length === 0, message: () => faults.length === 0 ? `expected gaps in\n${showAll(received)}` : `expected no gaps:\n  ${faults.join('\n  ')}` }
}

/** `ms` and, when given, what all must come to. */
async function toConvergeWithin(this: MatcherState, received: Reader | readonly Reader[], ms: number, ...expected: [unknown?]): Promise<Verdict> {
  const readers = [received].flat() as Reader[]
  let states: unknown[] = []
  const pass = await holds(async () => {
    states = await Promise.all(readers.map(read => read()))
    const [first] = expected.length > 0 ? expected : states
    return states.every(state => expected.length > 0 ? this.equals(state, first) : isDeepStrictEqual(state, first))
  }, ms)
  return { pass, message: () => `expected ${pass ? 'other' : 'the same'} states within ${ms} ms${expected.length > 0 ? `, ${show(expected[0])}` : ''}:\n${states.map(state => `  ${show(state)}`).join('\n')}` }
}

expect.extend({ toReceive, toReceiveInOrder, toNeverReceive, toHaveNoGaps, toConvergeWithin })

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the parameters must be those of vitest's own declaration
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** An event that has at least `pattern` comes, or came. */
    toReceive(pattern: EventPattern, patience?: Patience): Promise<void>
    /** Events come that have at least these patterns, one after the other; others may come between them. */
    toReceiveInOrder(patterns: readonly EventPattern[], patience?: Patience): Promise<void>
    /** No such event has come, and none comes for a while. */
    toNeverReceive(pattern: EventPattern, abstinence?: Abstinence): Promise<void>
    /** The numbers of the events are dense and in order from where the listener began. */
    toHaveNoGaps(): R
    /** The readers (functions, asked again and again) come to give the same, and `expected` where it is given. */
    toConvergeWithin(ms: number, expected?: unknown): Promise<void>
  }
}
