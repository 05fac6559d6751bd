/** What was read and what comes live through the real engine and a bad network: the reader has every second of a tenant once, in order. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Client } from '@neo-stack/client'
import { createProxy, createRandom, until, type Proxy, type TestPlatform } from '@neo-stack/testing'
import { isScaleOut, startColumn } from './column.ts'

const RUNS = Number(process.env['NEO_METRICS_RUNS'] ?? 15)
const STEPS = 12

/** How far a grid is ahead of now where now is taken, in seconds. */
const AHEAD = 20

const isPushed = ({ simulated }: { simulated?: boolean | undefined }): boolean => simulated !== true

interface Run { proxy: Proxy, random: () => number, push: (count: number) => Promise<void> }

const acts: readonly ((run: Run) => void | Promise<void>)[] = [
  ({ push, random }) => push(1 + Math.floor(random() * 3)),
  ({ push }) => push(1),
  ({ proxy }) => { proxy.cut('rst') },
  ({ proxy }) => { proxy.cut('fin') },
  async ({ proxy, push }) => {
    const pushing = push(3)
    proxy.cut('rst')
    await pushing
  },
  async ({ proxy, push }) => {
    proxy.refuse(true)
    proxy.cut('rst')
    await push(2)
    proxy.refuse(false)
  },
  async ({ proxy, push }) => {
    proxy.stall()
    await push(2)
    proxy.resume()
  },
  ({ proxy, random }) => { proxy.delay(random() * 15, random() * 15) },
  ({ random }) => sleep(random() * 30),
]

describe('samples behind a bad network', () => {
  let platform: TestPlatform
  let member: Client
  beforeAll(async () => {
    platform = await startColumn()
    member = await platform.client('member')
  })
  afterAll(async () => { await platform?.stop() })

  test.for(Array.from({ length: RUNS }, (_, index) => index + 1))('has each second once with seed %i', async seed => {
    await platform.database.inSystem(tx => tx.deleteFrom('metric_samples').execute())
    const random = createRandom(seed)
    await using proxy = await createProxy({ target: platform.url, seed })
    const reader = createClient({
      // A token of its own run: all of them take longer than one lives.
      baseUrl: proxy.url, apiKey: String(await member.session.getAccessToken()), random: createRandom(seed), connection: { minReconnectMs: 5, maxReconnectMs: 40 }, feeds: { retry: { baseMs: 5, maxMs: 40 } }, request: { timeoutMs: 2000 },
    })
    const pushed: number[] = []
    let seen: number[] = []
    // A grid that begins a little before now and runs ahead of it, with a second missing now and then. A cluster measures acme's instances
    // by itself in the second that is now: there the grid is beyond that, as of a clock that runs ahead.
    let at = Math.floor(Date.now() / 1000) + (isScaleOut ? AHEAD : -10)
    const push = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        at += random() < 0.1 ? 2 : 1
        pushed.push(at)
        await platform.service('acme').rest.metrics.push('acme', { at, cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 })
      }
    }
    const feed = reader.feeds.tenantMetrics('acme', { onSnapshot: samples => { seen = samples.filter(isPushed).map(one => one.at) }, onSample: one => { if (isPushed(one)) seen.push(one.at) } })
    try {
      feed.start()
      // Half of the runs begin while the first view is still being fetched.
      if (seed % 2 === 0) await until(() => feed.status.state === 'live')
      for (let step = 0; step < STEPS; step++) await acts[Math.floor(random() * acts.length)]?.({ proxy, random, push })
      proxy.resume()
      proxy.delay(0)
      await until(() => feed.status.state === 'live', { timeoutMs: 20_000, what: () => `the feed to be live; it is ${feed.status.state}` })
      await push(1)
      await until(() => feed.status.state === 'live' && seen.at(-1) === at, { timeoutMs: 20_000, what: () => `second ${at}; the last one seen is ${seen.at(-1)}` })
      expect(seen).toEqual(pushed.filter(one => one >= (seen[0] ?? 0)))
    } finally {
      await reader.close()
    }
  })
})
