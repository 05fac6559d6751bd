import { Centrifuge } from 'centrifuge/build/protobuf'
import type { PublicationContext, SubscribedContext, TransportEndpoint } from 'centrifuge'
import { describe, expect, onTestFinished, test } from 'vitest'
import { protobufCodec } from '../src/codec-protobuf.ts'
import { once, sign, start, until } from './kit.ts'
import type { Running } from './kit.ts'

const encoder = new TextEncoder()
const text = (data: unknown): string => new TextDecoder().decode(data as Uint8Array)

function binary({ port, url }: Running, transport: 'websocket' | 'http_stream'): Centrifuge {
  const endpoints: TransportEndpoint[] = [{ transport, endpoint: transport === 'websocket' ? url : `http://127.0.0.1:${port}/connection/http_stream` }]
  const client = new Centrifuge(endpoints, {
    emulationEndpoint: `http://127.0.0.1:${port}/emulation`, getToken: () => sign({ sub: 'u' }), minReconnectDelay: 10, maxReconnectDelay: 50,
  })
  onTestFinished(() => { client.disconnect() })
  return client
}

describe.each(['websocket', 'http_stream'] as const)('the official Protobuf client over %s', transport => {
  test('subscribes, publishes, hears itself, recovers, and reads history and presence', async () => {
    const running = await start()
    const client = binary(running, transport)
    const subscription = client.newSubscription('kept:a')
    const heard: string[] = []
    subscription.on('publication', (context: PublicationContext) => heard.push(text(context.data)))
    subscription.subscribe()
    client.connect()
    await subscription.ready(5_000)
    await subscription.publish(encoder.encode('{"n":"ação"}'))
    await until(() => heard.length === 1)
    const back = once<SubscribedContext>(subscription, 'subscribed')
    running.engine.disconnect({ user: 'u', code: 3011 })
    running.engine.publish('kept:a', 2, { tags: { k: 'v' } })
    expect((await back).recovered).toBe(true)
    await until(() => heard.length === 2)
    expect(heard).toEqual(['{"n":"ação"}', '2'])
    const history = await subscription.history({ limit: -1 })
    expect(history.publications.map(({ offset, data, tags }) => [offset, text(data), tags?.k])).toEqual([[1, '{"n":"ação"}', undefined], [2, '2', 'v']])
    const seen = client.newSubscription('seen:a')
    seen.subscribe()
    await seen.ready(5_000)
    expect(Object.values((await seen.presence()).clients).map(({ user }) => user)).toEqual(['u'])
    expect(await seen.presenceStats()).toEqual({ numClients: 1, numUsers: 1 })
  })

  test('is told errors and the end', async () => {
    const running = await start()
    const client = binary(running, transport)
    client.connect()
    await client.ready(5_000)
    await expect(client.history('open:a', {})).rejects.toMatchObject({ code: 108 })
    const over = once<{ code: number }>(client, 'disconnected')
    running.engine.disconnect({ user: 'u' })
    expect((await over).code).toBe(3503)
  })
})

test.each<[what: string, bytes: number[]]>([
  ['nothing', []], ['a message that is cut off', [5, 8, 1]], ['a varint without end', Array.from({ length: 12 }, () => 0xff)],
  ['a field without number', [2, 0, 1]], ['an unknown kind', [2, 0x0b, 1]], ['a number that is text', [3, 0x0a, 1, 65]],
])('%s is malformed', (_, bytes) => {
  expect(protobufCodec.decode(Buffer.from(bytes))).toEqual({ commands: [], isMalformed: true })
})

test('an empty message is a pong', () => {
  expect(protobufCodec.decode(Buffer.from([0]))).toEqual({ commands: [{ method: 'pong' }], isMalformed: false })
})

test('whatever bytes are sent, the decoder does not throw', () => {
  let seed = 7
  const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) >> 8 & 0xff
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(Array.from({ length: next() % 40 }, () => next() % (round % 2 === 0 ? 256 : 24)))
    expect(() => protobufCodec.decode(bytes)).not.toThrow()
  }
})
