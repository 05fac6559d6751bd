/** How long an accepted event takes to 50 viewers. */

import { until } from '@neo-stack/testing'
import { createServiceClient } from '../keys.ts'
import { runOpenLoop } from '../load.ts'
import { startServer, watchGenerator, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import { readCpuSeconds } from '../usage.ts'
import { openViewers } from '../viewers.ts'

const VIEWERS = 50
const PER_SECOND = 100
const CHANNEL = 'tenant:acme:alerts'

export const fanout: Scenario = {
  doc: `${VIEWERS} viewers of one channel at ${PER_SECOND} events/s, over the client's feed`,
  run: async context => {
    await using platform = await startServer(context)
    const service = await createServiceClient(platform, 'acme')
    const receivedAt = new Map<string, number[]>()
    const viewers = await openViewers(platform, { count: VIEWERS, channel: CHANNEL }, id => { receivedAt.set(id, [...receivedAt.get(id) ?? [], now()]) })
    const acceptedAt = new Map<string, number>()
    const measured = await watchGenerator(async () => {
      const cpuBefore = await readCpuSeconds(platform.pid)
      await runOpenLoop({ perSecond: PER_SECOND, seconds: context.seconds }, async index => {
        const { id } = await service.rest.events.publish({ channel: CHANNEL, type: 'alert', data: { severity: 'info', message: `Load ${index}` } })
        acceptedAt.set(id, now())
      })
      await until(() => [...acceptedAt.keys()].every(id => receivedAt.get(id)?.length === VIEWERS), { timeoutMs: 30_000, what: 'all events at all viewers' })
      const cpuSeconds = await readCpuSeconds(platform.pid) - cpuBefore
      // Events may arrive before the publisher has its answer: that is 0, not a gain.
      const samples = [...acceptedAt].flatMap(([id, at]) => (receivedAt.get(id) ?? []).map(received => Math.max(0, received - at)))
      const { p50, p99, count } = summarise(samples)
      return [
        { name: 'accepted → received, p50', value: p50, unit: 'ms' },
        { name: 'accepted → received, p99', value: p99, unit: 'ms' },
        { name: 'deliveries', value: count, unit: '' },
        { name: 'server CPU per 1,000 deliveries', value: cpuSeconds / count * 1000, unit: 's' },
      ]
    })
    await Promise.all([...viewers, service].map(client => client.close()))
    return measured
  },
}

const now = (): number => performance.now()
