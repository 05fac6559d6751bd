import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../src/command.ts'
import type { Method } from '../src/command.ts'
import { connected, inSeconds, raw, sign, start } from './kit.ts'
import type { Raw } from './kit.ts'

/** A well-formed command of each kind; ids differ so that answers can be told apart. */
const commands: Readonly<Record<Method, (token: string) => Record<string, unknown>>> = {
  connect: token => ({ connect: { token } }),
  subscribe: () => ({ subscribe: { channel: 'seen:a' } }),
  unsubscribe: () => ({ unsubscribe: { channel: 'seen:a' } }),
  publish: () => ({ publish: { channel: 'open:a', data: 1 } }),
  presence: () => ({ presence: { channel: 'seen:a' } }),
  presence_stats: () => ({ presence_stats: { channel: 'seen:a' } }),
  history: () => ({ history: { channel: 'kept:a' } }),
  ping: () => ({ ping: {} }),
  send: () => ({ send: { data: 1 } }),
  rpc: () => ({ rpc: { method: 'm' } }),
  refresh: token => ({ refresh: { token } }),
  sub_refresh: token => ({ sub_refresh: { channel: 'seen:a', token } }),
}
const METHODS = Object.keys(COMMANDS) as Method[]

/** What a connected session answers: the close code, or what the reply has besides its id. */
const WHEN_CONNECTED: Readonly<Record<Method, number | string>> = {
  connect: 3501, subscribe: 'subscribe', unsubscribe: 'unsubscribe', publish: 'publish', presence: 'presence', presence_stats: 'presence_stats',
  history: 'history', ping: 3501, send: 3508, rpc: 'error', refresh: 'refresh', sub_refresh: 'error',
}

async function answer({ next, closed }: Raw, id: number): Promise<number | string> {
  const replied = async (): Promise<string> => {
    for (;;) {
      const message = await next()
      if (message.id === id) return Object.keys(message).find(key => key !== 'id') ?? ''
    }
  }
  return Promise.race([replied(), closed.then(([code]) => code)])
}

describe.each(METHODS)('%s', method => {
  const command = async (id: number): Promise<Record<string, unknown>> => ({ id, ...commands[method](await sign({ sub: 'u' })) })

  test('in a new session', async () => {
    const { url } = await start()
    const connection = await raw(url)
    connection.send(await command(2))
    expect(await answer(connection, 2)).toBe(method === 'connect' ? 'connect' : 3501)
  })

  test('in a connected session', async () => {
    const { url } = await start()
    const connection = await connected(url)
    connection.send(await command(2))
    expect(await answer(connection, 2)).toBe(WHEN_CONNECTED[method])
  })

  test('is held back while the session is connecting', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const { url } = await start({ hooks: { async onConnecting({ isRefresh }) { if (!isRefresh) await promise } } })
    const connection = await raw(url)
    connection.send({ id: 1, connect: { token: await sign({ sub: 'u' }) } }, await command(2))
    await new Promise(done => { connection.socket.ping(); connection.socket.once('pong', done) })
    expect(connection.frames).toEqual([])
    resolve(undefined)
    expect(await answer(connection, 2)).toBe(WHEN_CONNECTED[method])
  })

  test('is ignored in a refused session', async () => {
    const { url } = await start()
    const connection = await raw(url)
    connection.send({ id: 1, connect: { token: await sign({ sub: 'u', exp: inSeconds(-5) }) } }, await command(2))
    expect(await answer(connection, 1)).toBe('error')
    await new Promise(done => { connection.socket.ping(); connection.socket.once('pong', done) })
    expect(connection.frames).toHaveLength(1)
    expect(connection.socket.readyState).toBe(1)
  })
})
