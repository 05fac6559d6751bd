import { expect, test } from 'vitest'
import type { ConnectingContext, DisconnectContext, SubscribingContext } from '../src/index.ts'
import { connected, raw, sign, start } from './kit.ts'

const REFUSED = { error: { code: 450, message: 'not today' } }
const BLOCKED = { disconnect: { code: 4500, reason: 'blocked' } }

test('a hook sees the claims and refuses connections with an error or a disconnect', async () => {
  const seen: ConnectingContext[] = []
  const { url } = await start({ hooks: {
    async onConnecting(context) {
      seen.push(context)
      await Promise.resolve()
      return context.user === 'refused' ? REFUSED : context.user === 'blocked' ? BLOCKED : undefined
    },
  } })
  const refused = await raw(url)
  refused.send({ id: 1, connect: { token: await sign({ sub: 'refused', jti: 't' }), data: { a: 1 } } })
  expect(await refused.next()).toEqual({ id: 1, ...REFUSED })
  const blocked = await raw(url)
  blocked.send({ id: 1, connect: { token: await sign({ sub: 'blocked' }) } })
  expect(await blocked.closed).toEqual([4500, 'blocked'])
  await connected(url, 'fine')
  expect(seen[0]).toMatchObject({ user: 'refused', claims: { jti: 't' }, data: '{"a":1}', isRefresh: false })
})

test('a hook refuses subscriptions, publications and refreshes', async () => {
  const seen: SubscribingContext[] = []
  const { url } = await start({ hooks: {
    onConnecting: ({ isRefresh }) => (isRefresh ? BLOCKED : undefined),
    onSubscribing(context) {
      seen.push(context)
      return context.channel === 'open:no' ? REFUSED : undefined
    },
    onPublishing: ({ data }) => (data === '2' ? REFUSED : undefined),
  } })
  const { send, next, closed } = await connected(url)
  send({ id: 2, subscribe: { channel: 'open:no' } }, { id: 3, subscribe: { channel: 'open:a' } },
    { id: 4, publish: { channel: 'open:b', data: 2 } }, { id: 5, publish: { channel: 'open:b', data: 3 } })
  expect([await next(), await next(), await next(), await next()]).toEqual([{ id: 2, ...REFUSED }, { id: 3, subscribe: {} }, { id: 4, ...REFUSED }, { id: 5, publish: {} }])
  expect(seen.map(({ channel, user }) => [channel, user])).toEqual([['open:no', 'u'], ['open:a', 'u']])
  send({ id: 6, refresh: { token: await sign({ sub: 'u' }) } })
  expect(await closed).toEqual([4500, 'blocked'])
})

test('a hook that throws refuses, and the application is told', async () => {
  const faults: unknown[] = []
  const { url } = await start({
    onFault: fault => faults.push(fault),
    hooks: {
      onConnecting({ user }) { if (user === 'bad') throw new Error('connecting') },
      onSubscribing: () => Promise.reject(new Error('subscribing')),
    },
  })
  const bad = await raw(url)
  bad.send({ id: 1, connect: { token: await sign({ sub: 'bad' }) } })
  expect(await bad.closed).toEqual([3004, 'internal server error'])
  const { send, next } = await connected(url)
  send({ id: 2, subscribe: { channel: 'open:a' } })
  expect(await next()).toMatchObject({ error: { code: 100, temporary: true } })
  expect(faults).toEqual([new Error('connecting'), new Error('subscribing')])
})

test.each([{ disconnect: { code: 100, reason: '' } }, { disconnect: { code: 4000, reason: 'x'.repeat(124) } }, { error: { code: 0, message: '' } }])(
  'a hook that refuses with %j is a fault, not a frame', async veto => {
    const faults: unknown[] = []
    const { url } = await start({ onFault: fault => faults.push(fault), hooks: { onConnecting: () => veto } })
    const { send, closed } = await raw(url)
    send({ id: 1, connect: { token: await sign({ sub: 'u' }) } })
    expect(await closed).toEqual([3004, 'internal server error'])
    expect(faults).toHaveLength(1)
  })

test('an adapter that throws ends the connection it served, never the process', async () => {
  const faults: unknown[] = []
  const fail = (): never => { throw new Error('store') }
  const presence = { add: fail, remove: () => undefined, list: fail, close: () => undefined }
  const { url, engine } = await start({ presence, onFault: fault => faults.push(fault) })
  for (const command of [{ subscribe: { channel: 'seen:a' } }, { presence: { channel: 'seen:a' } }]) {
    const { send, closed } = await connected(url)
    send({ id: 2, ...command })
    expect((await closed)[0]).toBe(3004)
  }
  expect(faults).toEqual([new Error('store'), new Error('store')])
  expect(engine.stats()).toMatchObject({ subscriptions: 0, sockets: 0 })
})

test('connections and their ends are told once, with code and reason', async () => {
  const told: [string, string, number?][] = []
  const { url, engine } = await start({ hooks: {
    onConnected: ({ user }) => told.push(['connected', user]),
    onDisconnect: ({ user, code }: DisconnectContext) => told.push(['disconnected', user, code]),
  } })
  const left = await connected(url, 'left')
  left.socket.close(1000)
  await left.closed
  const cut = await connected(url, 'cut')
  engine.disconnect({ user: 'cut' })
  await cut.closed
  const never = await raw(url)
  never.socket.close()
  await never.closed
  await expect.poll(() => told).toEqual([['connected', 'left'], ['disconnected', 'left', 1000], ['connected', 'cut'], ['disconnected', 'cut', 3503]])
})
