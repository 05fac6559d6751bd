/** Publishers that never stop and 200 readers that enter each event they are given: what faults are judged by. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Feed } from '@neo-stack/client'
import { createJournal, findDeliveryFaults, findOrderFaults, until, type Journal } from '@neo-stack/testing'
import { keyOf, type Cluster } from './cluster.ts'

/** How a publish ended: 0 is no answer. What did not go well says what was answered, or what became of the connection. */
export interface Outcome { status: number, tookMs: number, why?: string }

/** An event whose publisher was told 201. */
export interface Acknowledged { channel: string, id: string, seq: number }

/** Running traffic. */
export interface Traffic {
  /** Ends of publishes since the last call. */
  takeOutcomes: () => Outcome[]
  /** Waits until every reader was given an event that was published after the call. */
  isGreen: (timeoutMs: number) => Promise<void>
  /** What was doubled, left out or came late so far, of all readers. */
  orderFaults: () => string[]
  /** That, and what was acknowledged and never came: when nothing is on its way any more. */
  faults: () => string[]
  /** Events that were acknowledged. */
  acknowledged: () => readonly Acknowledged[]
  /** What was acknowledged and does not stand in the log, or not where its publisher was told. */
  notLogged: () => Promise<Acknowledged[]>
  stop: () => Promise<void>
}

const TENANTS = ['acme', 'globex'] as const
const channelOf = (tenantId: string): string => `tenant:${tenantId}:alerts`

/** Between two events of a publisher, in milliseconds, and until it gives an answer up. */
const EVERY_MS = 100
const GIVEN_UP_MS = 6000

interface Reader { journal: Journal, feed: Feed, channel: string, after: number }

/** Starts readers, a connection each, and a publisher per tenant. */
export async function startTraffic(cluster: Cluster, readerCount = 200): Promise<Traffic> {
  const readers: Reader[] = []
  for (let from = 0; from < readerCount; from += 20) {
    readers.push(...await Promise.all(Array.from({ length: 20 }, (_, index) => openReader(cluster, TENANTS[index % 2] ?? 'acme'))))
  }
  const stopped = new AbortController()
  const outcomes: Outcome[] = []
  const newest = new Map<string, number>()
  const acknowledged: Acknowledged[] = []
  const acknowledge = (channel: string, event: { id: string, seq: number }): void => {
    acknowledged.push({ channel, ...event })
    newest.set(channel, Math.max(newest.get(channel) ?? 0, event.seq))
    for (const reader of readers) if (reader.channel === channel) reader.journal.acknowledge({ channel, ...event })
  }
  const running = TENANTS.map(tenantId => publishAlways({ cluster, tenantId, signal: stopped.signal, outcomes, acknowledge }))
  return {
    takeOutcomes: () => outcomes.splice(0),
    isGreen: async timeoutMs => {
      const before = new Map(newest)
      const goesOn = ({ channel, journal }: Reader): boolean => (journal.received.at(-1)?.seq ?? 0) > (before.get(channel) ?? 0)
      const waiting = (): Reader[] => readers.filter(reader => !goesOn(reader))
      await until(() => waiting().length === 0, { timeoutMs, everyMs: 50, what: () => `${waiting().length} readers to go on (${[...new Set(waiting().map(({ feed }) => JSON.stringify(feed.status)))].join(', ')})` })
    },
    orderFaults: () => readers.flatMap(({ journal, channel, after }, index) => findOrderFaults(journal.received, { [channel]: after }).map(fault => `reader ${index}: ${fault}`)),
    faults: () => readers.flatMap(({ journal, channel, after }, index) => findDeliveryFaults({ ...journal, after: { [channel]: after } }).map(fault => `reader ${index}: ${fault}`)),
    acknowledged: () => acknowledged,
    notLogged: async () => {
      const logged = new Set((await Promise.all(TENANTS.map(tenantId => readLog(cluster, tenantId)))).flat())
      return acknowledged.filter(event => !logged.has(placeOf(event)))
    },
    stop: async () => {
      stopped.abort()
      await Promise.all(running)
      // What was acknowledged last is on its way.
      await until(() => readers.every(({ channel, journal }) => (journal.received.at(-1)?.seq ?? 0) >= (newest.get(channel) ?? 0)), { timeoutMs: 20_000, everyMs: 50, what: 'the last events' })
    },
  }
}

async function openReader(cluster: Cluster, tenantId: string): Promise<Reader> {
  const journal = createJournal()
  const channel = channelOf(tenantId)
  const reader = { journal, channel, after: 0 }
  let snapshots = 0
  const feed = cluster.service(tenantId).feeds.events(channel, {
    onSnapshot: events => {
      if (snapshots++ === 0) reader.after = events.at(-1)?.seq ?? 0
      // A second one would stand for a past that was lost: the checker finds what it leaves out.
    },
    onEvent: event => { journal.receive(event) },
  })
  feed.start()
  await until(() => feed.status.state === 'live', { timeoutMs: 30_000, what: 'a reader to be live' })
  return Object.assign(reader, { feed })
}

const placeOf = ({ channel, seq, id }: Acknowledged): string => `${channel} ${seq} ${id}`

/** Places of everything that the tenant's channel keeps. */
async function readLog(cluster: Cluster, tenantId: string): Promise<string[]> {
  const { rest } = cluster.service(tenantId)
  const channel = channelOf(tenantId)
  const places: string[] = []
  for (let after = 0; ;) {
    const { events } = await rest.events.history({ channel, after, limit: 1000 })
    places.push(...events.map(({ seq = 0, id }) => placeOf({ channel, seq, id })))
    const last = events.at(-1)?.seq
    if (last === undefined) return places
    after = last
  }
}

interface Publisher {
  cluster: Cluster
  tenantId: string
  signal: AbortSignal
  outcomes: Outcome[]
  acknowledge: (channel: string, event: { id: string, seq: number }) => void
}

async function publishAlways({ cluster, tenantId, signal, outcomes, acknowledge }: Publisher): Promise<void> {
  const channel = channelOf(tenantId)
  const headers = { 'authorization': `Bearer ${keyOf(cluster.demo, tenantId)}`, 'content-type': 'application/json' }
  for (let n = 0; !signal.aborted; n++) {
    const from = performance.now()
    const outcome: Outcome = { status: 0, tookMs: 0 }
    try {
      const body = JSON.stringify({ channel, type: 'alert', data: { severity: 'info', message: `Event ${n}` } })
      const answer = await fetch(`${cluster.url}/v1/events`, { method: 'POST', headers, body, signal: AbortSignal.timeout(GIVEN_UP_MS) })
      const said = await answer.text()
      outcome.status = answer.status
      if (answer.ok) acknowledge(channel, JSON.parse(said) as { id: string, seq: number })
      else outcome.why = said
    } catch (error) {
      // No answer, or none of ours: whether it was published is not known.
      outcome.status = 0
      outcome.why = error instanceof Error ? `${error.message}: ${String(error.cause)}` : String(error)
    }
    outcome.tookMs = performance.now() - from
    outcomes.push(outcome)
    await sleep(EVERY_MS)
  }
}
