import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { channelOf, type Notification, type NotificationPage, type NotificationType } from '@neo-stack/events'
import type { DraftEvent } from '../src/publish/write-path.ts'
import { startService, type TestService } from './service.ts'

const EVENTS = 20_000
const START = Date.parse('2026-01-01T00:00:00.000Z')
const statuses = ['pending', 'failed', 'completed', 'cancelled'] as const
const types = ['billing_invoice', 'billing_payment', 'billing_subscription', 'billing_plan_change', 'billing_usage_alert'] as const satisfies readonly NotificationType[]

/** 32-bit linear congruential numbers below 1: the same each time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

/** What a billing system tells, in the order in which it happened. */
function makeEvents(random: () => number, subjects: number): Told[] {
  return Array.from({ length: EVENTS }, (_, n) => {
    const type = types[n % types.length] ?? 'billing_invoice'
    const id = `s-${Math.floor(random() * subjects)}`
    const subject = { billing_invoice: { invoiceId: id, amountMinor: n, currency: 'BRL' }, billing_payment: { paymentId: id }, billing_subscription: { subscriptionId: id }, billing_plan_change: { planName: id }, billing_usage_alert: { resource: id } }[type]
    return { type, data: { ...subject, status: statuses[Math.floor(random() * 4)] ?? 'pending', message: `event ${n}`, occurredAt: new Date(START + n * 1000).toISOString(), sourceEventId: `e-${n}` } }
  })
}

type Told = Pick<DraftEvent, 'type' | 'data'>
type Shown = Pick<Notification, 'type' | 'status' | 'message' | 'state'>

/** What stands in the inbox after events that come in order, newest first: a failure is settled when a completion of the same thing follows. */
function follow(events: readonly Told[]): Shown[] {
  const shown: Shown[] = []
  const failed = new Map<string, Shown[]>()
  const paid = new Set<string>()
  for (const { type, data } of events) {
    const { status, message } = data as Pick<Shown, 'status' | 'message'>
    const id = data['invoiceId'] ?? data['paymentId'] ?? data['subscriptionId']
    const subject = `${type} ${String(id)}`
    // An invoice or payment that was paid stays paid; a subscription may fail again.
    const isMadeGood = status === 'failed' && id !== undefined && type !== 'billing_subscription' && paid.has(subject)
    const one: Shown = { type, status, message, state: isMadeGood ? 'read' : 'unread' }
    shown.unshift(one)
    if (id === undefined) continue
    if (status === 'failed') failed.set(subject, [...failed.get(subject) ?? [], one])
    if (status === 'completed') {
      paid.add(subject)
      for (const earlier of failed.get(subject) ?? []) earlier.state = 'read'
    }
  }
  return shown
}

describe('20,000 events of billing', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  /** Takes events in as intakes do: known by their source's identifier, however often they come. */
  const takeIn = async (tenantId: string, events: readonly Told[]): Promise<void> => {
    const channel = channelOf('billing', { tenantId })
    const write = ({ type, data }: Told): Promise<unknown> => service.writePath.write({
      tenantId, events: [{ channel, type, data, actor: { type: 'service', id: 'billing' } }], key: { scope: 'order', key: String(data['sourceEventId']), bodyHash: 'same' },
    })
    for (let start = 0; start < events.length; start += 2000) await Promise.all(events.slice(start, start + 2000).map(write))
  }
  /** Taking in takes longer than a token lives, so that each reader signs in. */
  const createRead = async (tenantId: string): Promise<(query: string) => Promise<NotificationPage>> => {
    const headers = await service.bearer(`owner@${tenantId}.example`)
    return async query => (await service.app.inject({ url: `/v1/tenants/${tenantId}/billing/notifications?${query}`, headers })).json()
  }
  const readAll = async (tenantId: string): Promise<{ shown: Shown[], unread: number }> => {
    const read = await createRead(tenantId)
    const all: Shown[] = []
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: NotificationPage = await read(`limit=200${next && `&before=${next}`}`)
      all.push(...page.items.map(({ type, status, message, state }) => ({ type, status, message, state })))
      next = page.next
    }
    return { shown: all, unread: (await read('limit=1')).unread }
  }
  const countUnread = (shown: readonly Shown[]): number => shown.filter(({ state }) => state === 'unread').length

  it('leave an inbox and a counter, shuffled, tripled and one in a hundred late, that they leave in order', async () => {
    const random = createRandom(11)
    const events = makeEvents(random, 2000)
    const placed = [...events, ...events, ...events].map(event => ({ event, place: random() + (random() < 0.01 ? 1 : 0) }))
    await takeIn('acme', placed.sort((a, b) => a.place - b.place).map(({ event }) => event))
    const inOrder = follow(events)
    expect(await readAll('acme')).toEqual({ shown: inOrder, unread: countUnread(inOrder) })
    expect(countUnread(inOrder)).toBeLessThan(EVENTS)
  }, 900_000)

  it('leave in order what is expected of them in order', async () => {
    const events = makeEvents(createRandom(12), 50).slice(0, 1000)
    await takeIn('globex', events)
    const inOrder = follow(events)
    expect(await readAll('globex')).toEqual({ shown: inOrder, unread: countUnread(inOrder) })
  }, 120_000)
})
