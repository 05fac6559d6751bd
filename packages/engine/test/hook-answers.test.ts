import { describe, expect, test } from 'vitest'
import type { Hooks } from '../src/index.ts'
import { encodedJson } from '../src/index.ts'
import { connected, inSeconds, manualClock, official, raw, start, until } from './kit.ts'
import type { ManualClock, Raw, Running } from './kit.ts'

const REFUSED = { error: { code: 450, message: 'not today' } }
const BLOCKED = { disconnect: { code: 4500, reason: 'blocked' } }

async function connectTo({ url }: Running, request: object = {}): Promise<Raw & { reply: Record<string, unknown> }> {
  const connection = await raw(url, { headers: { 'x-from': 'test' } })
  connection.send({ id: 1, connect: request })
  return Object.assign(connection, { reply: await Promise.race([connection.next(), connection.closed.then(closed => ({ closed }))]) })
}

describe('the connect hook', () => {
  test('says who connects without a token, and with what', async () => {
    const seen: unknown[] = []
    const running = await start({ hooks: { connect: request => {
      seen.push(request)
      return { result: { user: 'ana', info: { name: 'Ana' }, data: { motd: 'hi' }, expireAt: inSeconds(60), channels: ['open:a'], subs: { 'seen:a': { info: { role: 'x' }, data: 1 } }, meta: { tenant: 't' } } }
    } } })
    const { reply } = await connectTo(running, { data: { key: 1 }, name: 'js', version: '1', headers: { 'x-emulated': 'e' } })
    expect(seen).toMatchObject([{ user: '', transport: 'websocket', protocol: 'json', name: 'js', version: '1', data: '{"key":1}', channels: [], headers: { 'x-from': 'test', 'x-emulated': 'e' } }])
    expect(reply).toMatchObject({ connect: { data: { motd: 'hi' }, expires: true, subs: { 'open:a': {}, 'seen:a': { data: 1 } } } })
    expect(running.engine.connections('ana')).toMatchObject([{ meta: { tenant: 't' } }])
    expect([...running.engine.presence('seen:a').values()]).toMatchObject([{ user: 'ana', connInfo: '{"name":"Ana"}', chanInfo: '{"role":"x"}' }])
  })

  test('is not asked when there is a token; without a word the options decide', async () => {
    let asked = 0
    const hooks: Hooks = { connect: () => { asked++ } }
    const running = await start({ hooks })
    await connected(running.url)
    expect(asked).toBe(0)
    expect((await connectTo(running)).reply).toEqual({ closed: [3501, 'bad request'] })
    expect((await connectTo(await start({ hooks, client: { allowAnonymousConnectWithoutToken: true } }))).reply).toMatchObject({ connect: {} })
    expect(asked).toBe(2)
  })

  test.each<[what: string, answer: Hooks['connect'], reply: unknown]>([
    ['an error', () => REFUSED, REFUSED],
    ['a disconnect', () => BLOCKED, { closed: [4500, 'blocked'] }],
    ['a fault', () => { throw new Error('x') }, { closed: [3004, 'internal server error'] }],
    ['what JSON can not say', () => ({ result: { user: 'u', data: 1n } }), { closed: [3004, 'internal server error'] }],
    ['a past expiry', () => ({ result: { user: 'u', expireAt: 1 } }), { error: { code: 110 } }],
    ['an unknown channel', () => ({ result: { user: 'u', channels: ['none:a'] } }), { error: { code: 102 } }],
  ])('that answers with %s', async (_, answer, reply) => {
    expect((await connectTo(await start({ hooks: answer ? { connect: answer } : {} }))).reply).toMatchObject(reply as object)
  })
})

describe('the subscribe hook', () => {
  test('decides where no token does, before the options', async () => {
    const seen: unknown[] = []
    const { url, engine } = await start({ hooks: { subscribe: ({ channel, data, user }) => {
      seen.push([user, channel, data])
      if (channel === 'open:no') return REFUSED
      if (channel === 'shut:yes') return { result: { info: { i: 1 }, data: { d: 1 }, override: { presence: true } } }
      if (channel === 'open:fault') throw new Error('x')
      return undefined
    } } })
    const { send, next } = await connected(url)
    const channels = ['open:no', 'shut:yes', 'shut:no', 'open:a', 'open:fault', '$open:private']
    send(...channels.map((channel, at) => ({ id: at + 2, subscribe: { channel, data: at } })))
    const answers: unknown[] = []
    for (const _ of channels) answers.push(await next())
    expect(answers).toMatchObject([REFUSED, { subscribe: { data: { d: 1 } } }, { error: { code: 103 } }, { subscribe: {} }, { error: { code: 100 } }, { error: { code: 103 } }])
    expect(seen).toEqual([['u', 'open:no', '0'], ['u', 'shut:yes', '1'], ['u', 'shut:no', '2'], ['u', 'open:a', '3'], ['u', 'open:fault', '4']])
    expect(engine.stats().subscriptions).toBe(2)
  })

  test('grants until a time; the official client is told', async () => {
    const { url } = await start({ hooks: { subscribe: () => ({ result: { expireAt: inSeconds(60) } }) } })
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'shut:a' } })
    expect(await next()).toMatchObject({ subscribe: { expires: true, ttl: expect.any(Number) as unknown } })
  })
})

