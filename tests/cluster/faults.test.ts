/**
 * Each part of the scale-out column is killed and paused while events are published: 200 readers get every acknowledged event once
 * and in order, whatever happens. `NEO_FAULT_SECONDS=60` makes each pause longer.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'
import { startTraffic, type Traffic } from './traffic.ts'

const PAUSE_MS = Number(process.env['NEO_FAULT_SECONDS'] ?? 20) * 1000
const GREEN_MS = 30_000

describe.skipIf(isLeftOut)('while events are published', () => {
  let cluster: Cluster
  let traffic: Traffic
  beforeAll(async () => {
    cluster = await startCluster()
    traffic = await startTraffic(cluster)
    await traffic.isGreen(GREEN_MS)
  })
  afterAll(async () => { await cluster?.stop() })

  const parts = ['event-service-2', 'centrifugo-2', 'redis', 'postgres', 'gateway']

  test.each(parts)('kill -9 of %s loses, doubles and reorders nothing', async name => {
    const { pid } = await cluster.part(name)
    await cluster.signal(name, 'SIGKILL')
    await until(async () => (await cluster.part(name)).pid !== pid, { timeoutMs: 10_000, everyMs: 50, what: 'another process' })
    await traffic.isGreen(GREEN_MS)
    expect(traffic.orderFaults()).toEqual([])
  })

  test.each(parts)('a pause of %s loses, doubles and reorders nothing', async name => {
    traffic.takeOutcomes()
    await cluster.signal(name, 'SIGSTOP')
    try {
      // The time is the fault, not something waited for.
      await sleep(PAUSE_MS)
    } finally {
      await cluster.signal(name, 'SIGCONT')
    }
    await traffic.isGreen(GREEN_MS)
    const outcomes = traffic.takeOutcomes()
    expect(traffic.orderFaults()).toEqual([])
    if (name === 'postgres') {
      const failed = outcomes.filter(({ status }) => status !== 201)
      expect(failed.length).toBeGreaterThan(0)
      expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]))
      expect(Math.max(...failed.map(({ tookMs }) => tookMs))).toBeLessThan(3500)
    }
  })

  test('and at the end everything that was acknowledged was seen by everybody', async () => {
    await traffic.stop()
    expect(traffic.acknowledged()).toBeGreaterThan(100)
    expect(traffic.faults()).toEqual([])
  })
})
