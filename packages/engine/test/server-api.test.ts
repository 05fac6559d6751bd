import { describe, expect, test } from 'vitest'
import { connected, raw, start } from './kit.ts'
import type { Running } from './kit.ts'

const KEY = 'a key for tests only'

const startApi = (): Promise<Running> => start({ httpApi: { key: KEY } })

async function call({ port }: Running, method: string, body: unknown, headers: Record<string, string> = { 'x-api-key': KEY }): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/api/${method}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
}

const ask = async (running: Running, method: string, body: unknown): Promise<unknown> => (await call(running, method, body)).json()

describe('who may', () => {
  test.each<[what: string, headers: Record<string, string>, query: string, status: number]>([
    ['X-API-Key', { 'x-api-key': KEY }, '', 200],
    ['Authorization', { authorization: `ApiKey ${KEY}` }, '', 200],
    ['the query', {}, `?api_key=${encodeURIComponent(KEY)}`, 200],
    ['nothing', {}, '', 401],
    ['a wrong key', { 'x-api-key': 'x' }, '', 401],
    ['a wrong X-API-Key beside a right Authorization', { 'x-api-key': 'x', 'authorization': `apikey ${KEY}` }, '', 401],
    ['a wrong X-API-Key beside a right query', { 'x-api-key': 'x' }, `?api_key=${encodeURIComponent(KEY)}`, 200],
  ])('%s', async (_, headers, query, status) => {
    expect((await call(await startApi(), `info${query}`, {}, headers)).status).toBe(status)
  })

  test('without httpApi there is no API', async () => {
    expect((await call(await start(), 'info', {})).status).toBe(404)
  })

  test('without a key nobody passes', async () => {
    expect((await call(await start({ httpApi: {} }), 'info', {}, { 'x-api-key': '' })).status).toBe(401)
  })
})

describe('a body', () => {
  test.each<[body: string, status: number]>([['', 400], ['nonsense', 400], ['[]', 400], ['1', 400], ['null', 200], ['{}', 200], ['{"x":1}', 200]])(
    '%j of info is answered %i', async (body, status) => {
      expect((await call(await startApi(), 'info', body)).status).toBe(status)
    })

  test('a field of a wrong type is 400', async () => {
    expect((await call(await startApi(), 'publish', { channel: 1, data: {} })).status).toBe(400)
  })
})

test('what is published reaches subscribers as it was written', async () => {
  const running = await startApi()
  const client = await connected(running.url)
  client.send({ id: 2, subscribe: { channel: 'kept:a' } })
  await client.next()
  const answer = await (await call(running, 'publish', '{"channel":"kept:a","data":{"n": 1.0},"tags":{"k":"v"}}')).json() as { result: { offset: number } }
  expect(answer.result.offset).toBe(1)
  const text = await client.nextText()
  expect(text).toContain('"data":{"n": 1.0}')
  expect(text).toContain('"tags":{"k":"v"}')
})

test('a repeat with the same idempotency key gets the first result and is not delivered', async () => {
  const running = await startApi()
  const body = { channel: 'kept:a', data: 1, idempotency_key: 'k' }
  expect(await ask(running, 'publish', body)).toEqual(await ask(running, 'publish', body))
  expect(await ask(running, 'history', { channel: 'kept:a', limit: -1 })).toMatchObject({ result: { publications: [{ data: 1, offset: 1 }], offset: 1 } })
})

