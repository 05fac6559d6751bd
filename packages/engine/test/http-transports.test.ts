import { createServer, request } from 'node:http'
import { Centrifuge } from 'centrifuge'
import type { SubscribedContext } from 'centrifuge'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createEngine } from '../src/index.ts'
import { hearing, official, once, sign, start, until } from './kit.ts'
import type { Running } from './kit.ts'

const http = ({ port }: Running, path: string): string => `http://127.0.0.1:${port}${path}`

function overHttp(running: Running): Centrifuge {
  const endpoint = http(running, '/connection/http_stream')
  return official([{ transport: 'http_stream', endpoint }], { emulationEndpoint: http(running, '/emulation') })
}

interface Streaming {
  readonly response: Response
  next(): Promise<string>
  stop(): void
}

/** A raw stream, read message by message. */
async function stream(url: string, init: RequestInit = {}, separator = '\n'): Promise<Streaming> {
  const abort = new AbortController()
  onTestFinished(() => { abort.abort() })
  const response = await fetch(url, { ...init, signal: abort.signal })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    response,
    async next() {
      while (!text.includes(separator)) {
        const { value, done } = await reader.read()
        if (done) return 'end'
        text += value
      }
      const at = text.indexOf(separator)
      const message = text.slice(0, at)
      text = text.slice(at + separator.length)
      return message
    },
    stop() { abort.abort() },
  }
}

const connectWith = async (user = 'u'): Promise<string> => JSON.stringify({ id: 1, connect: { token: await sign({ sub: user }) } })

interface Connected { readonly connect: { readonly client: string, readonly session: string, readonly node: string, readonly pong: boolean } }

