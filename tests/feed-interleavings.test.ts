/**
 * Random interleavings of publish, cut, stall, delay, slow snapshot and reconnect through the real engine: the handler sees
 * 1,2,3… exactly once. Each run has a seed that repeats the choices.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Client } from '@neo-stack/client'
import { formatChannel } from '@neo-stack/events'
import { createJournal, createProxy, createRandom, findDeliveryFaults, until, type Journal, type Proxy, type TestPlatform } from '@neo-stack/testing'
import { startColumn } from './column.ts'

const RUNS = Number(process.env['NEO_INTERLEAVINGS'] ?? 50)
const STEPS = 14

interface Run {
  channel: string
  random: () => number
  proxy: Proxy
  service: Client
  journal: Journal
  /** Milliseconds that the next snapshots and pages take. */
  slow: { ms: number }
  published: number
}

/** What may happen; the weight is how often. */
const acts: { weight: number, name: string, act: (run: Run) => void | Promise<void> }[] = [
  { weight: 6, name: 'publish', act: run => publish(run, 1 + Math.floor(run.random() * 5)) },
  { weight: 2, name: 'publish at once', act: async run => { await Promise.all([publish(run, 3), publish(run, 3), publish(run, 3)]) } },
  { weight: 3, name: 'reset', act: ({ proxy }) => { proxy.cut('rst') } },
  { weight: 2, name: 'end', act: ({ proxy }) => { proxy.cut('fin') } },
  { weight: 2, name: 'reset while publishing', act: async run => {
    const publishing = publish(run, 4)
    run.proxy.cut('rst')
    await publishing
  } },
  { weight: 1, name: 'away', act: async run => {
    run.proxy.refuse(true)
    run.proxy.cut('rst')
    await publish(run, 1 + Math.floor(run.random() * 20))
    run.proxy.refuse(false)
  } },
  // More than recovery keeps: the feed has to ask history.
  { weight: 0.3, name: 'long away', act: async run => {
    run.proxy.refuse(true)
    run.proxy.cut('rst')
    await publishBatch(run, 310)
    run.proxy.refuse(false)
  } },
  { weight: 1, name: 'stall', act: async run => {
    run.proxy.stall()
    await publish(run, 2)
    run.proxy.resume()
  } },
  { weight: 2, name: 'delay', act: ({ proxy, random }) => { proxy.delay(random() * 15, random() * 15) } },
  { weight: 1, name: 'slice', act: ({ proxy, random }) => { proxy.slice(Math.floor(random() * 40)) } },
  { weight: 2, name: 'slow answers', act: ({ slow, random }) => { slow.ms = random() * 60 } },
  { weight: 2, name: 'wait', act: ({ random }) => sleep(random() * 30) },
]

function choose(random: () => number): typeof acts[number] {
  let left = random() * acts.reduce((sum, { weight }) => sum + weight, 0)
  for (const one of acts) {
    left -= one.weight
    if (left < 0) return one
  }
  throw new RangeError('weights do not add up')
}

async function publish(run: Run, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const data = { severity: 'info', message: `Event ${++run.published}` }
    run.journal.acknowledge({ channel: run.channel, ...await run.service.rest.events.publish({ channel: run.channel, type: 'alert', data }) })
  }
}

async function publishBatch(run: Run, count: number): Promise<void> {
  const events = Array.from({ length: count }, () => ({ channel: run.channel, type: 'alert', data: { severity: 'info', message: `Event ${++run.published}` } }))
  const answer = await run.service.rest.events.publishBatch({ events })
  for (const published of answer.events) run.journal.acknowledge({ channel: run.channel, ...published })
}

/** Lets the network be good again and waits until the reader has everything that was acknowledged. */
async function settle({ proxy, slow, journal }: Run, status: () => string): Promise<void> {
  slow.ms = 0
  proxy.refuse(false)
  proxy.resume()
  proxy.delay(0)
  proxy.slice(0)
  const last = Math.max(0, ...journal.acknowledged.map(({ seq }) => seq))
  const seen = (): number => journal.received.at(-1)?.seq ?? 0
  await until(() => status() === 'live' && seen() >= last, { timeoutMs: 20_000, what: () => `${last} at the handler; it has ${seen()} and is ${status()}` })
}

describe('a feed behind a bad network', () => {
  let platform: TestPlatform
  let member: Client

  beforeAll(async () => {
    platform = await startColumn()
    member = await platform.client('member')
  })
  afterAll(async () => { await platform?.stop() })

  async function start(seed: number, run: Run): Promise<{ status: () => string, snapshots: () => number, close: () => Promise<void> }> {
    const reader = createClient({
      // A token of its own run: all of them take longer than one lives.
      baseUrl: run.proxy.url, apiKey: String(await member.session.getAccessToken()), random: createRandom(seed),
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (run.slow.ms > 0) await sleep(run.slow.ms)
        return response
      },
      connection: { minReconnectMs: 5, maxReconnectMs: 40 }, feeds: { retry: { baseMs: 5, maxMs: 40 } }, request: { timeoutMs: 2000 },
    })
    let snapshots = 0
    const feed = reader.feeds.events(run.channel, {
      onSnapshot: events => {
        snapshots++
        for (const event of events) run.journal.receive(event)
      },
      onEvent: event => { run.journal.receive(event) },
    })
    feed.start()
    // Half of the runs begin while the first view is still being fetched.
    if (seed % 2 === 0) await until(() => feed.status.state === 'live')
    return { status: () => feed.status.state, snapshots: () => snapshots, close: () => reader.close() }
  }

  test.for(Array.from({ length: RUNS }, (_, index) => index + 1))('sees 1,2,3… exactly once with seed %i', async seed => {
    const random = createRandom(seed)
    await using proxy = await createProxy({ target: platform.url, seed })
    const run: Run = {
      channel: formatChannel('alerts', { tenantId: 'acme' }), random, proxy, slow: { ms: 0 }, published: 0,
      service: platform.service('acme'), journal: createJournal(),
    }
    const reader = await start(seed, run)
    const done: string[] = []
    try {
      for (let step = 0; step < STEPS; step++) {
        const { name, act } = choose(random)
        done.push(name)
        await act(run)
      }
      await publish(run, 1)
      await settle(run, reader.status)
      const first = run.journal.received[0]?.seq ?? 1
      expect(findDeliveryFaults({ ...run.journal, after: { [run.channel]: first - 1 } }), done.join(', ')).toEqual([])
      expect(reader.snapshots(), done.join(', ')).toBe(1)
    } finally {
      await reader.close()
    }
  })
})