test.each<[method: string, body: unknown, answer: unknown]>([
  ['publish', { data: 1 }, { error: { code: 107, message: 'bad request' } }],
  ['publish', { channel: 'open:a' }, { error: { code: 107, message: 'bad request' } }],
  ['publish', { channel: 'none:a', data: 1 }, { error: { code: 102, message: 'unknown channel' } }],
  ['publish', { channel: 'open:a', b64data: 'eA==' }, { error: { code: 107, message: 'bad request' } }],
  ['publish', { channel: 'open:a', data: null }, { result: {} }],
  ['publish', { channel: 'open:a', data: 1 }, { result: {} }],
  ['broadcast', { channels: ['open:a', 'none:a'], data: 1 }, { result: { responses: [{ result: {} }, { error: { code: 102, message: 'unknown channel' } }] } }],
  ['broadcast', { data: 1 }, { error: { code: 107, message: 'bad request' } }],
  ['history', { channel: 'open:a' }, { error: { code: 108, message: 'not available' } }],
  ['history', { channel: 'kept:a', since: { offset: 1, epoch: 'other' } }, { error: { code: 112, message: 'unrecoverable position' } }],
  ['history_remove', { channel: 'kept:a' }, { result: {} }],
  ['presence', { channel: 'seen:a' }, { result: { presence: {} } }],
  ['presence', { channel: 'open:a' }, { error: { code: 108, message: 'not available' } }],
  ['presence_stats', { channel: 'seen:a' }, { result: { num_clients: 0, num_users: 0 } }],
  ['disconnect', { user: 'nobody' }, { result: {} }],
  ['disconnect', {}, { error: { code: 107, message: 'bad request' } }],
  ['disconnect', { user: 'u', disconnect: { code: 100 } }, { error: { code: 107, message: 'bad request' } }],
  ['refresh', { user: 'nobody' }, { result: {} }],
  ['unsubscribe', { user: 'nobody', channel: 'open:a' }, { result: {} }],
  ['rpc', { method: 'm' }, { error: { code: 104, message: 'not found' } }],
  ['channels', {}, { result: { channels: {} } }],
  ['batch', {}, {}],
  ['batch', { commands: [{ publish: { channel: 'open:a', data: 1 } }, { nonsense: {} }] }, { replies: [{ publish: {} }, { error: { code: 104, message: 'not found' } }] }],
])('%s %j is answered %j', async (method, body, answer) => {
  expect(await ask(await startApi(), method, body)).toEqual(answer)
})

test('a client is seen, unsubscribed and disconnected', async () => {
  const running = await startApi()
  const client = await connected(running.url)
  client.send({ id: 2, subscribe: { channel: 'seen:a' } })
  await client.next()
  expect(await ask(running, 'presence', { channel: 'seen:a' })).toEqual({ result: { presence: { [client.client]: { user: 'u', client: client.client } } } })
  expect(await ask(running, 'channels', { pattern: 'se*:?' })).toEqual({ result: { channels: { 'seen:a': { num_clients: 1 } } } })
  expect(await ask(running, 'channels', { pattern: 'x*' })).toEqual({ result: { channels: {} } })
  expect(await ask(running, 'info', {})).toMatchObject({ result: { nodes: [{ num_clients: 1, num_subs: 1, num_channels: 1 }] } })
  await client.next()
  await ask(running, 'unsubscribe', { user: 'u' })
  expect(await client.next()).toMatchObject({ push: { channel: 'seen:a', unsubscribe: { code: 2000 } } })
  await ask(running, 'disconnect', { user: 'u', disconnect: { code: 4500, reason: 'bye' } })
  expect(await client.closed).toEqual([4500, 'bye'])
})

describe('errors as statuses', () => {
  test.each([['none:a', 404], ['', 400], ['open:a', 400]])('history of %j is %i', async (channel, status) => {
    const response = await call(await startApi(), 'history', { channel }, { 'x-api-key': KEY, 'x-centrifugo-error-mode': 'transport' })
    expect(response.status).toBe(status)
    expect(await response.json()).toHaveProperty('code')
  })
})

test('another HTTP method is 405, another API method 404, before anybody is asked who they are', async () => {
  const running = await startApi()
  expect((await fetch(`http://127.0.0.1:${running.port}/api/publish`)).status).toBe(405)
  expect((await call(running, 'nonsense', {}, {})).status).toBe(404)
})

test('health is {}, and sockets go on beside the API', async () => {
  const running = await startApi()
  expect(await (await fetch(`http://127.0.0.1:${running.port}/health`)).json()).toEqual({})
  expect((await raw(running.url)).socket.readyState).toBe(1)
})
