import { Centrifuge } from 'centrifuge/build/protobuf'
import type { ServerPublicationContext, ServerSubscribedContext, TransportEndpoint } from 'centrifuge'
import { describe, expect, onTestFinished, test } from 'vitest'
import { once, sign, start, until } from './kit.ts'
import type { Running } from './kit.ts'

const text = (data: unknown): string => new TextDecoder().decode(data as Uint8Array)

function binary({ port, url }: Running, transport: 'websocket' | 'http_stream', claims: object = {}): Centrifuge {
  const endpoints: TransportEndpoint[] = [{ transport, endpoint: transport === 'websocket' ? url : `http://127.0.0.1:${port}/connection/http_stream` }]
  const client = new Centrifuge(endpoints, {
    emulationEndpoint: `http://127.0.0.1:${port}/emulation`, getToken: () => sign({ sub: 'u', ...claims }), minReconnectDelay: 10, maxReconnectDelay: 50,
  })
  onTestFinished(() => { client.disconnect() })
  return client
}

describe.each(['websocket', 'http_stream'] as const)('the official Protobuf client over %s', transport => {
  test('has server-side subscriptions, hears in them, and recovers them', async () => {
    const running = await start()
    const client = binary(running, transport, { subs: { 'kept:a': { data: { hi: 1 } } } })
    const subscribed = once<ServerSubscribedContext>(client, 'subscribed')
    client.connect()
    const first = await subscribed
    expect([first.channel, text(first.data), first.recoverable]).toEqual(['kept:a', '{"hi":1}', true])
    const heard: string[] = []
    client.on('publication', ({ channel, data }: ServerPublicationContext) => heard.push(`${channel} ${text(data)}`))
    running.engine.publish('kept:a', 1)
    await until(() => heard.length === 1)
    const back = once<ServerSubscribedContext>(client, 'subscribed')
    running.engine.disconnect({ user: 'u', code: 3011 })
    running.engine.publish('kept:a', 2)
    expect((await back).recovered).toBe(true)
    await until(() => heard.length === 2)
    expect(heard).toEqual(['kept:a 1', 'kept:a 2'])
    const again = once<ServerSubscribedContext>(client, 'subscribed')
    await running.engine.subscribe({ user: 'u', channel: 'open:b', data: 2 })
    expect(await again).toMatchObject({ channel: 'open:b' })
  })

  test('calls, sends, and is told of a new expiry', async () => {
    const messages: unknown[] = []
    const running = await start({ hooks: { rpc: ({ data, protocol }) => ({ result: { data: { protocol, data: JSON.parse(data ?? '0') as unknown } } }), onMessage: ({ data }) => messages.push(data) } })
    const client = binary(running, transport)
    client.connect()
    await client.ready(5_000)
    const answer = await client.rpc('m', new TextEncoder().encode('{"n":1}'))
    expect(JSON.parse(text(answer.data))).toEqual({ protocol: 'protobuf', data: { n: 1 } })
    await client.send(new TextEncoder().encode('{"n":2}'))
    await until(() => messages.length === 1)
    expect(messages).toEqual(['{"n":2}'])
    running.engine.refresh({ user: 'u', expireAt: Math.floor(Date.now() / 1000) + 100 })
    expect((await client.rpc('m', new TextEncoder().encode('1'))).data).toBeDefined()
  })
})

test('a call can be about one session of HTTP streaming alone', async () => {
  const running = await start()
  const open = async (): Promise<{ session: string, ended: Promise<string> }> => {
    const response = await fetch(`http://127.0.0.1:${running.port}/connection/http_stream`, { method: 'POST', body: JSON.stringify({ id: 1, connect: { token: await sign({ sub: 'u' }) } }) })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const first = JSON.parse((await reader?.read())?.value ?? '') as { connect: { session: string } }
    const rest = async (said = ''): Promise<string> => {
      const { value, done } = await reader?.read() ?? { done: true, value: undefined }
      return done ? said : rest(said + value)
    }
    return { session: first.connect.session, ended: rest() }
  }
  const [one] = [await open(), await open()]
  await running.engine.subscribe({ session: one.session, channel: 'open:a' })
  expect(running.engine.channels().get('open:a')).toBe(1)
  expect(running.engine.disconnect({ session: one.session })).toBe(1)
  expect(await one.ended).toContain('"disconnect":{"code":3503')
  expect(running.engine.stats().connections).toBe(1)
  expect(running.engine.disconnect({ session: 'nobody' })).toBe(0)
})
