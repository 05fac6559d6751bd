import { expect, test } from 'vitest'
import { connected, inSeconds, raw, sign, start } from './kit.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u

test('connect answers with a client id, the version and the ping settings', async () => {
  const { url } = await start()
  const { send, next } = await raw(url)
  send({ id: 7, connect: { token: await sign({ sub: 'u', expire_at: 0 }), name: 'js' } })
  expect(await next()).toEqual({ id: 7, connect: { client: expect.stringMatching(UUID) as string, version: '6.9.1 OSS', ping: 25, pong: true } })
})

test('a token that expires says when', async () => {
  const { url } = await start()
  const { send, next } = await raw(url)
  send({ id: 1, connect: { token: await sign({ sub: 'u', exp: inSeconds(60) }) } })
  const { connect } = await next() as { connect: { expires: boolean, ttl: number } }
  expect(connect.expires).toBe(true)
  expect(connect.ttl).toBeGreaterThanOrEqual(59)
  expect(connect.ttl).toBeLessThanOrEqual(60)
})

test('native pings replace those of the protocol', async () => {
  const { url } = await start()
  const { send, next } = await raw(`${url}?cf_ws_frame_ping_pong=true`)
  send({ id: 1, connect: { token: await sign({ sub: 'u', expire_at: 0 }) } })
  expect(Object.keys((await next()).connect as object)).toEqual(['client', 'version'])
})

test('anonymous connections are let in only where that is configured', async () => {
  const open = await start({ client: { allowAnonymousConnectWithoutToken: true } })
  const anonymous = await raw(open.url)
  anonymous.send({ id: 1, connect: {} })
  expect(await anonymous.next()).toHaveProperty('connect.client')
  const { url } = await start()
  const { send, closed } = await raw(url)
  send({ id: 1, connect: {} })
  expect(await closed).toEqual([3501, 'bad request'])
})

test('connect and subscribe in one frame are answered in order', async () => {
  const { url } = await start()
  const { send, next } = await raw(url)
  send({ id: 1, connect: { token: await sign({ sub: 'u' }) } }, { id: 2, subscribe: { channel: 'open:a' } }, { id: 3, unsubscribe: { channel: 'open:a' } })
  expect([await next(), await next(), await next()]).toMatchObject([{ id: 1, connect: {} }, { id: 2, subscribe: {} }, { id: 3, unsubscribe: {} }])
})

test.each([
  ['a subscribe', { id: 1, subscribe: { channel: 'open:a' } }],
  ['a send', { send: { data: 1 } }],
  ['a pong', '{}'],
  ['null', 'null'],
  ['a connect without id', { connect: {} }],
])('%s before connect is a bad request', async (_, command) => {
  const { url } = await start()
  const { send, closed } = await raw(url)
  send(command)
  expect(await closed).toEqual([3501, 'bad request'])
})

test('a second connect is a bad request', async () => {
  const { url } = await start()
  const { send, closed } = await connected(url)
  send({ id: 2, connect: { token: await sign({ sub: 'u' }) } })
  expect(await closed).toEqual([3501, 'bad request'])
})

test('after a connect error nothing is answered any more', async () => {
  const { url, engine } = await start()
  const { send, next, frames, socket } = await raw(url)
  send({ id: 1, connect: { token: await sign({ sub: 'u', exp: inSeconds(-1) }) } })
  expect(await next()).toEqual({ id: 1, error: { code: 109, message: 'token expired' } })
  send({ id: 2, subscribe: { channel: 'open:a' } }, 'no json')
  await new Promise(resolve => { socket.ping(); socket.once('pong', resolve) })
  expect(frames).toHaveLength(1)
  expect(engine.stats()).toMatchObject({ sockets: 1, connections: 0, users: 0 })
})

test('the query may choose Protobuf, in which JSON is no command', async () => {
  const { url } = await start()
  const binary = await raw(`${url}?format=protobuf`)
  binary.socket.send('{"id":1,"connect":{}}')
  expect((await binary.closed)[0]).toBe(3501)
})
