import { describe, expect, test } from 'vitest'
import { Denials } from '../src/denials.ts'
import { connected, inSeconds, official, once, raw, sign, start } from './kit.ts'
import type { Running } from './kit.ts'

async function presented({ url }: Running, claims: object): Promise<number | string> {
  const { send, next, closed } = await raw(url)
  send({ id: 1, connect: { token: await sign({ sub: 'u', ...claims }) } })
  return Promise.race([next().then(reply => ('connect' in reply ? 'connected' : 'refused')), closed.then(([code]) => code)])
}

describe('a revocation', () => {
  test('by token id cuts who lives by it and refuses it, others go on', async () => {
    const running = await start()
    const cut = await connected(running.url, 'u', { jti: 'a' })
    const other = await connected(running.url, 'u', { jti: 'b' })
    expect(running.engine.revoke({ tokenId: 'a' })).toBe(1)
    expect(await cut.closed).toEqual([3500, 'invalid token'])
    expect([await presented(running, { jti: 'a' }), await presented(running, { jti: 'b' })]).toEqual([3500, 'connected'])
    other.send({ id: 2, refresh: { token: await sign({ sub: 'u', jti: 'a' }) } })
    expect(await other.closed).toEqual([3500, 'invalid token'])
  })

  test('by session cuts every connection of it, whoever they are', async () => {
    const running = await start()
    const cut = await connected(running.url, 'u', { sid: 's' })
    running.engine.revoke({ session: 's' })
    expect((await cut.closed)[0]).toBe(3500)
    expect([await presented(running, { sid: 's' }), await presented(running, { sid: 'other' }), await presented(running, {})]).toEqual([3500, 'connected', 'connected'])
  })

  test('of a user holds for the tokens issued so far, not for those issued later', async () => {
    const running = await start()
    const cut = await connected(running.url, 'u', { iat: inSeconds(-10) })
    running.engine.revoke({ user: 'u' })
    expect((await cut.closed)[0]).toBe(3500)
    expect([await presented(running, { iat: inSeconds(-5) }), await presented(running, { iat: inSeconds(5) }), await presented(running, {}), await presented(running, { sub: 'v' })])
      .toEqual([3500, 'connected', 3500, 'connected'])
  })

  test('by issue time holds for everybody', async () => {
    const running = await start()
    const before = inSeconds(0)
    running.engine.revoke({ issuedBefore: before })
    expect([await presented(running, { iat: before - 1 }), await presented(running, { iat: before + 1, sub: 'v' })]).toEqual([3500, 'connected'])
  })

  test('can send clients back for a new token, and the official client comes with one', async () => {
    const running = await start()
    const client = official(running.url, { getToken: () => sign({ sub: 'u', iat: inSeconds(0), jti: crypto.randomUUID() }), token: await sign({ sub: 'u', jti: 'old' }) })
    client.connect()
    await client.ready(5_000)
    const back = once(client, 'connected')
    running.engine.revoke({ tokenId: 'old', code: 3014 })
    await back
  })

  test('of a subscription token ends the subscription with 2502 and refuses the token with 103', async () => {
    const { url, engine } = await start()
    const { send, next } = await connected(url)
    const token = await sign({ sub: 'u', channel: 'open:a', jti: 'sub' })
    send({ id: 2, subscribe: { channel: 'open:a', token } })
    await next()
    engine.revoke({ tokenId: 'sub' })
    expect(await next()).toMatchObject({ push: { unsubscribe: { code: 2502 } } })
    send({ id: 3, subscribe: { channel: 'open:a', token } })
    expect(await next()).toMatchObject({ id: 3, error: { code: 103 } })
  })

  test('reaches who is still connecting', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const { url, engine } = await start({ hooks: { onConnecting: () => promise } })
    const connection = await raw(url)
    connection.send({ id: 1, connect: { token: await sign({ sub: 'u', jti: 'a' }) } })
    await new Promise(done => { connection.socket.ping(); connection.socket.once('pong', done) })
    engine.revoke({ tokenId: 'a' })
    resolve(undefined)
    expect((await connection.closed)[0]).toBe(3500)
  })

  test.each([{}, { user: '' }, { tokenId: '' }, { user: 'u', session: 's' }, { user: 'u', code: 100 }])('of %j is refused with 107', async given => {
    const { engine } = await start()
    expect(() => engine.revoke(given)).toThrow(expect.objectContaining({ code: 107 }) as Error)
  })
})

describe('a blocked user', () => {
  test('is disconnected and kept out with 3507 until unblocked', async () => {
    const running = await start()
    const cut = await connected(running.url)
    running.engine.blockUser('u')
    expect(await cut.closed).toEqual([3507, 'permission denied'])
    expect([await presented(running, {}), await presented(running, { sub: 'v' })]).toEqual([3507, 'connected'])
    running.engine.unblockUser('u')
    expect(await presented(running, {})).toBe('connected')
  })

  test('can be blocked and revoked over HTTP with Centrifugo\'s names', async () => {
    const running = await start({ httpApi: { insecure: true } })
    const post = async (method: string, body: object): Promise<unknown> => (await fetch(`http://127.0.0.1:${running.port}/api/${method}`, { method: 'POST', body: JSON.stringify(body) })).json()
    expect(await post('block_user', { user: 'u', expire_at: inSeconds(60) })).toEqual({ result: {} })
    expect(await presented(running, {})).toBe(3507)
    expect(await post('unblock_user', { user: 'u' })).toEqual({ result: {} })
    expect(await post('revoke_token', { uid: 't' })).toEqual({ result: {} })
    const before = inSeconds(0)
    expect(await post('invalidate_user_tokens', { user: 'u', issued_before: before })).toEqual({ result: {} })
    expect([await presented(running, { jti: 't', iat: before + 1 }), await presented(running, { iat: before - 1 }), await presented(running, { iat: before + 1 })]).toEqual([3500, 3500, 'connected'])
    expect(await post('revoke_token', {})).toMatchObject({ error: { code: 107 } })
    expect(await post('block_user', {})).toMatchObject({ error: { code: 107 } })
  })
})

test('denials end at their time, and what has passed is forgotten', () => {
  let now = 0
  const denials = new Denials(() => now)
  for (let n = 0; n < 5_000; n++) denials.revoke({ tokenId: `t${n}`, expireAt: 10 })
  denials.block('u', 10)
  expect([denials.isBlocked('u'), denials.isRevoked({ user: '', tokenId: 't1', session: undefined, issuedAt: 1 })]).toEqual([true, true])
  now = 11_000
  expect([denials.isBlocked('u'), denials.isRevoked({ user: '', tokenId: 't1', session: undefined, issuedAt: 1 })]).toEqual([false, false])
  for (let n = 0; n < 10_000; n++) denials.revoke({ tokenId: `u${n}`, expireAt: 11 })
  now = 12_000
  for (let n = 0; n < 20_000; n++) denials.revoke({ tokenId: 'one more', user: undefined as never, expireAt: 20 + n })
  for (let n = 0; n < 8_000; n++) denials.revoke({ tokenId: `v${n}`, expireAt: 20 })
  expect(denials.size).toBeLessThan(20_000)
})
