/** The scale-out column beside the embedded one: the same measures, first in one process, then through nginx over two services and two Centrifugo nodes. */

import { startPlatform, until, type PlatformProcess } from '@neo-stack/testing'
import { Agent } from 'node:http'
import { createServiceClient, readServiceKey } from '../keys.ts'
import { runClosedLoop, runOpenLoop } from '../load.ts'
import { findMissing } from '../realtime/target.ts'
import { root, startServer, watchGenerator, type BenchContext, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'
import { openViewers } from '../viewers.ts'
import { post } from './publish.ts'

const CHANNEL = 'tenant:acme:alerts'
const PUBLISHERS = 64

/** Readers and events per second: few, to see the way, and many, to see the load. */
const LOADS = [
  { name: 'commit → subscriber', viewers: 4, perSecond: 50, goals: ['≤ 10', '≤ 100'] },
  { name: 'fan-out to 100 readers', viewers: 100, perSecond: 50, goals: [] },
] as const

export const cluster: Scenario = {
  doc: `both columns in one table: commit → subscriber, fan-out, durable publishes from ${PUBLISHERS} publishers`,
  run: async context => {
    const missing = findMissing()
    if (missing !== undefined) return { rows: [], notes: [missing] }
    const { rows, notes = [] } = await watchGenerator(async () => [
      ...await measureColumn('embedded', context, () => startServer(context)),
      ...(await measureColumn('scale-out', context, startCluster)).map(row => ({ ...row, cores: '0,1' })),
    ])
    return { rows, notes: [...notes, ...context.pinned ? ['The embedded column has core 0 for itself; the parts of scale-out share both cores with the generator.'] : []] }
  },
}

/** Ends all its parts in order: a process that is only killed would leave them. */
async function startCluster(): Promise<PlatformProcess> {
  const cluster = await startPlatform({ main: `${root}deploy/src/main.ts`, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }, readyTimeoutMs: 180_000 })
  const stop = async (): Promise<void> => {
    await cluster.terminate()
    await cluster.stop()
  }
  return { ...cluster, stop, [Symbol.asyncDispose]: stop }
}

async function measureColumn(column: string, { seconds }: BenchContext, start: () => Promise<PlatformProcess>): Promise<Row[]> {
  await using platform = await start()
  const rows: Row[] = []
  for (const load of LOADS) rows.push(...await measureDelivery(platform, { ...load, seconds }))
  rows.push(...await measurePublishing(platform, seconds))
  return rows.map(row => ({ ...row, name: `${column}: ${row.name}` }))
}

async function measureDelivery(platform: PlatformProcess, { name, viewers: count, perSecond, goals, seconds }: (typeof LOADS)[number] & { seconds: number }): Promise<Row[]> {
  const service = await createServiceClient(platform, 'acme')
  const receivedAt = new Map<string, number[]>()
  const viewers = await openViewers(platform, { count, channel: CHANNEL }, id => { receivedAt.set(id, [...receivedAt.get(id) ?? [], performance.now()]) })
  const acceptedAt = new Map<string, number>()
  const publish = async (index: number): Promise<void> => {
    const { id } = await service.rest.events.publish({ channel: CHANNEL, type: 'alert', data: { severity: 'info', message: `Load ${index}` } })
    acceptedAt.set(id, performance.now())
  }
  // Whatever is compiled and connected at the first use is not the way that is measured.
  await runOpenLoop({ perSecond, seconds: 2 }, publish)
  acceptedAt.clear()
  await runOpenLoop({ perSecond, seconds }, publish)
  await until(() => [...acceptedAt.keys()].every(id => receivedAt.get(id)?.length === count), { timeoutMs: 30_000, what: 'all events at all readers' })
  await Promise.all([...viewers, service].map(client => client.close()))
  // Events may arrive before the publisher has its answer: that is 0, not a gain.
  const { p50, p99 } = summarise([...acceptedAt].flatMap(([id, at]) => (receivedAt.get(id) ?? []).map(received => Math.max(0, received - at))))
  return [['p50', p50, goals[0]], ['p99', p99, goals[1]]].map(([which, value, goal]) => ({ name: `${name}, ${String(which)}`, value: Number(value), unit: 'ms', ...goal !== undefined && { goal: String(goal) } }))
}

async function measurePublishing(platform: PlatformProcess, seconds: number): Promise<Row[]> {
  const key = await readServiceKey(platform, 'acme')
  const agent = new Agent({ keepAlive: true, maxSockets: PUBLISHERS })
  const body = JSON.stringify({ channel: CHANNEL, type: 'alert', data: { severity: 'info', message: 'A message of usual length for the load.' } })
  const send = (): Promise<void> => post(new URL('/v1/events', platform.url), { agent, key, body })
  await runClosedLoop({ parallel: PUBLISHERS, seconds: 2 }, send)
  const startedAt = performance.now()
  const samples = await runClosedLoop({ parallel: PUBLISHERS, seconds }, send)
  const took = (performance.now() - startedAt) / 1000
  agent.destroy()
  return [
    { name: 'durable publishes', value: samples.length / took, unit: '1/s' },
    { name: 'sent → accepted, p99', value: summarise(samples).p99, unit: 'ms' },
  ]
}
