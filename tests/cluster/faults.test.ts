/**
 * Each part of the scale-out column is killed and paused while events are published: 200 readers get every acknowledged event once
 * and in order, whatever happens, and the log holds each. `NEO_FAULT_SECONDS=60` makes each pause longer. What was seen is printed.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '@neo-stack/events'
import { until } from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'
import { startTraffic, type Outcome, type Traffic } from './traffic.ts'

const PAUSE_MS = Number(process.env['NEO_FAULT_SECONDS'] ?? 20) * 1000
const GREEN_MS = 30_000
/** How long a deployment may lie still whose deployer is gone. */
const LOST_MS = 45_000
/** A publish is answered by then, the database's absence with 503. */
const ANSWERED_MS = 3000

/** How long Prometheus waits for a target that it asks every 15 s. */
const SCRAPE_MS = 10_000

interface Seen { fault: string, part: string, greenMs: number, outcomes: Outcome[] }

/** While these are away a publish may be refused or left without an answer; while the others are, none is. */
const isOnTheWay = (part: string): boolean => !['redis', 'centrifugo-2'].includes(part)

describe.skipIf(isLeftOut)('while events are published', () => {
  let cluster: Cluster
  let traffic: Traffic
  const seen: Seen[] = []
  beforeAll(async () => {
    cluster = await startCluster()
    traffic = await startTraffic(cluster)
    await isGreen()
  })
  afterAll(async () => {
    await cluster?.stop()
    console.log(seen.map(describeFault).join('\n'))
  })

  /** Everybody is given events again, both services take publishes, and what watches delivery sees both nodes deliver. */
  async function isGreen(): Promise<void> {
    await Promise.all([traffic.isGreen(GREEN_MS), ...['event-service-1', 'event-service-2'].map(async name => {
      const { url } = await cluster.part(name)
      let told = ''
      await until(async () => {
        const answer = await fetch(`${url}/readyz`)
        told = await answer.text()
        return answer.ok && !told.includes('stopped')
      }, { timeoutMs: GREEN_MS, everyMs: 50, what: () => `${name} to be ready and to see delivery: ${told}` })
    })])
  }

  /** What the fault did, until everything is green after it. */
  async function watch(fault: string, part: string, act: () => Promise<void>): Promise<Outcome[]> {
    traffic.takeOutcomes()
    await act()
    const from = performance.now()
    await isGreen()
    const outcomes: Outcome[] = []
    await until(() => {
      outcomes.push(...traffic.takeOutcomes())
      return outcomes.some(({ status }) => status === 201)
    }, { timeoutMs: GREEN_MS, everyMs: 20, what: 'a publish to be accepted' })
    seen.push({ fault, part, greenMs: performance.now() - from, outcomes })
    expect(traffic.orderFaults()).toEqual([])
    if (!isOnTheWay(part)) expect(outcomes.filter(({ status }) => status !== 201)).toEqual([])
    return outcomes
  }

  /** A service whose database hangs is up, and says in its metrics what is not. */
  async function tellsThatTheDatabaseIsAway(): Promise<void> {
    const { url } = await cluster.part('event-service-1')
    const from = performance.now()
    const text = await fetch(`${url}/metrics`).then(answer => answer.text())
    expect(performance.now() - from).toBeLessThan(SCRAPE_MS)
    expect(text).toMatch(/^database_up 0$/m)
  }

  const parts = ['event-service-2', 'centrifugo-2', 'redis', 'postgres', 'gateway']

  test.each(parts)('kill -9 of %s loses, doubles and reorders nothing', async name => {
    const { pid } = await cluster.part(name)
    const outcomes = await watch('kill -9', name, async () => {
      await cluster.signal(name, 'SIGKILL')
      await until(async () => (await cluster.part(name)).pid !== pid, { timeoutMs: 10_000, everyMs: 50, what: 'another process' })
    })
    if (name === 'postgres') expectRefusals(outcomes)
  })

  test.each(parts)('a pause of %s loses, doubles and reorders nothing', async name => {
    const outcomes = await watch('pause', name, async () => {
      await cluster.signal(name, 'SIGSTOP')
      try {
        // The time is the fault, not something waited for.
        await Promise.all([sleep(PAUSE_MS), name === 'postgres' && tellsThatTheDatabaseIsAway()])
      } finally {
        await cluster.signal(name, 'SIGCONT')
      }
    })
    if (name === 'postgres') expectRefusals(outcomes)
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

  test('and at the end everything that was acknowledged was seen by everybody, and is in the log', async () => {
    await traffic.stop()
    expect(traffic.acknowledged().length).toBeGreaterThan(100)
    expect(traffic.faults()).toEqual([])
    expect(await traffic.notLogged()).toEqual([])
  })
})

/** Who publishes while the database is away hears of it soon, and of nothing else. */
function expectRefusals(outcomes: readonly Outcome[]): void {
  const failed = outcomes.filter(({ status }) => status !== 201)
  expect(failed.length).toBeGreaterThan(0)
  expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]))
  expect(Math.max(...failed.map(({ tookMs }) => tookMs))).toBeLessThanOrEqual(ANSWERED_MS)
}

function describeFault({ fault, part, greenMs, outcomes }: Seen): string {
  const byStatus = Object.entries(Object.groupBy(outcomes, ({ status }) => status === 0 ? 'no answer' : status))
  const told = byStatus.map(([status, some = []]) => `${some.length} × ${status} (slowest ${Math.round(Math.max(...some.map(({ tookMs }) => tookMs)))} ms)`)
  return `${fault} of ${part}: green ${(greenMs / 1000).toFixed(1)} s after it was back; publishes: ${told.join(', ') || 'none'}`
}
