/** How many single durable publishes the platform accepts over HTTP. */

import { request, Agent } from 'node:http'
import { readServiceKey } from '../keys.ts'
import { runClosedLoop } from '../load.ts'
import { startServer, watchGenerator, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'
import { readCpuSeconds } from '../usage.ts'

const PUBLISHERS = 64

export const publish: Scenario = {
  doc: `single durable publishes over HTTP from ${PUBLISHERS} publishers of one tenant`,
  run: async context => {
    await using platform = await startServer(context)
    const key = await readServiceKey(platform, 'acme')
    // node:http instead of fetch: the generator must not be what is measured.
    const agent = new Agent({ keepAlive: true, maxSockets: PUBLISHERS })
    const send = (): Promise<void> => post(new URL('/v1/events', platform.url), { agent, key })
    await runClosedLoop({ parallel: PUBLISHERS, seconds: 2 }, send)
    const measured = await watchGenerator(async () => {
      const cpuBefore = await readCpuSeconds(platform.pid)
      const startedAt = performance.now()
      const samples = await runClosedLoop({ parallel: PUBLISHERS, seconds: context.seconds }, send)
      const seconds = (performance.now() - startedAt) / 1000
      return toRows(samples, { seconds, cpuSeconds: await readCpuSeconds(platform.pid) - cpuBefore })
    })
    agent.destroy()
    return measured
  },
}

function toRows(samples: readonly number[], { seconds, cpuSeconds }: { seconds: number, cpuSeconds: number }): Row[] {
  const { count, p50, p99 } = summarise(samples)
  return [
    { name: 'accepted publishes', value: count / seconds, unit: '1/s' },
    { name: 'sent → accepted, p50', value: p50, unit: 'ms' },
    { name: 'sent → accepted, p99', value: p99, unit: 'ms' },
    { name: 'server CPU per 1,000 publishes', value: cpuSeconds / count * 1000, unit: 's' },
  ]
}

const body = JSON.stringify({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'A message of usual length for the load.' } })

function post(url: URL, { agent, key }: { agent: Agent, key: string }): Promise<void> {
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
