import { describe, expect, test } from 'vitest'
import { connected, inSeconds, official, once, raw, sign, start } from './kit.ts'

describe('disconnect', () => {
  test('is terminal by default, reaches every client of the user and nobody else', async () => {
    const { url, engine } = await start()
    const [first, second] = [await connected(url, 'acme/1'), await connected(url, 'acme/1')]
    const other = await connected(url, 'acme/11')
    expect(engine.disconnect({ user: 'acme/1' })).toBe(2)
    expect([await first.closed, await second.closed]).toEqual([[3503, 'force disconnect'], [3503, 'force disconnect']])
    other.send({ id: 2, subscribe: { channel: 'open:a' } })
    expect(await other.next()).toMatchObject({ subscribe: {} })
    expect(engine.stats()).toMatchObject({ connections: 1, users: 1, disconnects: { 3503: 2 } })
  })

  test('takes one client, a code and a reason, and spares who is excepted', async () => {
    const { url, engine } = await start()
    const [first, second, third] = [await connected(url), await connected(url), await connected(url)]
    engine.disconnect({ client: first.client, code: 4001, reason: 'moved' })
    expect(await first.closed).toEqual([4001, 'moved'])
    expect(engine.disconnect({ user: 'other', client: second.client })).toBe(0)
    expect(engine.disconnect({ user: 'u', except: [third.client] })).toBe(1)
    await second.closed
    expect(engine.connections()).toMatchObject([{ client: third.client, user: 'u', channels: [] }])
  })

  // The official client comes back after a terminal code whose reason is empty.
  test.each([{ code: 4501 }, { code: 4501, reason: '' }, { code: 3503, reason: '' }])('keeps official clients away with %j', async how => {
    const { url, engine } = await start()
    const client = official(url)
    client.connect()
    await client.ready(5_000)
    const over = once<{ code: number, reason: string }>(client, 'disconnected')
    engine.disconnect({ user: 'u', ...how })
    expect(await over).toEqual({ code: how.code, reason: how.code === 3503 ? 'force disconnect' : 'disconnected by server' })
  })

  test('reaches who is being verified, and not who connects as somebody else', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    let waiting = 0
    const { url, engine } = await start({ hooks: { async onConnecting() { waiting++; await promise } } })
    const [meant, spared] = [await raw(url), await raw(url)]
    meant.send({ id: 1, connect: { token: await sign({ sub: 'gone' }) } })
    spared.send({ id: 1, connect: { token: await sign({ sub: 'stays' }) } })
    await expect.poll(() => waiting).toBe(2)
    engine.disconnect({ user: 'gone', code: 3507 })
    resolve(undefined)
    expect(await meant.closed).toEqual([3507, 'permission denied'])
    expect(meant.frames).toEqual([])
    expect(await spared.next()).toMatchObject({ connect: {} })
  })

  test('writes what was already answered first', async () => {
    const { url, engine } = await start()
    const { send, next, closed } = await connected(url)
    send({ id: 2, subscribe: { channel: 'open:a' } })
    await next()
    engine.publish('open:a', 1)
    engine.disconnect({ user: 'u' })
    expect(await next()).toMatchObject({ push: { pub: { data: 1 } } })
    expect((await closed)[0]).toBe(3503)
  })

  test.each([{}, { user: 'u', code: 100 }, { user: 'u', code: 5000 }, { user: 'u', reason: 'x'.repeat(124) }])('refuses %o', async target => {
    const { engine } = await start()
    expect(() => engine.disconnect(target)).toThrow('bad request')
  })
})

describe('unsubscribe', () => {
  test('ends one channel or all of them, with the code given', async () => {
    const { url, engine } = await start()
    const { send, next } = await connected(url)
    for (const [id, channel] of [[2, 'open:a'], [3, 'open:b'], [4, 'open:c']] as const) {
      send({ id, subscribe: { channel } })
      await next()
    }
    engine.unsubscribe({ user: 'u', channel: 'open:b', code: 2502 })
    expect(await next()).toEqual({ push: { channel: 'open:b', unsubscribe: { code: 2502, reason: 'state invalidated' } } })
    engine.unsubscribe({ user: 'u', channel: 'open:b' })
    engine.unsubscribe({ user: 'u' })
    expect([await next(), await next()]).toMatchObject([{ push: { channel: 'open:a', unsubscribe: { code: 2000 } } }, { push: { channel: 'open:c' } }])
    expect(engine.channels()).toEqual(new Map())
  })

  test('reaches a subscription that is being decided', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    let isAsked = false
    const { url, engine } = await start({ hooks: { async onSubscribing() { isAsked = true; await promise } } })
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'open:a' } })
    await expect.poll(() => isAsked).toBe(true)
    engine.unsubscribe({ user: 'u', channel: 'open:a' })
    resolve(undefined)
    expect([await next(), await next()]).toMatchObject([{ subscribe: {} }, { push: { unsubscribe: { code: 2000 } } }])
    expect(engine.stats().subscriptions).toBe(0)
  })

  test.each([{ user: 'u', channel: '' }, { user: 'u', code: 3000 }, { channel: 'open:a' }])('refuses %o', async target => {
    const { engine } = await start()
    expect(() => { engine.unsubscribe(target) }).toThrow('bad request')
  })
})

test('refresh ends connections with 3005, or moves their expiry', async () => {
  const { url, engine } = await start({ client: { expiredCloseDelay: 100 } })
  const first = await connected(url, 'first', { expire_at: 0 })
  engine.refresh({ user: 'first', expireAt: inSeconds(-10) })
  expect((await first.closed)[0]).toBe(3005)
  const second = await connected(url, 'second')
  engine.refresh({ user: 'second', expired: true })
  expect((await second.closed)[0]).toBe(3005)
})
