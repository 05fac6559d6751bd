/** The scale-out column through its gateway: real Centrifugo, Redis, PostgreSQL and nginx, the official client. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Centrifuge, type TransportEndpoint, type PublicationContext } from 'centrifuge'
import { EventSource } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '@neo-stack/client'
import type { Envelope } from '@neo-stack/events'
import { createJournal, findDeliveryFaults, until } from '@neo-stack/testing'
import { platformMain } from '../paths.ts'
import { keyOf, startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'

const tenantId = 'acme'
const alerts = `tenant:${tenantId}:alerts`

describe.skipIf(isLeftOut)('through the gateway', () => {
  let cluster: Cluster
  let service: Client
  beforeAll(async () => {
    cluster = await startCluster()
    service = cluster.service(tenantId)
  })
  afterAll(async () => { await cluster?.stop() })

  test('a deployment is followed from its start to its end, every event once and in order', async () => {
    const member = await cluster.person(tenantId)
    const channel = `tenant:${tenantId}:deployments`
    const journal = createJournal()
    const events: Envelope[] = []
    const feed = member.feeds.events(channel, {
      onSnapshot: () => undefined,
      onEvent: event => {
        journal.receive(event)
        events.push(event)
      },
    })
    feed.start()
    await until(() => feed.status.state === 'live', { timeoutMs: 15_000 })
    const { seq: before } = await service.rest.events.history({ channel })
    const { deploymentId } = await member.rest.deployments.create(tenantId, { instanceType: 'netbox', name: 'Across machines' })
    const isOurs = (type: string) => (event: Envelope): boolean => event.type === type && event.data['deploymentId'] === deploymentId
    await until(() => events.some(isOurs('deployment_complete')), { timeoutMs: 90_000, what: 'the end of the deployment' })
    expect(events.some(isOurs('deployment_start'))).toBe(true)
    expect((await member.rest.deployments.get(tenantId, deploymentId)).deployment.status).toBe('completed')
    expect(findDeliveryFaults({ ...journal, after: { [channel]: before } })).toEqual([])
    feed.stop()
  })

  test.each<[what: string, fallback: 'http_stream' | 'sse']>([['HTTP streaming', 'http_stream'], ['SSE', 'sse']])('where WebSocket is refused %s carries the same', async (_what, transport) => {
    const endpoint = (name: string): string => `${cluster.url}/connection/${name}`
    const transports: TransportEndpoint[] = [{ transport: 'websocket', endpoint: endpoint('refused').replace('http', 'ws') }, { transport, endpoint: endpoint(transport) }]
    const { rest } = service
    const centrifuge = new Centrifuge(transports, {
      emulationEndpoint: `${cluster.url}/emulation`, eventsource: EventSource, getToken: async () => (await rest.realtime.connectionToken()).token,
    })
    try {
      const connected = new Promise<{ transport: string }>(resolve => { centrifuge.on('connected', resolve) })
      const publications: PublicationContext[] = []
      const subscription = centrifuge.newSubscription(alerts, { getToken: async () => String((await rest.realtime.subscriptionTokens([alerts])).tokens[alerts]) })
      subscription.on('publication', context => { publications.push(context) }).subscribe()
      centrifuge.connect()
      expect((await connected).transport).toBe(transport)
      await subscription.ready(10_000)
      const seqs: unknown[] = []
      for (let n = 0; n < 20; n++) seqs.push((await service.rest.events.publish({ channel: alerts, type: 'alert', data: { severity: 'info', message: `By ${transport} ${n}` } })).seq)
      await until(() => publications.length === seqs.length, { timeoutMs: 10_000 })
      expect(publications.map(({ data }) => (data as Envelope).seq)).toEqual(seqs)
    } finally {
      centrifuge.disconnect()
    }
  })

  test('a caller\'s trace goes through the log and the outbox to whoever reads', async () => {
    const traceId = randomBytes(16).toString('hex')
    const received: Envelope[] = []
    const feed = service.feeds.events(alerts, { onSnapshot: () => undefined, onEvent: event => { received.push(event) } })
    feed.start()
    await until(() => feed.status.state === 'live', { timeoutMs: 15_000 })
    const answer = await fetch(`${cluster.url}/v1/events`, {
      method: 'POST', headers: { 'authorization': `Bearer ${keyOf(cluster.demo, tenantId)}`, 'content-type': 'application/json', 'traceparent': `00-${traceId}-00f067aa0ba902b7-01` },
      body: JSON.stringify({ channel: alerts, type: 'alert', data: { severity: 'info', message: 'Traced' } }),
    })
    const { seq } = await answer.json() as { seq: number }
    await until(() => received.some(event => event.seq === seq), { timeoutMs: 15_000, what: 'the traced event' })
    const { events } = await service.rest.events.history({ channel: alerts, after: seq - 1, limit: 1 })
    for (const event of [received.find(one => one.seq === seq), events[0]]) expect(event?.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[\\da-f]{16}-01$`))
    feed.stop()
  })

  test('two services that publish to one channel make one order, without a hole, for readers on both nodes', async () => {
    const nodes = await Promise.all(['centrifugo-1', 'centrifugo-2'].map(name => cluster.part(name)))
    const readers = await Promise.all([...nodes, ...nodes].map(async ({ url }) => {
      const journal = createJournal()
      const client = cluster.service(tenantId, { apiKey: keyOf(cluster.demo, tenantId), realtimeUrl: `${url.replace('http', 'ws')}/connection/websocket` })
      const feed = client.feeds.events(alerts, { onSnapshot: () => undefined, onEvent: event => { journal.receive(event) } })
      feed.start()
      await until(() => feed.status.state === 'live', { timeoutMs: 15_000 })
      return { journal, feed }
    }))
    const { seq: before } = await service.rest.events.history({ channel: alerts })
    const services = await Promise.all(['event-service-1', 'event-service-2'].map(name => cluster.part(name)))
    const publish = async (baseUrl: string, publisher: number): Promise<void> => {
      const { rest } = cluster.service(tenantId, { baseUrl })
      for (let n = 0; n < 50; n++) {
        const acknowledged = await rest.events.publish({ channel: alerts, type: 'alert', data: { severity: 'info', message: `Publisher ${publisher}, event ${n}` } })
        for (const { journal } of readers) journal.acknowledge({ channel: alerts, ...acknowledged })
      }
    }
    await Promise.all([...services, ...services].map(({ url }, publisher) => publish(url, publisher)))
    for (const { journal } of readers) {
      await until(() => journal.received.at(-1)?.seq === before + 200, { timeoutMs: 15_000, what: 'the last event' })
      expect(findDeliveryFaults({ ...journal, after: { [alerts]: before } })).toEqual([])
    }
  })

  test('the doctor looks at every part of a running installation and finds nothing wrong', async () => {
    const settings = await cluster.settings('event-service-1')
    let stdout = ''
    const isWell = async (): Promise<boolean> => {
      stdout = (await promisify(execFile)(process.execPath, [platformMain, 'doctor'], { env: settings }).catch((error: unknown) => error as { stdout: string })).stdout
      return stdout.split('\n').every(line => line === '' || line.startsWith('✔'))
    }
    // The first canary of a cluster that has just started is on its way.
    await until(isWell, { timeoutMs: 30_000, everyMs: 500, what: () => `a doctor that finds nothing:\n${stdout}` })
    for (const part of ['configuration', 'data folder', 'disk', 'database', 'clock', 'redis', 'centrifugo', 'portals', 'process', 'delivery', 'tokens', 'gateway']) expect(stdout).toMatch(new RegExp(`^✔ ${part} `, 'm'))
    expect(stdout.match(/^✔ (?:centrifugo|delivery) /gm)?.length).toBeGreaterThanOrEqual(4)
  }, 60_000)

  test('a backup is restored while everything runs: readers on both nodes take a new snapshot of the restored log and follow it', async () => {
    const settings = await cluster.settings('event-service-1')
    const folder = await mkdtemp(join(tmpdir(), 'neo-cluster-restore-'))
    const run = async (...args: string[]): Promise<string> => (await promisify(execFile)(process.execPath, [platformMain, ...args], { env: settings })).stdout
    const publish = (message: string): Promise<{ seq?: number | undefined }> => service.rest.events.publish({ channel: alerts, type: 'alert', data: { severity: 'info', message }, idempotencyKey: message })
    const kept = await publish('Before the backup')
    await run('backup', join(folder, 'one.backup'))
    const nodes = await Promise.all(['centrifugo-1', 'centrifugo-2'].map(name => cluster.part(name)))
    const readers = await Promise.all(nodes.map(async ({ url }) => {
      const client = cluster.service(tenantId, { apiKey: keyOf(cluster.demo, tenantId), realtimeUrl: `${url.replace('http', 'ws')}/connection/websocket` })
      const snapshots: (Envelope | undefined)[] = []
      const received: Envelope[] = []
      const feed = client.feeds.events(alerts, { onSnapshot: events => { snapshots.push(events.at(-1)) }, onEvent: event => { received.push(event) } })
      feed.start()
      await until(() => feed.status.state === 'live', { timeoutMs: 15_000 })
      return { feed, snapshots, received }
    }))
    const { seq } = await publish('Lost with the restore')
    await until(() => readers.every(({ received }) => received.at(-1)?.seq === seq), { timeoutMs: 15_000 })
    const { logEpoch } = await service.rest.events.history({ channel: alerts })

    expect(await run('restore', join(folder, 'one.backup'), '--replace')).toContain('readers take a new snapshot')
    await until(() => readers.every(({ snapshots }) => snapshots.at(-1)?.seq === kept.seq && snapshots.at(-1)?.logEpoch !== logEpoch), { timeoutMs: 60_000, what: 'a new snapshot of the restored log' })
    const next = await until(() => publish('After the restore').catch(() => undefined), { timeoutMs: 60_000, everyMs: 200, what: 'a service that takes publishes' })
    expect(next.seq).toBe((kept.seq ?? 0) + 1)
    await until(() => readers.every(({ received, snapshots }) => (received.at(-1)?.seq ?? 0) === next.seq || snapshots.at(-1)?.seq === next.seq), { timeoutMs: 20_000 })
    expect(new Set(readers.map(({ feed }) => feed.status.state))).toEqual(new Set(['live']))
    expect(await run('verify')).toContain('without a hole')
    await rm(folder, { recursive: true, force: true })
  }, 300_000)
})
