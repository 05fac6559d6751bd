/** The official `centrifuge` client, unmodified, from Node: everything the platform offers it. */

import { Centrifuge, SubscriptionState, type PublicationContext, type SubscribedContext } from 'centrifuge'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '@neo-stack/client'
import { formatChannel, type Envelope } from '@neo-stack/events'
import { createProxy, createTestPlatform, findOrderFaults, until, type Proxy, type TestPlatform } from '@neo-stack/testing'
import { isScaleOut, startColumn } from './column.ts'

describe('the official client', () => {
  let platform: TestPlatform
  let member: Client
  let service: Client
  let proxy: Proxy
  const open: Centrifuge[] = []
  const channel = formatChannel('alerts', { tenantId: 'acme' })

  beforeAll(async () => {
    platform = await startColumn()
    proxy = await createProxy({ target: platform.url })
    member = await platform.client('member')
    service = platform.service('acme')
  })
  afterEach(() => {
    for (const centrifuge of open.splice(0)) centrifuge.disconnect()
    proxy.refuse(false)
    proxy.delay(0)
    proxy.resume()
  })
  afterAll(async () => {
    await proxy?.stop()
    await platform?.stop()
  })

  function createCentrifuge(url = proxy.url, getToken = async () => (await member.rest.realtime.connectionToken()).token): Centrifuge {
    const centrifuge = new Centrifuge(`${url.replace('http', 'ws')}/connection/websocket`, { getToken, minReconnectDelay: 20, maxReconnectDelay: 100 })
    open.push(centrifuge)
    return centrifuge
  }

  async function getSubscriptionToken({ channel: name }: { channel: string }): Promise<string> {
    const { tokens } = await member.rest.realtime.subscriptionTokens([name])
    const token = tokens[name]
    if (typeof token !== 'string') throw new Error(`no token for ${name}`)
    return token
  }

  const publish = async (message: string): Promise<number> =>
    (await service.rest.events.publish({ channel, type: 'alert', data: { severity: 'info', message } })).seq ?? 0

  test('connects with a token, subscribes with a token and gets live events as the log holds them', async () => {
    const centrifuge = createCentrifuge()
    const publications: PublicationContext[] = []
    const subscription = centrifuge.newSubscription(channel, { getToken: getSubscriptionToken })
    subscription.on('publication', context => { publications.push(context) }).subscribe()
    centrifuge.connect()
    await subscription.ready(5000)
    const seq = await publish('Live')
    await until(() => publications.length === 1)
    const { events } = await service.rest.events.history({ channel, after: seq - 1 })
    expect(publications[0]?.data).toEqual(events[0])
    expect(publications[0]?.data).toMatchObject({ type: 'alert', channel, tenantId: 'acme', seq, actor: { type: 'service' }, data: { severity: 'info', message: 'Live' } })
  })

  test('recovers what it missed after a cut, in order, before anything newer', async () => {
    const centrifuge = createCentrifuge()
    const subscribed: SubscribedContext[] = []
    const received: Envelope[] = []
    const subscription = centrifuge.newSubscription(channel, { getToken: getSubscriptionToken })
    subscription.on('subscribed', context => subscribed.push(context)).on('publication', ({ data }) => received.push(data as Envelope)).subscribe()
    centrifuge.connect()
    await subscription.ready(5000)
    const first = await publish('Before the cut')
    await until(() => received.length === 1)
    proxy.refuse(true)
    proxy.cut()
    await until(() => subscription.state === SubscriptionState.Subscribing)
    for (let n = 0; n < 20; n++) await publish(`Missed ${n}`)
    proxy.refuse(false)
    await publish('After the cut')
    await until(() => received.length === 22)
    expect(subscribed.at(-1)).toMatchObject({ wasRecovering: true, recovered: true, recoverable: true, positioned: true })
    expect(findOrderFaults(received.map(({ seq = 0, id }) => ({ channel, seq, id })), { [channel]: first - 1 })).toEqual([])
  })

  test('is told when more was missed than is kept for recovery, and finds it in history', async () => {
    const centrifuge = createCentrifuge()
    const subscribed: SubscribedContext[] = []
    const subscription = centrifuge.newSubscription(channel, { getToken: getSubscriptionToken })
    subscription.on('subscribed', context => subscribed.push(context)).subscribe()
    centrifuge.connect()
    await subscription.ready(5000)
    const last = await publish('Before the cut')
    proxy.refuse(true)
    proxy.cut()
    await until(() => subscription.state === SubscriptionState.Subscribing)
    const events = Array.from({ length: 320 }, (_, n) => ({ channel, type: 'alert', data: { severity: 'info', message: `Missed ${n}` } }))
    await service.rest.events.publishBatch({ events })
    proxy.refuse(false)
    await until(() => subscribed.length === 2)
    expect(subscribed.at(-1)).toMatchObject({ wasRecovering: true, recovered: false })
    const missed = await member.rest.events.history({ channel, after: last, limit: 1000 })
    expect(missed.events.map(({ seq }) => seq)).toEqual(events.map((_, index) => last + 1 + index))
  })

  test('notices a half-open connection by its missing pings and comes back', async () => {
    const centrifuge = new Centrifuge(`${proxy.url.replace('http', 'ws')}/connection/websocket`, {
      getToken: async () => (await member.rest.realtime.connectionToken()).token, minReconnectDelay: 20, maxReconnectDelay: 100, timeout: 300,
    })
    open.push(centrifuge)
    centrifuge.connect()
    await centrifuge.ready(5000)
    proxy.stall()
    // Whatever it asks is not answered: the client gives the connection up.
    const subscription = centrifuge.newSubscription(channel, { getToken: getSubscriptionToken })
    subscription.subscribe()
    await until(() => centrifuge.state === 'connecting', { timeoutMs: 10_000 })
    proxy.resume()
    await subscription.ready(5000)
  })

  // In the other column tokens live a minute: cluster/installation.test.ts keeps connections for longer.
  if (!isScaleOut) test('refreshes the connection and its subscriptions before their tokens end', async () => {
    const shortLived = await createTestPlatform({ realtimeSeconds: 2 })
    try {
      const asked = { connection: 0, subscription: 0 }
      const reader = await shortLived.client('member')
      const centrifuge = createCentrifuge(shortLived.url, async () => {
        asked.connection++
        return (await reader.rest.realtime.connectionToken()).token
      })
      const received: unknown[] = []
      const subscription = centrifuge.newSubscription(channel, { getToken: async () => {
        asked.subscription++
        return String((await reader.rest.realtime.subscriptionTokens([channel])).tokens[channel])
      } })
      const states: string[] = []
      centrifuge.on('state', ({ newState }) => states.push(newState))
      subscription.on('publication', ({ data }) => received.push(data)).subscribe()
      centrifuge.connect()
      await subscription.ready(5000)
      await until(() => asked.connection >= 3 && asked.subscription >= 3, { timeoutMs: 12_000 })
      await shortLived.service('acme').rest.events.publish({ channel, type: 'alert', data: { severity: 'info', message: 'Still here' } })
      await until(() => received.length === 1)
      expect(states).toEqual(['connecting', 'connected'])
      centrifuge.disconnect()
    } finally {
      await shortLived.stop()
    }
  })

  test('is refused a channel it has no token for, with the code that makes it stop asking', async () => {
    const centrifuge = createCentrifuge()
    const subscription = centrifuge.newSubscription(formatChannel('alerts', { tenantId: 'globex' }))
    const ended = new Promise<{ code: number }>(resolve => { subscription.on('unsubscribed', resolve) })
    subscription.subscribe()
    centrifuge.connect()
    expect(await ended).toMatchObject({ code: 103 })
  })

  test('may not publish: browsers never do', async () => {
    const centrifuge = createCentrifuge()
    const subscription = centrifuge.newSubscription(channel, { getToken: getSubscriptionToken })
    subscription.subscribe()
    centrifuge.connect()
    await subscription.ready(5000)
    await expect(subscription.publish({ forged: true })).rejects.toMatchObject({ code: 103 })
    await expect(centrifuge.publish(channel, { forged: true })).rejects.toMatchObject({ code: 103 })
  })
})