describe('the publish hook', () => {
  test('decides, replaces data, and may keep it out of history', async () => {
    const { url, engine } = await start({ hooks: { publish: ({ data, channel }) => {
      if (channel === 'open:a') return undefined
      if (data === '1') return REFUSED
      return { result: data === '2' ? { data: { replaced: true }, tags: { t: 'x' } } : { skipHistory: true } }
    } } })
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'kept:a' } })
    await next()
    send(...[1, 2, 3].map(n => ({ id: n + 2, publish: { channel: 'kept:a', data: n } })), { id: 6, publish: { channel: 'open:a', data: 1 } }, { id: 7, publish: { channel: 'shut:a', data: 2 } })
    expect([await next(), await next(), await next(), await next(), await next(), await next(), await next()]).toMatchObject([
      { id: 3, ...REFUSED }, { push: { pub: { data: { replaced: true }, tags: { t: 'x' }, offset: 1 } } }, { id: 4 }, { push: { pub: { data: 3 } } }, { id: 5 }, { id: 6, publish: {} }, { id: 7, publish: {} },
    ])
    expect((await engine.history('kept:a', { limit: -1 })).publications).toHaveLength(1)
  })
})

describe('rpc', () => {
  test('is answered by the application, to the official client', async () => {
    const { url } = await start({ hooks: { rpc: ({ method, data, user }) => {
      if (method === 'echo') return { result: { data: { user, given: encodedJson(data ?? 'null').json } } }
      if (method === 'nothing') return { result: {} }
      return method === 'refused' ? REFUSED : undefined
    } } })
    const client = official(url)
    client.connect()
    await client.ready(5_000)
    expect((await client.rpc('echo', { n: 1 })).data).toEqual({ user: 'u', given: '{"n":1}' })
    await expect(client.rpc('refused', null)).rejects.toMatchObject({ code: 450 })
    await expect(client.rpc('unknown', null)).rejects.toMatchObject({ code: 104 })
    const { send, next } = await connected(url)
    send({ id: 2, rpc: { method: 'nothing' } })
    expect(await next()).toEqual({ id: 2, rpc: {} })
  })

  test('keeps the order of replies however long it takes', async () => {
    const { url } = await start({ hooks: { rpc: async () => {
      await new Promise(resolve => { setImmediate(resolve) })
      return { result: { data: 1 } }
    } } })
    const { send, next } = await connected(url)
    send({ id: 2, rpc: { method: 'm' } }, { id: 3, unsubscribe: { channel: 'open:a' } })
    expect([await next(), await next()]).toEqual([{ id: 2, rpc: { data: 1 } }, { id: 3, unsubscribe: {} }])
  })

  test('of the server API is the application\'s extension', async () => {
    const running = await start({ httpApi: { insecure: true, rpc: (method, params) => (method === 'sum' ? { data: JSON.parse(params ?? '0') as unknown } : undefined) } })
    const post = async (body: object): Promise<unknown> => (await fetch(`http://127.0.0.1:${running.port}/api/rpc`, { method: 'POST', body: JSON.stringify(body) })).json()
    expect(await post({ method: 'sum', params: [1, 2] })).toEqual({ result: { data: [1, 2] } })
    expect(await post({ method: 'other' })).toEqual({ error: { code: 104, message: 'not found' } })
    expect(await post({})).toMatchObject({ error: { code: 107 } })
  })
})

test('send is handed to the application, without a reply', async () => {
  const heard: unknown[] = []
  const { url } = await start({ hooks: { onMessage: ({ data, user }) => heard.push([user, data]) } })
  const client = official(url)
  client.connect()
  await client.ready(5_000)
  await client.send({ n: 1 })
  await until(() => heard.length === 1)
  expect(heard).toEqual([['u', '{"n":1}']])
})

