/**
 * Each part of the scale-out column is killed and paused while events are published: 200 readers get every acknowledged event once
 * and in order, whatever happens. `NEO_FAULT_SECONDS=60` makes each pause longer.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '@neo-stack/events'
import { until } from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'
import { startTraffic, type Traffic } from './traffic.ts'

const PAUSE_MS = Number(process.env['NEO_FAULT_SECONDS'] ?? 20) * 1000
const GREEN_MS = 30_000
/** How long a deployment may lie still whose deployer is gone. */
const LOST_MS = 45_000

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

  test('a deployment whose deployer is killed is taken up by another process within 45 s, and has one end', async () => {
    const service = cluster.service('acme', { request: { retries: 3, timeoutMs: 5000 } })
    const { deploymentId } = await service.rest.deployments.create('acme', { instanceType: 'odoo', name: 'Cut in the middle' })
    const of = { tenantId: 'acme', deploymentId }
    const read = async (): Promise<Deployment> => (await service.rest.deployments.get('acme', deploymentId)).deployment
    await until(async () => (await read()).status === 'in_progress', { timeoutMs: 30_000, what: 'its first step' })
    await Promise.all(['stack-deployer-1', 'stack-deployer-2'].map(name => cluster.signal(name, 'SIGKILL')))
    const { updatedAt, status } = await read()
    expect(status).toBe('in_progress')
    await until(async () => (await read()).updatedAt !== updatedAt, { timeoutMs: LOST_MS, what: 'word of another deployer' })
    await until(async () => (await read()).status === 'completed', { timeoutMs: 60_000, everyMs: 250, what: 'its end' })
    const { events } = await service.rest.events.history({ channel: 'tenant:acme:deployments', type: 'deployment_complete', limit: 1000 })
    expect(events.filter(({ data }) => data['deploymentId'] === deploymentId)).toHaveLength(1)
    const { lines, last } = await service.rest.logs.page(of, { after: 0, limit: 5000 })
    expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: last }, (_, index) => index + 1))
    expect(lines.filter(({ text }) => text.startsWith('Deployment retomado após interrupção'))).toHaveLength(1)
  })

  test('and at the end everything that was acknowledged was seen by everybody', async () => {
    await traffic.stop()
    expect(traffic.acknowledged()).toBeGreaterThan(100)
    expect(traffic.faults()).toEqual([])
  })
})
