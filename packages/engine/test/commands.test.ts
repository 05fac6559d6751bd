import { describe, expect, test } from 'vitest'
import { DISCONNECTS, ERRORS } from '../src/index.ts'
import { OPEN, connected, start } from './kit.ts'

const LONG = 'x'.repeat(256)

/** What each command is answered with by an engine whose namespaces are in `kit.ts`. */
const replies: [what: string, command: object, reply: object][] = [
  ['subscribe to a plain channel', { subscribe: { channel: 'open:a' } }, { subscribe: {} }],
  ['channel compaction asked for is ignored', { subscribe: { channel: 'open:a', flag: 1 } }, { subscribe: {} }],
  ['delta that is not allowed is silently off', { subscribe: { channel: 'open:a', delta: 'fossil' } }, { subscribe: {} }],
  ['a namespace of one letter-less name and an empty rest are fine', { subscribe: { channel: 'open:' } }, { subscribe: {} }],
  ['recover where recovery is off', { subscribe: { channel: 'seen:a', recover: true, offset: 3 } }, { subscribe: { was_recovering: true } }],
  ['unsubscribe from what is not subscribed', { unsubscribe: { channel: 'open:never' } }, { unsubscribe: {} }],
  ['unsubscribe from an unknown namespace', { unsubscribe: { channel: 'none:a' } }, { unsubscribe: {} }],
  ['publish', { publish: { channel: 'open:a', data: { n: 1 } } }, { publish: {} }],
  ['publish null', { publish: { channel: 'open:a', data: null } }, { publish: {} }],
  ['presence of nobody', { presence: { channel: 'seen:nobody' } }, { presence: { presence: {} } }],
  ['presence stats of nobody', { presence_stats: { channel: 'seen:nobody' } }, { presence_stats: { num_clients: 0, num_users: 0 } }],
]

const errors: [what: string, command: object, error: keyof typeof ERRORS][] = [
  ['subscribe to an unknown namespace', { subscribe: { channel: 'none:a' } }, 'unknownChannel'],
  ['subscribe without a right', { subscribe: { channel: 'shut:a' } }, 'permissionDenied'],
  ['subscribe to a channel outside namespaces', { subscribe: { channel: 'news' } }, 'permissionDenied'],
  ['subscribe to a private channel without a token', { subscribe: { channel: '$open:a' } }, 'permissionDenied'],
  ['subscribe with a garbage token, even to an open channel', { subscribe: { channel: 'open:a', token: 'x.y.z' } }, 'permissionDenied'],
  ['subscribe to a name that is not ASCII', { subscribe: { channel: 'open:é' } }, 'badRequest'],
  ['subscribe to a name that is too long', { subscribe: { channel: LONG } }, 'badRequest'],
  ['subscribe with a tags filter', { subscribe: { channel: 'open:a', tf: { op: '' } } }, 'badRequest'],
  ['subscribe as a map', { subscribe: { channel: 'open:a', type: 1 } }, 'permissionDenied'],
  ['subscribe to shared poll', { subscribe: { channel: 'open:a', type: 4 } }, 'notAvailable'],
  ['subscribe as something unknown', { subscribe: { channel: 'open:a', type: 99 } }, 'badRequest'],
  ['publish without a right', { publish: { channel: 'shut:a', data: 1 } }, 'permissionDenied'],
  ['publish to an unknown namespace', { publish: { channel: 'none:a', data: 1 } }, 'unknownChannel'],
  ['publish nothing', { publish: { channel: 'open:a' } }, 'badRequest'],
  ['publish to a map', { publish: { channel: 'open:a', data: 1, type: 1, key: 'k' } }, 'permissionDenied'],
  ['presence where it is off, right or not', { presence: { channel: 'shut:a' } }, 'notAvailable'],
  ['presence stats where presence is off', { presence_stats: { channel: 'open:a' } }, 'notAvailable'],
  ['history where it is off, right or not', { history: { channel: 'shut:a' } }, 'notAvailable'],
  ['history backwards from the beginning', { history: { channel: 'kept:a', limit: 1, reverse: true, since: { offset: 0, epoch: '' } } }, 'badRequest'],
  ['sub_refresh without a token', { sub_refresh: { channel: 'open:a' } }, 'badRequest'],
  ['sub_refresh of what is not subscribed', { sub_refresh: { channel: 'open:a', token: 'x' } }, 'permissionDenied'],
  ['rpc', { rpc: { method: 'm', data: 1 } }, 'notAvailable'],
]

const disconnects: [what: string, command: object, disconnect: keyof typeof DISCONNECTS][] = [
  ...['subscribe', 'unsubscribe', 'publish', 'presence', 'presence_stats', 'history', 'sub_refresh'].map((method): [string, object, 'badRequest'] =>
    [`${method} with an empty channel`, { [method]: { channel: '' } }, 'badRequest']),
  ['an unknown delta', { subscribe: { channel: 'open:a', delta: 'other' } }, 'badRequest'],
  ['ping', { ping: {} }, 'badRequest'],
  ['an unknown command', { shout: {} }, 'badRequest'],
  ['a field of the wrong type', { subscribe: { channel: 1 } }, 'badRequest'],
  ['a command that is no object', { subscribe: [] }, 'badRequest'],
  ['an id that is no number', { id: '1', subscribe: { channel: 'open:a' } }, 'badRequest'],
  ['a pong nobody asked for', { id: 0 }, 'badRequest'],
  ['send', { id: undefined, send: { data: 1 } }, 'notAvailable'],
  ['refresh without a token', { refresh: {} }, 'badRequest'],
  ['refresh with garbage', { refresh: { token: 'x.y.z' } }, 'invalidToken'],
]

