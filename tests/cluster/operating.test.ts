/** What operators do and see: parts restart one after the other, and a node that delivers nothing is found although it looks well. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRawSocket, until } from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'
import { startTraffic } from './traffic.ts'

describe.skipIf(isLeftOut)('a running cluster', () => {
  let cluster: Cluster
  beforeAll(async () => { cluster = await startCluster() })
  afterAll(async () => { await cluster?.stop() })

  test('restarts both services and both nodes under load: nothing lost, nothing doubled, no failed publish', async () => {
    const traffic = await startTraffic(cluster, 40)
    await traffic.isGreen(30_000)
    traffic.takeOutcomes()
    for (const name of ['event-service-1', 'event-service-2', 'centrifugo-1', 'centrifugo-2']) {
      const { pid, url } = await cluster.part(name)
      process.kill(pid, 'SIGTERM')
      await until(async () => (await cluster.part(name)).pid !== pid, { timeoutMs: 30_000, everyMs: 100, what: `${name} to be another process` })
      if (name.startsWith('event-service')) await until(async () => (await fetch(`${url}/readyz`)).ok, { timeoutMs: 30_000, everyMs: 100, what: `${name} to be ready` })
      await traffic.isGreen(30_000)
    }
    await traffic.stop()
    expect(traffic.faults()).toEqual([])
    expect(traffic.takeOutcomes().filter(({ status }) => status >= 500)).toEqual([])
  })

  test('says within 15 s that nothing is delivered although every socket stays open, and by itself that it is again', async () => {
    const services = await Promise.all(['event-service-1', 'event-service-2'].map(name => cluster.part(name)))
    const health = async (url: string): Promise<{ status: number, delivery: string[] }> => {
      const answer = await fetch(`${url}/readyz`)
      const { parts } = await answer.json() as { parts: { delivery: Record<string, string> } }
      return { status: answer.status, delivery: Object.values(parts.delivery) }
    }
    const isEverywhere = (state: string) => async (): Promise<boolean> => (await Promise.all(services.map(({ url }) => health(url)))).every(({ delivery }) => delivery.length === 2 && delivery.every(one => one === state))
    await until(isEverywhere('ok'), { timeoutMs: 30_000, everyMs: 100, what: 'delivery everywhere' })
    const { rest } = cluster.service('acme')
    const sockets = await Promise.all(['centrifugo-1', 'centrifugo-2'].map(async name => {
      const socket = await openRawSocket((await cluster.part(name)).url)
      expect(await socket.ask({ connect: { token: (await rest.realtime.connectionToken()).token } })).toHaveProperty('connect')
      return socket
    }))
    // Nodes may publish, and hear nothing any more.
    const subscribing = ['subscribe', 'psubscribe', 'ssubscribe']
    await cluster.askRedis('ACL', 'SETUSER', 'centrifugo', ...subscribing.map(command => `-${command}`))
    await cluster.askRedis('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const since = performance.now()
    await until(isEverywhere('stopped'), { timeoutMs: 20_000, everyMs: 100, what: 'the canaries to notice' })
    expect(performance.now() - since).toBeLessThan(15_000)
    const statuses = await Promise.all(services.map(({ url }) => health(url).then(({ status }) => status)))
    expect(statuses).toEqual([200, 200])
    await rest.events.publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'Nobody hears it yet' } })
    expect(sockets.map(({ closed }) => closed)).toEqual([undefined, undefined])
    await cluster.askRedis('ACL', 'SETUSER', 'centrifugo', ...subscribing.map(command => `+${command}`))
    await until(isEverywhere('ok'), { timeoutMs: 30_000, everyMs: 100, what: 'delivery everywhere again' })
    for (const socket of sockets) socket.close()
  })
})
