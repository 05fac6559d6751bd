import { describe, expect, test } from 'vitest'
import { connected, inSeconds, sign, start } from './kit.ts'

describe('refresh', () => {
  test('moves the expiry, and sets one where there was none', async () => {
    const { url } = await start()
    const { send, next } = await connected(url, 'u', { expire_at: 0 })
    send({ id: 2, refresh: { token: await sign({ sub: 'u', exp: inSeconds(300) }) } })
    const { refresh } = await next() as { refresh: { ttl: number } }
    expect(refresh).toMatchObject({ expires: true })
    expect(refresh.ttl).toBeGreaterThan(290)
  })

  test.each([
    ['an expired token', { sub: 'u', exp: inSeconds(-1) }, 3005],
    ['a past expire_at', { sub: 'u', expire_at: inSeconds(-1) }, 3005],
    ['another user', { sub: 'v' }, 3500],
  ])('%s ends the connection', async (_, claims, code) => {
    const { url } = await start()
    const { send, closed } = await connected(url)
    send({ id: 2, refresh: { token: await sign(claims) } })
    expect((await closed)[0]).toBe(code)
  })
})

describe('sub_refresh', () => {
  test('moves the expiry, also of a subscription made without a token', async () => {
    const { url } = await start()
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'open:a' } }, { id: 3, sub_refresh: { channel: 'open:a', token: await sign({ sub: 'u', channel: 'open:a' }) } })
    expect([await next(), await next()]).toMatchObject([{ subscribe: {} }, { sub_refresh: { expires: true } }])
  })

  test.each([
    ['garbage', () => 'x'],
    ['another user', () => sign({ sub: 'v', channel: 'open:a' })],
    ['another channel', () => sign({ sub: 'u', channel: 'open:b' })],
  ])('%s ends the connection', async (_, token) => {
    const { url } = await start()
    const { send, closed } = await connected(url)
    send({ id: 2, subscribe: { channel: 'open:a' } }, { id: 3, sub_refresh: { channel: 'open:a', token: await token() } })
    expect(await closed).toEqual([3500, 'invalid token'])
  })

  test('an expired token ends the subscription, so that the client makes it anew', async () => {
    const { url, engine } = await start()
    const { send, next } = await connected(url)
    const token = await sign({ sub: 'u', channel: 'open:a', exp: inSeconds(-1) })
    send({ id: 2, subscribe: { channel: 'open:a' } }, { id: 3, sub_refresh: { channel: 'open:a', token } })
    expect([await next(), await next(), await next()]).toEqual(
      [{ id: 2, subscribe: {} }, { id: 3, sub_refresh: {} }, { push: { channel: 'open:a', unsubscribe: { code: 2501, reason: 'expired' } } }])
    expect(engine.stats().subscriptions).toBe(0)
  })
})
