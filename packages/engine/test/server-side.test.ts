import { describe, expect, test } from 'vitest'
import type { ServerPublicationContext, ServerSubscribedContext } from 'centrifuge'
import { KEPT, OPEN, SEEN, connected, inSeconds, manualClock, official, once, raw, sign, start, until } from './kit.ts'
import type { Raw, Running } from './kit.ts'

async function connect(url: string, claims: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<Raw & { reply: Record<string, unknown> }> {
  const connection = await raw(url)
  connection.send({ id: 1, connect: { token: await sign({ sub: 'u', ...claims }), ...more } })
  return Object.assign(connection, { reply: await connection.next() })
}

const subsOf = ({ reply }: { reply: Record<string, unknown> }): unknown => (reply as { connect: { subs: unknown } }).connect.subs

describe('a connection token', () => {
  test('with channels subscribes to them, and the reply says how', async () => {
    const { url, engine } = await start()
    const connection = await connect(url, { channels: ['open:a', 'kept:a'] })
    expect(subsOf(connection)).toEqual({ 'open:a': {}, 'kept:a': { recoverable: true, positioned: true, epoch: expect.stringMatching(/^\w{8}$/) as unknown } })
    engine.publish('kept:a', 1)
    expect(await connection.next()).toMatchObject({ push: { channel: 'kept:a', pub: { data: 1, offset: 1 } } })
  })

  test('with subs says info, data and options of each; channels beside them do not count', async () => {
    const { url, engine } = await start()
    const subs = { 'open:a': { info: { as: 'x' }, data: { hello: 1 }, override: { presence: { value: true } } } }
    const connection = await connect(url, { channels: ['kept:a'], subs })
    expect(subsOf(connection)).toEqual({ 'open:a': { data: { hello: 1 } } })
    expect(engine.connections('u')[0]?.channels).toEqual(['open:a'])
  })

  test('for an unknown namespace is error 102, for more channels than allowed 3505', async () => {
    const { url } = await start({ client: { channelLimit: 2 } })
    expect((await connect(url, { channels: ['none:a'] })).reply).toMatchObject({ error: { code: 102 } })
    const many = await raw(url)
    many.send({ id: 1, connect: { token: await sign({ sub: 'u', channels: ['open:a', 'open:b', 'open:c'] }) } })
    expect(await many.closed).toEqual([3505, 'channel limit'])
  })

  test('joins after the connect reply, and leaves with the connection', async () => {
    const { url, engine } = await start()
    const watcher = await connected(url, 'watcher')
    watcher.send({ id: 2, subscribe: { channel: 'seen:a' } })
    await watcher.next()
    await watcher.next()
    const connection = await connect(url, { channels: ['seen:a'] })
    expect(await connection.next()).toMatchObject({ push: { channel: 'seen:a', join: { info: { user: 'u' } } } })
    expect(engine.presenceStats('seen:a')).toEqual({ clients: 2, users: 2 })
    connection.socket.close()
    expect(await watcher.next()).toMatchObject({ push: { join: { info: { user: 'u' } } } })
    expect(await watcher.next()).toMatchObject({ push: { leave: { info: { user: 'u' } } } })
  })

  test('that names other channels on refresh ends the connection with 3010, the same ones renew it', async () => {
    const { url } = await start()
    const connection = await connect(url, { channels: ['open:a'] })
    connection.send({ id: 2, refresh: { token: await sign({ sub: 'u', channels: ['open:a'] }) } })
    expect(await connection.next()).toMatchObject({ id: 2, refresh: { expires: true } })
    connection.send({ id: 3, refresh: { token: await sign({ sub: 'u', channels: ['open:b'] }) } })
    expect(await connection.closed).toEqual([3010, 'insufficient state'])
  })
})

test('what was missed in a server-side channel is recovered with the next connect', async () => {
  const { url, engine } = await start()
  const { epoch } = engine.publish('kept:a', 0) as { epoch: string }
  engine.publish('kept:a', 1)
  const back = await connect(url, { channels: ['kept:a'] }, { subs: { 'kept:a': { recover: true, offset: 1, epoch } } })
  expect(subsOf(back)).toMatchObject({ 'kept:a': { recovered: true, was_recovering: true, offset: 1, publications: [{ data: 1, offset: 2 }] } })
  const lost = await connect(url, { channels: ['kept:a'] }, { subs: { 'kept:a': { recover: true, offset: 1, epoch: 'other' } } })
  expect(subsOf(lost)).toMatchObject({ 'kept:a': { was_recovering: true, offset: 2 } })
})

test('a client gets the channels it names again as far as it may subscribe to them', async () => {
  const { url } = await start()
  expect(subsOf(await connect(url, {}, { subs: { 'open:a': {}, 'shut:a': {} } }))).toEqual({ 'open:a': {} })
  const unknown = await raw(url)
  unknown.send({ id: 1, connect: { token: await sign({ sub: 'u' }), subs: { 'none:a': {} } } })
  expect(await unknown.closed).toEqual([3501, 'bad request'])
})

test('a gap in a server-side channel ends the connection, because only a new one can have it again', async () => {
  const { url, engine } = await start({ broker: events => ({
    publish: (channel, draft) => {
      events.onPublication(channel, { ...draft, offset: 7 }, 'epoch')
      return { offset: 7, epoch: 'epoch' }
    },
    history: () => ({ publications: [], offset: 1, epoch: 'epoch', isOtherEpoch: false }),
    removeHistory: () => undefined,
    close: () => undefined,
  }) })
  const connection = await connect(url, { channels: ['kept:a'] })
  engine.publish('kept:a', 1)
  expect(await connection.closed).toEqual([3010, 'insufficient state'])
})

describe('the personal channel', () => {
  const personal = { enabled: true, personalChannelNamespace: 'seen' }

  test('is given to every connection with a user', async () => {
    const { url } = await start({ client: { subscribeToUserPersonalChannel: personal, allowAnonymousConnectWithoutToken: true } })
    expect(subsOf(await connect(url, {}))).toEqual({ 'seen:#u': {} })
    const anonymous = await raw(url)
    anonymous.send({ id: 1, connect: {} })
    expect(await anonymous.next()).not.toHaveProperty('connect.subs')
  })

  test('without a namespace is #user', async () => {
    const { url } = await start({ client: { subscribeToUserPersonalChannel: { enabled: true } } })
    expect(subsOf(await connect(url, {}))).toEqual({ '#u': {} })
  })

  test('keeps the newest connection alone when asked to', async () => {
    const { url, engine } = await start({ client: { subscribeToUserPersonalChannel: { ...personal, singleConnection: true } } })
    const first = await connect(url, {})
    await connect(url, {})
    expect(await first.closed).toEqual([3504, 'connection limit'])
    await until(() => engine.stats().connections === 1)
  })
})

describe('a subscription by the application', () => {
  test('reaches the official client, with its data and what follows', async () => {
    const { url, engine } = await start()
    const client = official(url)
    client.connect()
    await client.ready(5_000)
    const subscribed = once<ServerSubscribedContext>(client, 'subscribed')
    await engine.subscribe({ user: 'u', channel: 'kept:a', data: { hi: 1 } })
    expect(await subscribed).toMatchObject({ channel: 'kept:a', data: { hi: 1 }, recoverable: true, positioned: true })
    const heard = once<ServerPublicationContext>(client, 'publication')
    engine.publish('kept:a', { n: 1 })
    expect(await heard).toMatchObject({ channel: 'kept:a', data: { n: 1 }, offset: 1 })
    const back = once<ServerSubscribedContext>(client, 'subscribed')
    engine.disconnect({ user: 'u', code: 3011 })
    engine.publish('kept:a', { n: 2 })
    expect(await back).toMatchObject({ channel: 'kept:a', wasRecovering: true, recovered: true })
  })

  test('is told by a push, told again when it exists, and a subscribe over it is 105', async () => {
    const { url, engine } = await start()
    const { send, next } = await connected(url)
    await engine.subscribe({ user: 'u', channel: 'open:a' })
    expect(await next()).toEqual({ push: { channel: 'open:a', subscribe: {} } })
    await engine.subscribe({ user: 'u', channel: 'open:a' })
    expect(await next()).toEqual({ push: { channel: 'open:a', subscribe: {} } })
    send({ id: 2, subscribe: { channel: 'open:a' } })
    expect(await next()).toMatchObject({ id: 2, error: { code: 105 } })
    engine.unsubscribe({ user: 'u', channel: 'open:a' })
    expect(await next()).toMatchObject({ push: { channel: 'open:a', unsubscribe: { code: 2000 } } })
  })

  test('recovers from a position: the push says it, the publications follow', async () => {
    const { url, engine } = await start()
    const { next } = await connected(url)
    const { epoch } = engine.publish('kept:a', 0) as { epoch: string }
    engine.publish('kept:a', 1)
    await engine.subscribe({ user: 'u', channel: 'kept:a', recoverSince: { offset: 1, epoch } })
    expect(await next()).toMatchObject({ push: { subscribe: { offset: 1, epoch, positioned: true } } })
    expect(await next()).toMatchObject({ push: { pub: { data: 1, offset: 2 } } })
  })

  test('ends the connection with 3006 when it expires', async () => {
    const clock = manualClock()
    const { url, engine } = await start({ clock, client: { expiredSubCloseDelay: 1_000, pingInterval: 600_000, pongTimeout: 500_000 } })
    const connection = await connect(url, { exp: inSeconds(3_600) })
    await engine.subscribe({ user: 'u', channel: 'open:a', expireAt: inSeconds(10) })
    clock.advance(12_500)
    expect(await connection.closed).toEqual([3006, 'subscription expired'])
  })

  test('reaches only the client it names, and refuses what it can not do', async () => {
    const { url, engine } = await start()
    const one = await connected(url)
    await connected(url)
    await engine.subscribe({ client: one.client, channel: 'open:a' })
    expect(engine.channels().get('open:a')).toBe(1)
    await expect(engine.subscribe({ channel: 'open:a' })).rejects.toMatchObject({ code: 107 })
    await expect(engine.subscribe({ user: 'u', channel: 'none:a' })).rejects.toMatchObject({ code: 102 })
    await expect(engine.subscribe({ user: 'u', channel: 'open:b', expireAt: 1 })).rejects.toMatchObject({ code: 107 })
    await engine.subscribe({ user: 'nobody', channel: 'open:a' })
  })

  test('over the channel limit ends the connection with 3505', async () => {
    const { url, engine } = await start({ client: { channelLimit: 1 } })
    const { closed } = await connected(url)
    await engine.subscribe({ user: 'u', channel: 'open:a' })
    await engine.subscribe({ user: 'u', channel: 'open:b' })
    expect(await closed).toEqual([3505, 'channel limit'])
  })

  test('over HTTP has Centrifugo\'s names', async () => {
    const running = await start({ httpApi: { insecure: true } })
    const { next } = await connected(running.url)
    const body = { user: 'u', channel: 'open:a', info: { i: 1 }, b64data: Buffer.from('{"d":1}').toString('base64'), override: { presence: { value: true } } }
    expect(await post(running, 'subscribe', body)).toEqual({ result: {} })
    expect(await next()).toEqual({ push: { channel: 'open:a', subscribe: { data: { d: 1 } } } })
    expect(await post(running, 'subscribe', { user: 'u' })).toMatchObject({ error: { code: 107 } })
  })
})

test('an unsubscribe while a server-side subscription is being made ends it as soon as it is', async () => {
  const waiting: (() => void)[] = []
  const { url, engine } = await start({ broker: () => ({
    publish: () => ({}),
    history: async () => {
      await new Promise<void>(resolve => waiting.push(resolve))
      return { publications: [], offset: 0, epoch: 'e', isOtherEpoch: false }
    },
    removeHistory: () => undefined,
    close: () => undefined,
  }) })
  const { next } = await connected(url)
  const subscribed = engine.subscribe({ user: 'u', channel: 'kept:a' })
  await until(() => waiting.length === 1)
  engine.unsubscribe({ user: 'u', channel: 'kept:a' })
  waiting[0]?.()
  await subscribed
  expect([await next(), await next()]).toMatchObject([{ push: { subscribe: {} } }, { push: { unsubscribe: { code: 2000 } } }])
  expect(engine.stats().subscriptions).toBe(0)
})

async function post({ port }: Running, method: string, body: unknown): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}/api/${method}`, { method: 'POST', body: JSON.stringify(body) })).json()
}

describe('channel names', () => {
  test('a private channel needs a token, whatever its options', async () => {
    const { url } = await start()
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: '$open:a' } }, { id: 3, subscribe: { channel: '$open:a', token: await sign({ sub: 'u', channel: '$open:a' }) } })
    expect([await next(), await next()]).toMatchObject([{ id: 2, error: { code: 103 } }, { id: 3, subscribe: {} }])
  })

  test('a user-limited channel is open to the users it names and to nobody else', async () => {
    const { url } = await start({ channel: { namespaces: [{ name: 'dialog', allowUserLimitedChannels: true, allowSubscribeForClient: true }] } })
    const answers = async (user: string): Promise<unknown[]> => {
      const { send, next } = await connected(url, user)
      send({ id: 2, subscribe: { channel: 'dialog:x#a,b' } }, { id: 3, subscribe: { channel: 'dialog:free' } })
      return [await next(), await next()]
    }
    expect(await answers('a')).toMatchObject([{ id: 2, subscribe: {} }, { id: 3, subscribe: {} }])
    expect(await answers('c')).toMatchObject([{ id: 2, error: { code: 103 } }, { id: 3, subscribe: {} }])
    expect(await answers('')).toMatchObject([{ id: 2, error: { code: 103 } }, { id: 3, error: { code: 103 } }])
  })

  test('the signs can be others, and the longest name', async () => {
    const { url } = await start({ channel: {
      namespaceBoundary: '/', privatePrefix: '!', userBoundary: '@', userSeparator: '+', maxLength: 12,
      namespaces: [{ name: 'open', ...OPEN, allowUserLimitedChannels: true }],
    } })
    const { send, next } = await connected(url, 'b')
    const channels = ['open/a', 'open:a', '!open/a', 'open/@a+b', 'open/@a+c', 'open/12345678']
    send(...channels.map((channel, at) => ({ id: at + 2, subscribe: { channel } })))
    const codes: unknown[] = []
    for (const _ of channels) codes.push((await next() as { error?: { code: number } }).error?.code)
    expect(codes).toEqual([undefined, 103, 103, undefined, 103, 107])
  })

  test('a pattern decides over the rest of the name, and lets other letters in', async () => {
    const { url } = await start({ channel: { namespaces: [{ name: 'open', ...OPEN, channelRegex: '^[a-zã]+$' }] } })
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'open:ação' } }, { id: 3, subscribe: { channel: 'open:mãe' } }, { id: 4, subscribe: { channel: 'open:A' } })
    expect([await next(), await next(), await next()]).toMatchObject([{ error: { code: 107 } }, { id: 3, subscribe: {} }, { error: { code: 107 } }])
  })

  test('a channel of objects refuses what is none, from clients and from the application', async () => {
    const { url, engine } = await start({ channel: { namespaces: [{ name: 'open', ...OPEN, publicationDataFormat: 'json_object' }] } })
    const { send, next } = await connected(url)
    send({ id: 2, publish: { channel: 'open:a', data: [1] } }, { id: 3, publish: { channel: 'open:a', data: { n: 1 } } })
    expect([await next(), await next()]).toMatchObject([{ error: { code: 107 } }, { publish: {} }])
    expect(() => engine.publish('open:a', 1)).toThrow(expect.objectContaining({ code: 107 }) as Error)
  })
})

describe('limits and identities of connections', () => {
  test('one more connection of a user than allowed is 3504', async () => {
    const { url } = await start({ client: { userConnectionLimit: 1 } })
    await connected(url)
    const second = await raw(url)
    second.send({ id: 1, connect: { token: await sign({ sub: 'u' }) } })
    expect(await second.closed).toEqual([3504, 'connection limit'])
  })

  test('above the connection limit an upgrade is 503', async () => {
    const { url } = await start({ client: { connectionLimit: 1 } })
    await connected(url)
    await expect(raw(url)).rejects.toThrow('503')
  })

  test('more connections in a second than allowed are 503 until time has passed', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, client: { connectionRateLimit: 2 } })
    await raw(url)
    await raw(url)
    await expect(raw(url)).rejects.toThrow('503')
    clock.advance(500)
    await raw(url)
  })

  test('a header of a proxy names the user, when it is configured', async () => {
    const { url, engine } = await start({ client: { userIdHttpHeader: 'X-User-Id' } })
    const connection = await raw(url, { headers: { 'x-user-id': 'ana' } })
    connection.send({ id: 1, connect: {} })
    expect(await connection.next()).toMatchObject({ connect: {} })
    expect(engine.connections().map(({ user }) => user)).toEqual(['ana'])
    const without = await start()
    const refused = await raw(without.url, { headers: { 'x-user-id': 'ana' } })
    refused.send({ id: 1, connect: {} })
    expect(await refused.closed).toEqual([3501, 'bad request'])
  })

  test('anonymous tokens can be refused, the server time be told', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, client: { disallowAnonymousConnectionTokens: true, connectIncludeServerTime: true } })
    const anonymous = await raw(url)
    anonymous.send({ id: 1, connect: { token: await sign({ sub: '' }) } })
    expect(await anonymous.closed).toEqual([3507, 'permission denied'])
    expect((await connect(url, {})).reply).toMatchObject({ connect: { time: clock.now() } })
  })

  test('insecure lets everybody do everything, and nothing expires', async () => {
    const { url } = await start({ client: { insecure: true }, channel: { namespaces: [{ name: 'shut', ...KEPT, ...SEEN, allowHistoryForClient: false }] } })
    const { send, next } = await raw(url)
    send({ id: 1, connect: {} }, { id: 2, subscribe: { channel: 'shut:a' } }, { id: 3, history: { channel: 'shut:a' } }, { id: 4, presence: { channel: 'shut:a' } })
    expect(await next()).not.toHaveProperty('connect.expires')
    expect(await next()).toMatchObject({ subscribe: { recoverable: true } })
    await next()
    expect([await next(), await next()]).toMatchObject([{ history: {} }, { presence: {} }])
  })
})