describe('credentials that hooks renew', () => {
  const LONG = { pingInterval: 600_000, pongTimeout: 500_000 }
  async function expiring(hooks: Hooks): Promise<{ clock: ManualClock, running: Running, connection: Raw & { reply: Record<string, unknown> } }> {
    const clock = manualClock()
    const running = await start({ clock, client: LONG, hooks: { connect: () => ({ result: { user: 'u', expireAt: inSeconds(10) } }), ...hooks } })
    return { clock, running, connection: await connectTo(running) }
  }

  test('a connection lives on when the refresh hook says so, and its client hears nothing of expiry', async () => {
    let asked = 0
    const { clock, running, connection } = await expiring({ refresh: ({ user }) => {
      asked++
      return user === 'u' && asked === 1 ? { result: { expireAt: inSeconds(200), meta: { renewed: true } } } : { result: { expired: true } }
    } })
    expect(connection.reply).not.toHaveProperty('connect.expires')
    clock.advance(12_000)
    await until(() => asked === 1)
    await until(() => (running.engine.connections()[0]?.meta as { renewed?: boolean } | undefined)?.renewed === true)
    clock.advance(200_000)
    expect(await connection.closed).toEqual([3005, 'connection expired'])
  })

  test('a connection nobody answers for ends, a fault gives it a minute', async () => {
    const gone = await expiring({ refresh: () => undefined })
    gone.clock.advance(12_000)
    expect(await gone.connection.closed).toEqual([3005, 'connection expired'])
    let asked = 0
    const faulty = await expiring({ refresh: () => {
      asked++
      if (asked === 1) throw new Error('x')
      return BLOCKED
    } })
    faulty.clock.advance(12_000)
    await until(() => asked === 1)
    await new Promise(resolve => { setImmediate(resolve) })
    faulty.clock.advance(55_000)
    expect(asked).toBe(1)
    faulty.clock.advance(10_000)
    expect(await faulty.connection.closed).toEqual([4500, 'blocked'])
  })

  test('a subscription lives on or ends with 2501 as the hook says, and by sub_refresh without a token', async () => {
    const answers: (boolean | undefined)[] = [true, true, false]
    const { clock, connection, running } = await expiring({
      connect: () => ({ result: { user: 'u' } }),
      subscribe: () => ({ result: { expireAt: inSeconds(10) } }),
      subRefresh: ({ channel }) => {
        expect(channel).toBe('shut:a')
        return answers.shift() ? { result: { expireAt: inSeconds(100), info: { n: 1 } } } : { result: { expired: true } }
      },
    })
    connection.send({ id: 2, subscribe: { channel: 'shut:a' } })
    expect(await connection.next()).toEqual({ id: 2, subscribe: {} })
    clock.advance(12_000)
    await until(() => answers.length === 2)
    connection.send({ id: 3, sub_refresh: { channel: 'shut:a' } })
    expect(await connection.next()).toEqual({ id: 3, sub_refresh: {} })
    clock.advance(100_000)
    expect(await connection.next()).toMatchObject({ push: { unsubscribe: { code: 2501 } } })
    expect(running.engine.stats().subscriptions).toBe(0)
  })
})

test('ends of subscriptions and channels that come and go are told', async () => {
  const told: unknown[] = []
  const { url, engine } = await start({ hooks: {
    onUnsubscribe: ({ channel, code }) => told.push([channel, code]),
    onOccupied: channel => told.push(['occupied', channel]),
    onVacated: channel => told.push(['vacated', channel]),
  } })
  const { send, next, socket, closed } = await connected(url)
  for (const [id, channel] of [[2, 'open:a'], [3, 'open:b'], [4, 'open:c']] as const) {
    send({ id, subscribe: { channel } })
    await next()
  }
  const other = await connected(url)
  other.send({ id: 2, subscribe: { channel: 'open:c' } })
  await other.next()
  send({ id: 5, unsubscribe: { channel: 'open:a' } })
  await next()
  engine.unsubscribe({ user: 'u', channel: 'open:b' })
  await next()
  socket.close(1000)
  await closed
  await until(() => told.length === 8)
  expect(told).toEqual([
    ['occupied', 'open:a'], ['occupied', 'open:b'], ['occupied', 'open:c'],
    ['vacated', 'open:a'], ['open:a', 0], ['vacated', 'open:b'], ['open:b', 2000], ['open:c', 1000],
  ])
})
