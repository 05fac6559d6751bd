import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryBroker } from '../src/broker-memory.ts'
import { systemClock } from '../src/clock.ts'
import { Hub } from '../src/hub.ts'
import { jsonCodec } from '../src/codec-json.ts'
import { recover } from '../src/recovery.ts'
import type { BrokerEvents, History, Position } from '../src/index.ts'
import type { Receiver, Subscription } from '../src/session.ts'

const RETENTION = { historySize: 5, historyTtl: 60_000, historyMetaTtl: 60_000 }

type Step = 'publish' | 'skip' | 'lose' | 'ask' | 'answer' | 'leave'

/** A subscriber as the protocol sees one: asks from the offset it knows, is answered later, applies what follows. */
function createSubscriber(hub: Hub, read: (since: Position) => History): { step: (step: Step) => void, seen: number[], unsure: () => number } {
  const seen: number[] = []
  let known: Position = { offset: 0, epoch: '' }
  let subscription: Subscription | undefined
  let asked: History | undefined
  let unsure = 0
  const take = (offset: number): void => {
    seen.push(offset)
    known = { ...known, offset }
  }
  const leave = (): void => {
    if (subscription) hub.remove(subscription)
    subscription = asked = undefined
  }
  const receiver: Receiver = {
    codec: jsonCodec,
    onGap: leave,
    write(message) {
      const { push } = JSON.parse(message.toString()) as { push: { pub: { offset?: number } } }
      if (push.pub.offset) take(push.pub.offset)
    },
  }
  const ask = (): void => {
    if (subscription) return
    subscription = {
      channel: 'c', rules: {} as never, receiver, source: 'client', info: { user: '', client: '' }, isPositioned: true, isRecoverable: true,
      wantsJoinLeave: false, usesDelta: false, token: undefined, isRefreshedByHook: false, base: 0, offset: 0, epoch: '', expireAt: Infinity, pending: [],
    }
    hub.add(subscription)
    asked = read(known)
  }
  const answer = (): void => {
    if (!subscription || !asked) return
    const { isRecovered, publications, top } = recover(asked, known)
    asked = undefined
    Object.assign(subscription, top)
    if (!isRecovered) unsure++
    for (const { offset } of publications) take(offset)
    known = top
    hub.goLive(subscription, () => undefined)
  }
  return { seen, unsure: () => unsure, step: step => { ({ ask, answer, leave } as Record<string, () => void>)[step]?.() } }
}

test('whatever interleaves, a subscriber sees every publication once and in order, or knows that it may have missed some', () => {
  const steps = fc.array(fc.constantFrom<Step>('publish', 'publish', 'publish', 'skip', 'lose', 'ask', 'answer', 'answer', 'leave'), { maxLength: 60 })
  fc.assert(fc.property(steps, script => {
    const hub = new Hub()
    let isLost = false
    const events: BrokerEvents = { onPublication(channel, publication, epoch) { if (!isLost) hub.publish(channel, publication, epoch) } }
    const broker = createMemoryBroker(events, { clock: systemClock, random: Math.random })
    const subscriber = createSubscriber(hub, since => broker.history('c', { limit: 300, since }, RETENTION) as History)
    for (const step of script) {
      isLost = step === 'lose'
      if (step === 'publish' || step === 'lose') broker.publish('c', { data: '1' }, RETENTION)
      else if (step === 'skip') broker.publish('c', { data: '1' }, { ...RETENTION, historySize: 0 })
      else subscriber.step(step)
    }
    broker.close()
    const { seen } = subscriber
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
    if (subscriber.unsure() === 0) expect(seen).toEqual(seen.map((_, at) => at + 1))
  }), { numRuns: 2_000 })
})
