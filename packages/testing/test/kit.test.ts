import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import '../src/matchers.ts'
import {
  createFactory, createTestClock, createTestPlatform, listen, record, replay, triggerWebhook, until, webhookFixtures, type Network, type TestPlatform,
} from '../src/index.ts'

const channel = 'tenant:acme:alerts'
const impatient = { connection: { minReconnectMs: 5, maxReconnectMs: 20 }, feeds: { retry: { baseMs: 5, maxMs: 20 } } }

describe('what a test of somebody else\'s needs', () => {
  const clock = createTestClock()
  let platform: TestPlatform
  beforeAll(async () => { platform = await createTestPlatform({ clock }) }, 60_000)
  afterAll(async () => { await platform?.stop() })
  const make = createFactory('acme')
  const publish = (message: string): Promise<unknown> => platform.service('acme').rest.events.publish(make.alert({ message }))

  test('matchers see what came, in which order, and what did not', async () => {
    const alerts = await listen(await platform.client('member'), channel)
    await publish('one')
    await publish('two')
    await expect(alerts).toReceive({ type: 'alert', data: { message: 'two' } })
    await expect(alerts).toReceiveInOrder([{ data: { message: 'one' } }, { data: { message: expect.stringMatching(/^t/) } }])
    await expect(alerts).not.toReceiveInOrder([{ data: { message: 'two' } }, { data: { message: 'one' } }], { withinMs: 20 })
    await expect(alerts).toNeverReceive({ data: { message: 'three' } }, { forMs: 50 })
    expect(alerts).toHaveNoGaps()
    // Each of them can fail, and says why.
    await expect(expect(alerts).toReceive({ data: { message: 'three' } }, { withinMs: 20 })).rejects.toThrow(/waited 20 ms for .*three/)
    await expect(expect(alerts).toNeverReceive({ data: { message: 'one' } })).rejects.toThrow(/never/)
    expect(() => { expect({ ...alerts, after: alerts.after - 1 }).toHaveNoGaps() }).toThrow(/came where/)
    expect(() => { expect(alerts.events.toReversed()).toHaveNoGaps() }).toThrow(/again or late/)
    alerts.stop()
  })

  test('readers converge, and those that do not are shown', async () => {
    const [one, two] = await Promise.all([listen(await platform.client('member'), channel), listen(await platform.client('viewer'), channel)])
    const last = (listener: typeof one) => (): unknown => listener.events.at(-1)?.data['message']
    await publish('same')
    await expect([last(one), last(two)]).toConvergeWithin(5000)
    await expect(last(two)).toConvergeWithin(5000, 'same')
    await expect(expect([last(one), () => 'another']).toConvergeWithin(20)).rejects.toThrow(/another/)
  })

  const weathers: [what: string, weather: (network: Network) => void][] = [
    ['lost', network => { network.loss(0.5) }], ['in another order', network => { network.reorder(0.5) }], ['late', network => { network.latency(20, 20) }],
    ['not read', network => { network.slowReader(20_000) }],
  ]
  test.each(weathers)('a feed has everything although messages are %s', async (_what, weather) => {
    const network = await platform.network(7)
    const alerts = await listen(await platform.client('member', 'acme', { network, ...impatient }), channel)
    weather(network)
    for (let count = 0; count < 20; count++) await publish(`bad weather ${count}`)
    network.heal()
    await publish('fine again')
    await expect(alerts).toReceive({ data: { message: 'fine again' } })
    expect(alerts).toHaveNoGaps()
  }, 20_000)

  test('the same seed loses and swaps the same messages, another one others', async () => {
    const arrivals = async (seed: number): Promise<string[]> => {
      const network = await platform.network(seed)
      network.loss(0.3)
      network.reorder(0.3)
      const socket = new network.webSocket(`${network.url.replace('http', 'ws')}/connection/websocket`)
      const arrived: string[] = []
      socket.onmessage = ({ data }) => { arrived.push(String(data)) }
      for (let count = 0; count < 40; count++) socket.dispatchEvent(new MessageEvent('message', { data: `{"push":{"channel":"c","pub":{"data":${count}}}}` }))
      await until(() => arrived.length === 40 - network.counts.lost)
      socket.close()
      return arrived
    }
    const first = await arrivals(3)
    expect(first.length).toBeLessThan(40)
    expect(first).not.toEqual(first.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)))
    expect(await arrivals(3)).toEqual(first)
    expect(await arrivals(4)).not.toEqual(first)
  })

  test('a partition is over when it is healed, and nothing comes through before', async () => {
    const network = await platform.network()
    const alerts = await listen(await platform.client('member', 'acme', { network, ...impatient }), channel)
    network.partition()
    await publish('behind the partition')
    await expect(alerts).toNeverReceive({ data: { message: 'behind the partition' } }, { forMs: 100 })
    network.heal()
    await expect(alerts).toReceive({ data: { message: 'behind the partition' } }, { withinMs: 10_000 })
    network.halfOpen()
    await publish('half open')
    await expect(alerts).toNeverReceive({ data: { message: 'half open' } }, { forMs: 100 })
    network.heal()
    await expect(alerts).toReceive({ data: { message: 'half open' } }, { withinMs: 10_000 })
    expect(alerts).toHaveNoGaps()
  }, 30_000)

  test('a clock moved on by hours ends tokens, and clients renew theirs', async () => {
    const member = await platform.client('member')
    const before = await member.session.getAccessToken()
    const call = (token: string | undefined): Promise<Response> => fetch(`${platform.url}/v1/tenants/acme/deployments`, { headers: { authorization: `Bearer ${token ?? ''}` } })
    expect((await call(before)).status).toBe(200)
    clock.advance(3_600_000)
    expect((await call(before)).status).toBe(401)
    const after = await until(async () => {
      const token = await member.session.getAccessToken()
      return token !== before && token
    })
    expect((await call(after)).status).toBe(200)
  })

  test('a clock rings what is due in its order, once, and leaves the rest', () => {
    const own = createTestClock()
    const rung: string[] = []
    const cancelled = own.setTimeout(() => rung.push('cancelled'), 500)
    own.setTimeout(() => rung.push('late'), 2000)
    own.setTimeout(() => {
      rung.push('first')
      own.setTimeout(() => rung.push('set by the first'), 300)
    }, 1000)
    const end = own.every(60_000, () => rung.push('tick'))
    own.clearTimeout(cancelled)
    const before = own.now()
    own.advance(1500)
    expect(rung).toEqual(['first', 'set by the first', 'tick'])
    expect(own.now() - before).toBeGreaterThanOrEqual(1500)
    end()
    own.advance(5000)
    expect(rung).toEqual(['first', 'set by the first', 'tick', 'late'])
  })

  test('a billing system\'s webhooks are taken, once, and refused with another secret or from another time', async () => {
    const billing = await listen(await platform.client('owner'), 'tenant:acme:billing')
    const source = await platform.webhookSource('acme')
    const at = clock.now()
    expect(await triggerWebhook(source, webhookFixtures.invoice({ invoiceId: 'inv-kit' }), { id: 'msg-1', at })).toMatchObject({ status: 200 })
    await expect(billing).toReceive({ type: 'billing_invoice', data: { invoiceId: 'inv-kit' } })
    expect((await triggerWebhook(source, webhookFixtures.invoice({ invoiceId: 'inv-kit' }), { id: 'msg-1', at })).body).toMatchObject({ status: 'duplicate' })
    expect((await triggerWebhook(source, webhookFixtures.payment(), { at, secret: 'whsec_AAAA' })).body).toMatchObject({ code: 'invalid_signature' })
    expect((await triggerWebhook(source, webhookFixtures.payment(), { at: at - 600_000 })).body).toMatchObject({ code: 'signature_expired' })
    const stripe = await platform.webhookSource('acme', 'stripe', 'whsec_of_an_endpoint_of_stripe')
    expect(await triggerWebhook(stripe, webhookFixtures.stripeInvoicePaid({ id: 'in_kit' }), { at })).toMatchObject({ status: 200 })
    await expect(billing).toReceive({ type: 'billing_invoice', data: { invoiceId: 'in_kit', status: 'completed' } })
  })

  test('what was recorded of one tenant is played to another, and counts once', async () => {
    const alerts = await listen(await platform.client('member'), channel)
    await publish('recorded one')
    await publish('recorded two')
    await expect(alerts).toReceiveInOrder([{ data: { message: 'recorded one' } }, { data: { message: 'recorded two' } }])
    const recording: unknown = JSON.parse(JSON.stringify(record(alerts.events)))
    const others = await listen(await platform.client('member', 'globex'), 'tenant:globex:alerts')
    const play = (): ReturnType<typeof replay> => replay(recording as ReturnType<typeof record>, {
      publish: platform.service('globex').rest.events.publish, channelOf: () => 'tenant:globex:alerts', name: 'story',
    })
    expect(await play()).toEqual(await play())
    await expect(others).toReceiveInOrder([{ data: { message: 'recorded one' } }, { data: { message: 'recorded two' } }])
    expect(others.events).toHaveLength(2)
  })

  test('a factory\'s events are ones that the catalogue takes', async () => {
    const { rest } = platform.service('globex')
    const globex = createFactory('globex')
    for (const event of [globex.alert(), globex.deploymentStart(), globex.deploymentProgress(), globex.invoice(), globex.payment()]) {
      expect(await rest.events.publish(event)).toMatchObject({ seq: expect.any(Number) as number })
    }
  })
})