describe('commands', () => {
  const connect = async (): ReturnType<typeof connected> => connected((await start()).url)

  test.each(replies)('%s is answered', async (_, command, reply) => {
    const { send, next } = await connect()
    send({ id: 2, ...command })
    expect(await next()).toEqual({ id: 2, ...reply })
  })

  test.each(errors)('%s is refused', async (_, command, name) => {
    const { send, next } = await connect()
    const { code, message, temporary } = ERRORS[name]
    send({ id: 2, ...command })
    expect(await next()).toEqual({ id: 2, error: { code, message, ...(temporary && { temporary }) } })
    // The connection lives on.
    send({ id: 3, unsubscribe: { channel: 'open:a' } })
    expect(await next()).toEqual({ id: 3, unsubscribe: {} })
  })

  test.each(disconnects)('%s ends the connection', async (_, command, name) => {
    const { send, closed } = await connect()
    send({ id: 2, ...command })
    expect(await closed).toEqual([DISCONNECTS[name].code, DISCONNECTS[name].reason])
  })
})

test('a channel is subscribed once, and only so many are', async () => {
  const { url } = await start({ client: { channelLimit: 2 } })
  const { send, next } = await connected(url)
  send(...['a', 'a', 'b', 'c'].map((name, at) => ({ id: at + 2, subscribe: { channel: `open:${name}` } })))
  expect([await next(), await next(), await next(), await next()]).toMatchObject(
    [{ subscribe: {} }, { error: { code: 105 } }, { subscribe: {} }, { error: { code: 106 } }])
})

test('a user-limited channel is open to its users alone', async () => {
  const { url } = await start({ channel: { namespaces: [{ name: 'talk', allowUserLimitedChannels: true }] } })
  const { send, next } = await connected(url, '7')
  send({ id: 2, subscribe: { channel: 'talk:x#7,8' } }, { id: 3, subscribe: { channel: 'talk:x#8,9' } })
  expect([await next(), await next()]).toMatchObject([{ subscribe: {} }, { error: { code: 103 } }])
})

test('rights for subscribers hold while subscribed, and not for anonymous ones', async () => {
  const rules = { allowSubscribeForClient: true, allowSubscribeForAnonymous: true, allowPublishForSubscriber: true }
  const { url } = await start({ channel: { namespaces: [{ name: 'chat', ...rules }, { name: 'open', ...OPEN }] } })
  const { send, next } = await connected(url)
  const publish = { publish: { channel: 'chat:a', data: 1 } }
  send({ id: 2, ...publish }, { id: 3, subscribe: { channel: 'chat:a' } }, { id: 4, ...publish }, { id: 5, unsubscribe: { channel: 'chat:a' } }, { id: 6, ...publish })
  expect(await next()).toMatchObject({ id: 2, error: { code: 103 } })
  expect(await next()).toMatchObject({ id: 3, subscribe: {} })
  expect(await next()).toMatchObject({ push: { channel: 'chat:a', pub: { data: 1 } } })
  expect(await next()).toMatchObject({ id: 4, publish: {} })
  expect(await next()).toMatchObject({ id: 5 })
  expect(await next()).toMatchObject({ id: 6, error: { code: 103 } })
  const anonymous = await connected(url, '')
  anonymous.send({ id: 2, subscribe: { channel: 'chat:a' } }, { id: 3, ...publish }, { id: 4, subscribe: { channel: 'open:a' } })
  expect([await anonymous.next(), await anonymous.next(), await anonymous.next()]).toMatchObject(
    [{ subscribe: {} }, { error: { code: 103 } }, { error: { code: 103 } }])
})

test('history is read forwards, backwards, limited, and by position', async () => {
  const { url, engine } = await start()
  const { send, next } = await connected(url)
  send({ id: 2, history: { channel: 'kept:a' } })
  const empty = await next() as { history: { epoch: string } }
  const { epoch } = empty.history
  expect(empty).toEqual({ id: 2, history: { publications: [], epoch, offset: 0 } })
  for (const n of [1, 2, 3]) engine.publish('kept:a', n)
  const ask = async (filter: object): Promise<unknown> => {
    send({ id: 3, history: { channel: 'kept:a', ...filter } })
    return (await next()).history ?? 'refused'
  }
  const all = [{ data: 1, offset: 1, epoch }, { data: 2, offset: 2 }, { data: 3, offset: 3 }]
  const slice = (...publications: unknown[]): unknown => ({ publications, epoch, offset: 3 })
  expect(await ask({})).toEqual(slice())
  expect(await ask({ limit: -1 })).toEqual(slice(...all))
  expect(await ask({ limit: -2 })).toEqual(slice())
  expect(await ask({ limit: 2 })).toEqual(slice(all[0], all[1]))
  expect(await ask({ limit: 2, reverse: true })).toEqual(slice(all[2], all[1]))
  expect(await ask({ limit: 9, since: { offset: 1, epoch } })).toEqual(slice(all[1], all[2]))
  expect(await ask({ limit: 9, since: { offset: 3, epoch }, reverse: true })).toEqual(slice(all[1], all[0]))
  expect(await ask({ limit: 9, since: { offset: 1, epoch: 'other' } })).toBe('refused')
})
