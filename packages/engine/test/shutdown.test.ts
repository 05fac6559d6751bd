import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createEngine } from '../src/index.ts'
import { connected, listen, manualClock, once, raw, start } from './kit.ts'

test('every client is told, new ones are refused with 503, no timer is left', async () => {
  const clock = manualClock()
  const { url, engine } = await start({ clock })
  const connections = [await connected(url), await connected(url), await raw(url)]
  engine.publish('kept:a', 1, { idempotencyKey: 'k' })
  expect(clock.timers).toBeGreaterThan(0)
  const closing = engine.close()
  expect(engine.close()).toBe(closing)
  await expect(raw(url)).rejects.toThrow('503')
  for (const { closed } of connections) expect(await closed).toEqual([3001, 'shutdown'])
  await closing
  expect(clock.timers).toBe(0)
  expect(engine.stats()).toMatchObject({ sockets: 0, connections: 0, users: 0, subscriptions: 0, channels: 0 })
  engine.publish('kept:a', 2)
  expect(clock.timers).toBe(0)
  await expect(raw(url)).rejects.toThrow('503')
})

test('closes are spread over the time given', async () => {
  const clock = manualClock()
  const { url, engine } = await start({ clock })
  const connections = await Promise.all(Array.from({ length: 10 }, () => connected(url)))
  const closing = engine.close({ spreadMs: 1_000, code: 3011, reason: 'elsewhere' })
  await expect.poll(() => engine.stats().connections).toBeGreaterThan(8)
  clock.advance(500)
  expect(engine.stats().connections).toBe(5)
  clock.advance(500)
  for (const { closed } of connections) expect(await closed).toEqual([3011, 'elsewhere'])
  await closing
  expect(clock.timers).toBe(0)
})

test('who is silent at the end does not hold it up for ever', async () => {
  const { url, engine } = await start()
  const { socket } = await connected(url)
  socket.pause()
  socket.close = () => undefined
  await engine.close()
  expect(engine.stats().sockets).toBe(0)
}, 10_000)

test('other upgrades and requests of the server are left alone', async () => {
  const server = createServer((_, response) => response.end('mine'))
  server.on('upgrade', ({ url = '' }, socket) => {
    if (url === '/other') socket.end('HTTP/1.1 418 Mine\r\n\r\n')
  })
  const engine = createEngine()
  const detach = engine.attach(server, { path: '/realtime' })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await expect(raw(`ws://127.0.0.1:${port}/other`)).rejects.toThrow('418')
  expect((await raw(`ws://127.0.0.1:${port}/realtime`)).socket.readyState).toBe(1)
  await engine.close()
  detach()
  expect(server.listenerCount('upgrade')).toBe(1)
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

test('one engine serves several servers', async () => {
  const engine = createEngine({ client: { allowAnonymousConnectWithoutToken: true } })
  const [first, second] = [await listen(engine), await listen(engine)]
  for (const { url } of [first, second]) {
    const { send, next } = await raw(url)
    send({ id: 1, connect: {} })
    await next()
  }
  expect(engine.stats()).toMatchObject({ connections: 2, users: 1 })
})

test.each(['//', '/elsewhere', '/connection/websocket/'])('an upgrade of %s is not found where nobody else listens', async path => {
  const { port } = await start()
  const upgrade = request({ port, path, headers: { connection: 'upgrade', upgrade: 'websocket' } })
  const response = once<IncomingMessage>(upgrade, 'response')
  upgrade.end()
  expect((await response).statusCode).toBe(404)
})
