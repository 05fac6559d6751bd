import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createProxy, until, type Proxy } from '../src/index.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => { for (const stop of stops.splice(0).reverse()) await stop() })

/** A server that sends back what it gets. */
async function echo(): Promise<string> {
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket.on('error', () => {}))
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(() => new Promise(resolve => {
    server.close(resolve)
    for (const socket of open) socket.destroy()
  }))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function proxyToEcho(seed = 1): Promise<Proxy> {
  const proxy = await createProxy({ target: await echo(), seed })
  stops.push(proxy.stop)
  return proxy
}

interface Dialed { socket: Socket, received: string[], text: () => string, ended: () => 'open' | 'fin' | 'rst' }

async function dial(proxy: Proxy): Promise<Dialed> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  const received: string[] = []
  let ended: 'open' | 'fin' | 'rst' = 'open'
  socket.on('data', chunk => received.push(String(chunk)))
  socket.on('end', () => { ended = 'fin' })
  socket.on('error', () => { ended = 'rst' })
  stops.push(async () => { socket.destroy() })
  await until(() => !socket.connecting)
  return { socket, received, text: () => received.join(''), ended: () => ended }
}

describe('the proxy', () => {
  test('passes bytes both ways and counts them', async () => {
    const proxy = await proxyToEcho()
    const client = await dial(proxy)
    client.socket.write('hello')
    await until(() => client.text() === 'hello')
    expect(proxy.counts).toEqual({ accepted: 1, refused: 0, cut: 0, open: 1, up: 5, down: 5 })
  })

  test('lets an orderly end of the client through after its last bytes', async () => {
    const proxy = await proxyToEcho()
    const client = await dial(proxy)
    client.socket.end('bye')
    await until(() => client.text() === 'bye' && client.ended() === 'fin')
    await until(() => proxy.counts.open === 0)
  })

  test('cuts open connections by reset or by an orderly end and takes new ones', async () => {
    const proxy = await proxyToEcho()
    const reset = await dial(proxy)
    await until(() => proxy.counts.open === 1)
    expect(proxy.cut()).toBe(1)
    await until(() => reset.ended() === 'rst')
    const ended = await dial(proxy)
    await until(() => proxy.counts.open === 1)
    expect(proxy.cut('fin')).toBe(1)
    await until(() => ended.ended() === 'fin')
    const again = await dial(proxy)
    again.socket.write('x')
    await until(() => again.text() === 'x')
    expect(proxy.counts).toMatchObject({ accepted: 3, cut: 2, open: 1 })
  })

  test('stalls without telling anybody and passes what was held on resume', async () => {
    const proxy = await proxyToEcho()
    const client = await dial(proxy)
    proxy.stall()
    client.socket.write('held')
    const bystander = await proxyToEcho()
    const other = await dial(bystander)
    other.socket.write('passes')
    await until(() => other.text() === 'passes')
    expect(client.text()).toBe('')
    expect(client.ended()).toBe('open')
    proxy.resume()
    await until(() => client.text() === 'held')
  })

  test('delays without changing the order', async () => {
    const proxy = await proxyToEcho(7)
    proxy.delay(20, 30)
    const client = await dial(proxy)
    const sent = Array.from({ length: 20 }, (_, index) => `${index};`).join('')
    const startedAt = performance.now()
    for (let index = 0; index < 20; index++) client.socket.write(`${index};`)
    await until(() => client.text() === sent)
    expect(performance.now() - startedAt).toBeGreaterThan(39)
  })

  test('slices into pieces of at most the given size', async () => {
    const proxy = await proxyToEcho(3)
    proxy.slice(4)
    proxy.delay(1)
    const client = await dial(proxy)
    client.socket.setNoDelay(true)
    client.socket.write('abcdefghijklmnopqrstuvwxyz')
    await until(() => client.text() === 'abcdefghijklmnopqrstuvwxyz')
    expect(proxy.counts).toMatchObject({ up: 26, down: 26 })
  })

  test('refuses new connections and leaves open ones alone', async () => {
    const proxy = await proxyToEcho()
    const open = await dial(proxy)
    await until(() => proxy.counts.open === 1)
    proxy.refuse(true)
    const refused = await dial(proxy)
    await until(() => refused.ended() === 'rst')
    open.socket.write('still')
    await until(() => open.text() === 'still')
    proxy.refuse(false)
    const back = await dial(proxy)
    back.socket.write('back')
    await until(() => back.text() === 'back')
    expect(proxy.counts.refused).toBe(1)
  })

  test('stops twice without harm and leaves nobody waiting', async () => {
    const proxy = await proxyToEcho()
    const client = await dial(proxy)
    await until(() => proxy.counts.open === 1)
    await Promise.all([proxy.stop(), proxy.stop()])
    await until(() => client.ended() !== 'open')
    expect(proxy.counts.open).toBe(0)
  })

  test('ends the client\'s connection when nothing listens behind it', async () => {
    const proxy = await createProxy({ target: 'http://127.0.0.1:1' })
    stops.push(proxy.stop)
    const client = await dial(proxy)
    await until(() => client.ended() === 'rst')
  })
})
