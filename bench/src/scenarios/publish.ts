/** How many durable publishes the platform accepts over HTTP, one by one and in batches. */

import { request, Agent } from 'node:http'
import type { PlatformProcess } from '@neo-stack/testing'
import { readServiceKey } from '../keys.ts'
import { runClosedLoop } from '../load.ts'
import { startServer, watchGenerator, type BenchContext, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'
import { readCpuSeconds } from '../usage.ts'

const PUBLISHERS = 64
const BATCH = 100

/** Publishers of batches: each has as many events in flight as many single ones. */
const BATCH_PUBLISHERS = 8

/** One way to publish. */
interface Way {
  name: string
  goal: string
  path: string
  body: string
  /** Events of one request. */
  events: number
  parallel: number
}

const event = { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'A message of usual length for the load.' } }

const ways: readonly Way[] = [
  { name: 'single', goal: '≥ 3000', path: '/v1/events', body: JSON.stringify(event), events: 1, parallel: PUBLISHERS },
  {
    name: `batches of ${BATCH}`, goal: '≥ 20000', path: '/v1/events/batch', body: JSON.stringify({ events: Array.from({ length: BATCH }, () => event) }),
    events: BATCH, parallel: BATCH_PUBLISHERS,
  },
]

export const publish: Scenario = {
  cores: '0,1',
  doc: `durable publishes over HTTP: single ones from ${PUBLISHERS} publishers of one tenant, and batches; --database postgres://… measures PostgreSQL`,
  run: async context => {
    const measured: Measured[] = []
    for (const way of ways) measured.push(await measureAlone(context, way))
    return { rows: measured.flatMap(({ rows }) => rows), notes: [...new Set(measured.flatMap(({ notes = [] }) => notes))] }
  },
}

/**
 * Each way has a server of its own: what the one before left to be indexed must not weigh on the next. The goals are of two cores, and the
 * database has a thread, so the server may use both; the generator stays on one.
 */
async function measureAlone(context: BenchContext, way: Way): Promise<Measured> {
  await using platform = await startServer(context, context.pinned ? { prefix: ['taskset', '-c', '0,1'] } : {})
  const measured = await measure(context, platform, way)
  // Not killed: a profile is written at the end.
  await platform.terminate()
  return measured
}

async function measure(context: BenchContext, platform: PlatformProcess, way: Way): Promise<Measured> {
  const key = await readServiceKey(platform, 'acme')
  // node:http instead of fetch: the generator must not be what is measured.
  const agent = new Agent({ keepAlive: true, maxSockets: way.parallel })
  const send = (): Promise<void> => post(new URL(way.path, platform.url), { agent, key, body: way.body })
  await runClosedLoop({ parallel: way.parallel, seconds: 2 }, send)
  const measured = await watchGenerator(async () => {
    const cpuBefore = await readCpuSeconds(platform.pid)
    const startedAt = performance.now()
    const samples = await runClosedLoop({ parallel: way.parallel, seconds: context.seconds }, send)
    const seconds = (performance.now() - startedAt) / 1000
    return toRows(way, samples, { seconds, cpuSeconds: await readCpuSeconds(platform.pid) - cpuBefore })
  })
  agent.destroy()
  return measured
}

function toRows({ name, goal, events }: Way, samples: readonly number[], { seconds, cpuSeconds }: { seconds: number, cpuSeconds: number }): Row[] {
  const { count, p50, p99 } = summarise(samples)
  return [
    { name: `${name}: accepted events`, value: count * events / seconds, unit: '1/s', goal },
    { name: `${name}: sent → accepted, p50`, value: p50, unit: 'ms' },
    { name: `${name}: sent → accepted, p99`, value: p99, unit: 'ms' },
    { name: `${name}: server CPU per 1,000 events`, value: cpuSeconds / (count * events) * 1000, unit: 's' },
    { name: `${name}: events per second of server CPU`, value: count * events / cpuSeconds, unit: '1/s' },
  ]
}

/** Sends one publish over a kept connection. @throws {Error} when it is not accepted */
export function post(url: URL, { agent, key, body }: { agent: Agent, key: string, body: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'authorization': `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    request(url, { method: 'POST', agent, headers }, response => {
      response.resume().once('end', () => {
        if (response.statusCode === 201) resolve()
        else reject(new Error(`publish was answered ${response.statusCode}`))
      })
    }).once('error', reject).end(body)
  })
}