const emulate = (running: Running, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(http(running, '/emulation'), { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers })

test('the official client lives over HTTP streaming: subscribes, publishes, hears itself, recovers', async () => {
  const running = await start()
  const client = overHttp(running)
  const { subscription, heard } = await hearing(client, 'kept:a', ({ data }) => data as unknown)
  await subscription.publish({ n: 'ação' })
  await until(() => heard.length === 1)
  const back = once<SubscribedContext>(subscription, 'subscribed')
  running.engine.disconnect({ user: 'u', code: 3011 })
  running.engine.publish('kept:a', 2)
  expect((await back).recovered).toBe(true)
  await until(() => heard.length === 2)
  expect(heard).toEqual([{ n: 'ação' }, 2])
})

test('a terminal disconnect reaches the official client over HTTP streaming', async () => {
  const running = await start()
  const client = overHttp(running)
  client.connect()
  await client.ready(5_000)
  const over = once<{ code: number, reason: string }>(client, 'disconnected')
  running.engine.disconnect({ user: 'u' })
  expect(await over).toEqual({ code: 3503, reason: 'force disconnect' })
})

test('a client that is refused a WebSocket comes over HTTP streaming', async () => {
  const running = await start()
  const client = new Centrifuge([
    { transport: 'websocket', endpoint: `ws://127.0.0.1:${running.port}/nowhere` },
    { transport: 'http_stream', endpoint: http(running, '/connection/http_stream') },
  ], { emulationEndpoint: http(running, '/emulation'), getToken: () => sign({ sub: 'u' }), minReconnectDelay: 10 })
  onTestFinished(() => { client.disconnect() })
  client.connect()
  await client.ready(5_000)
  expect(running.engine.stats().connections).toBe(1)
})

test('SSE carries one message per event, and commands come by /emulation', async () => {
  const running = await start()
  const sse = await stream(`${http(running, '/connection/sse')}?cf_connect=${encodeURIComponent(await connectWith())}`, {}, '\n\n')
  expect(sse.response.headers.get('content-type')).toContain('text/event-stream')
  const { connect } = JSON.parse((await sse.next()).trim().slice('data: '.length)) as Connected
  expect(connect.pong).toBe(true)
  const data = '{"id":2,"subscribe":{"channel":"open:a"}}\n{"id":3,"publish":{"channel":"open:a","data":1}}'
  expect((await emulate(running, { session: connect.session, node: connect.node, data })).status).toBe(204)
  expect(await sse.next()).toBe('data: {"id":2,"subscribe":{}}')
  expect(await sse.next()).toContain('"pub":{"data":1')
  expect(await sse.next()).toBe('data: {"id":3,"publish":{}}')
})

test('a disconnect is told in the stream, then the stream ends', async () => {
  const running = await start()
  const lines = await stream(http(running, '/connection/http_stream'), { method: 'POST', body: await connectWith() })
  await lines.next()
  running.engine.disconnect({ user: 'u' })
  expect(await lines.next()).toBe('{"push":{"disconnect":{"code":3503,"reason":"force disconnect"}}}')
  expect(await lines.next()).toBe('end')
})

test('what is no command ends the stream with 3501', async () => {
  const running = await start()
  const lines = await stream(http(running, '/connection/http_stream'), { method: 'POST', body: 'nonsense' })
  expect(await lines.next()).toBe('{"push":{"disconnect":{"code":3501,"reason":"bad request"}}}')
})

test('a client that goes away is gone from presence and gauges', async () => {
  const running = await start()
  const body = `${await connectWith()}\n{"id":2,"subscribe":{"channel":"seen:a"}}`
  const lines = await stream(http(running, '/connection/http_stream'), { method: 'POST', body })
  await until(() => running.engine.stats().subscriptions === 1)
  lines.stop()
  await until(() => running.engine.stats().sockets === 0)
  expect(running.engine.stats()).toMatchObject({ sockets: 0, connections: 0, subscriptions: 0, channels: 0 })
})

test('closing the engine ends its streams', async () => {
  const running = await start()
  const lines = await stream(http(running, '/connection/http_stream'), { method: 'POST', body: await connectWith() })
  await lines.next()
  await running.engine.close()
  expect(await lines.next()).toContain('"code":3001')
  expect((await fetch(http(running, '/connection/http_stream'), { method: 'POST', body: '{}' })).status).toBe(503)
})

describe('/emulation answers', () => {
  test.each<[what: string, body: unknown, status: number]>([
    ['404 to another node', { session: 's', node: 'other', data: '{}' }, 404],
    ['404 without a node', {}, 404],
    ['400 to what is no JSON', 'nonsense', 400],
    ['400 to null', 'null', 400],
    ['400 to data that is no text', { session: 's', node: 'n', data: { id: 1 } }, 400],
    ['413 to too much', { session: 's', node: 'n', data: 'x'.repeat(65_536) }, 413],
  ])('%s', async (_, body, status) => {
    expect((await emulate(await start(), body)).status).toBe(status)
  })

  test('204 to a session that is over', async () => {
    const running = await start()
    const lines = await stream(http(running, '/connection/http_stream'), { method: 'POST', body: await connectWith() })
    const { connect } = JSON.parse(await lines.next()) as Connected
    lines.stop()
    await until(() => running.engine.stats().sockets === 0)
    expect((await emulate(running, { session: connect.session, node: connect.node, data: '{}' })).status).toBe(204)
  })
})

describe('of the three paths', () => {
  test.each<[method: string, path: string, status: number]>([
    ['GET', '/connection/http_stream', 405], ['PUT', '/connection/sse', 405], ['GET', '/emulation', 405],
    ['GET', '/connection/sse', 400], ['OPTIONS', '/emulation', 204], ['GET', '/elsewhere', 404],
  ])('%s %s is answered %i', async (method, path, status) => {
    expect((await fetch(http(await start(), path), { method })).status).toBe(status)
  })

  test('a body of unknown length that grows too large is 413', async () => {
    const running = await start()
    const status = await new Promise(resolve => {
      const post = request(http(running, '/connection/http_stream'), { method: 'POST' }, response => {
        resolve(response.statusCode)
        post.destroy()
      })
      post.on('error', () => undefined)
      post.write('x'.repeat(40_000))
      post.write('x'.repeat(40_000))
    })
    expect(status).toBe(413)
  })

  test('an allowed origin may read the answer, a foreign one not', async () => {
    const running = await start({ client: { allowedOrigins: ['https://a.example'] } })
    const ask = async (origin: string): Promise<string | null> =>
      (await fetch(http(running, '/emulation'), { method: 'OPTIONS', headers: { origin } })).headers.get('access-control-allow-origin')
    expect(await ask('https://a.example')).toBe('https://a.example')
    expect(await ask('https://evil.example')).toBeNull()
  })
})

test('other requests stay with the listener the server had, also after detaching', async () => {
  const engine = createEngine()
  const server = createServer((_, response) => { response.end('theirs') })
  const detach = engine.attach(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await engine.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const read = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  expect(await read('/elsewhere')).toBe('theirs')
  expect(await read('/emulation')).toBe('')
  detach()
  expect(await read('/emulation')).toBe('theirs')
})
