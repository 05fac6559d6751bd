/**
 * What somebody who builds on the platform tests with the kit, said once of whatever platform it is connected to: the specification's two
 * tests (the publisher, and a deployment followed over a WebSocket), every matcher, a bad network, webhooks and recordings.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DeploymentPublisher } from '@neo-stack/events'
import { createFactory, listen, openRawSocket, record, replay, triggerWebhook, until, webhookFixtures, type Frame, type Network, type PlatformAccess } from '@neo-stack/testing'
import '@neo-stack/testing/matchers'

const tenantId = 'acme'
const deployments = `tenant:${tenantId}:deployments`
const alerts = `tenant:${tenantId}:alerts`
/** A cluster restarts nothing here, but it is several processes on a busy machine. */
const patience = { withinMs: 15_000 }
const quick = { connection: { minReconnectMs: 20, maxReconnectMs: 200 }, feeds: { retry: { baseMs: 20, maxMs: 200 } } }

/** Declares the tests. @param open gives the platform; it is stopped at the end */
export function describeKit(open: () => Promise<PlatformAccess>): void {
  let platform: PlatformAccess
  beforeAll(async () => { platform = await open() })
  afterAll(() => platform?.stop())

  const publisher = (): DeploymentPublisher => new DeploymentPublisher(platform.service(tenantId).rest.events.publish)
  const say = (message: string): Promise<unknown> => platform.service(tenantId).rest.events.publish(createFactory(tenantId).alert({ message }))

  describe('DeploymentPublisher', () => {
    test('publishes start, progress and completion, and returns each as it was published', async () => {
      const id = 'kit-published'
      expect(await publisher().publishStart(tenantId, id, 'odoo')).toMatchObject({ tenantId, deploymentId: id, instanceType: 'odoo', status: 'starting', progress: 0 })
      expect(await publisher().publishProgress(tenantId, id, 50, 'Configuring...', 'Creating network')).toMatchObject({ progress: 50, status: 'in_progress', logs: ['Creating network'] })
      expect(await publisher().publishCompletion(tenantId, id, 'https://odoo.example')).toMatchObject({ progress: 100, status: 'completed' })
      await expect(publisher().publishProgress(tenantId, id, 60, 'Too late')).rejects.toMatchObject({ code: 'deployment_finished' })
    })
  })

  describe('a deployment', () => {
    test('is followed over a WebSocket from its start to its end, each event once and in order', async () => {
      const member = await platform.client('member')
      const { token } = await member.rest.realtime.connectionToken()
      const { tokens } = await member.rest.realtime.subscriptionTokens([deployments])
      const socket = await openRawSocket(platform.url)
      expect(await socket.ask({ connect: { token } })).toHaveProperty('connect.client')
      expect(await socket.ask({ subscribe: { channel: deployments, token: tokens[deployments] } })).toHaveProperty('subscribe')
      const id = 'kit-followed'
      await publisher().publishStart(tenantId, id, 'netbox')
      for (const progress of [25, 50, 75]) await publisher().publishProgress(tenantId, id, progress, `At ${progress} %`)
      await publisher().publishCompletion(tenantId, id, 'https://netbox.example')
      const pushed = (): unknown[] => socket.frames.flatMap(frame => toPublished(frame, id))
      await expect(pushed).toConvergeWithin(patience.withinMs, [
        ['deployment_start', 0], ['deployment_progress', 25], ['deployment_progress', 50], ['deployment_progress', 75], ['deployment_complete', 100],
      ])
      socket.close()
    })
  })

  describe('matchers', () => {
    test('see what came, in which order, what did not, and that nothing is missing', async () => {
      const [one, two] = await Promise.all([listen(await platform.client('member'), alerts), listen(await platform.client('viewer'), alerts)])
      const other = await listen(await platform.client('member', 'globex'), 'tenant:globex:alerts')
      await say('first')
      await say('second')
      await expect(one).toReceive({ type: 'alert', data: { message: 'second' } }, patience)
      await expect(two).toReceiveInOrder([{ data: { message: 'first' } }, { data: { message: 'second' } }], patience)
      await expect([one, two].map(({ events }) => () => events.map(({ data }) => data['message']))).toConvergeWithin(patience.withinMs)
      await expect(other).toNeverReceive({ data: { message: 'first' } })
      for (const listener of [one, two, other]) {
        expect(listener).toHaveNoGaps()
        listener.stop()
      }
      await expect(expect(one).toReceive({ data: { message: 'third' } }, { withinMs: 50 })).rejects.toThrow(/waited 50 ms/)
    })

    const weathers: [what: string, weather: (network: Network) => void][] = [
      ['loses messages', network => { network.loss(0.5) }], ['swaps them', network => { network.reorder(0.5) }], ['is cut', network => { network.partition() }],
    ]
    test.each(weathers)('find no gap behind a network that %s', async (what, weather) => {
      const network = await platform.network(7)
      const reader = await listen(await platform.client('member', tenantId, { network, ...quick }), alerts)
      weather(network)
      for (let count = 0; count < 10; count++) await say(`${what} ${count}`)
      network.heal()
      await say(`${what}, and heals`)
      await expect(reader).toReceive({ data: { message: `${what}, and heals` } }, patience)
      expect(reader.events.length).toBeGreaterThanOrEqual(11)
      expect(reader).toHaveNoGaps()
      reader.stop()
    })
  })

  test('a webhook becomes an event, and what was recorded is played to another tenant', async () => {
    const billing = await listen(await platform.client('owner'), `tenant:${tenantId}:billing`)
    const source = await platform.webhookSource(tenantId)
    expect(await triggerWebhook(source, webhookFixtures.invoice({ invoiceId: 'inv-kit' }))).toMatchObject({ status: 200 })
    expect((await triggerWebhook(source, webhookFixtures.payment(), { secret: 'whsec_AAAA' })).body).toMatchObject({ code: 'invalid_signature' })
    await expect(billing).toReceive({ type: 'billing_invoice', data: { invoiceId: 'inv-kit' } }, patience)
    const channel = 'tenant:globex:billing'
    const globex = await listen(await platform.client('owner', 'globex'), channel)
    await replay(record(billing.events), { publish: platform.service('globex').rest.events.publish, channelOf: () => channel })
    await expect(globex).toReceive({ type: 'billing_invoice', data: { invoiceId: 'inv-kit' } }, patience)
    for (const listener of [billing, globex]) listener.stop()
  })

  test('what is stopped ends what was opened on the platform', async () => {
    const member = await platform.client('member')
    const feed = member.feeds.events(alerts, { onSnapshot: () => undefined, onEvent: () => undefined })
    feed.start()
    await until(() => feed.status.state === 'live')
    await platform.stop()
    await until(() => feed.status.state !== 'live')
  })
}

/** Type and progress of a pushed event of the deployment. */
function toPublished(frame: Frame, deploymentId: string): [type: string, progress: unknown][] {
  const { push } = frame as { push?: { pub?: { data: { type: string, data: Record<string, unknown> } } } }
  const event = push?.pub?.data
  return event?.data['deploymentId'] === deploymentId ? [[event.type, event.data['progress']]] : []
}
