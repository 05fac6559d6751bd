import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { raw, sign, start } from './kit.ts'
import type { Raw } from './kit.ts'

const PAD = 'compressible '.repeat(200)

async function subscribed(url: string, perMessageDeflate: boolean): Promise<Raw> {
  const client = await raw(url, { perMessageDeflate })
  client.send({ id: 1, connect: { token: await sign({ sub: 'u' }) } }, { id: 2, subscribe: { channel: 'open:a' } })
  await client.next()
  await client.next()
  return client
}

/** The answer to an upgrade. */
const upgrade = (url: string, more: Record<string, string>): Promise<IncomingMessage> => new Promise((resolve, reject) => {
  const headers = { 'connection': 'Upgrade', 'upgrade': 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...more }
  const request = get(url.replace('ws:', 'http:'), { headers })
  const done = (answer: IncomingMessage): void => {
    answer.socket.destroy()
    resolve(answer)
  }
  request.on('upgrade', done).on('response', done).on('error', reject)
})

test('who offers compression gets it, both ways, beside who does not', async () => {
  const { url, engine } = await start({ client: { compression: true } })
  const [packed, plain] = [await subscribed(url, true), await subscribed(url, false)]
  expect([packed.socket.extensions, plain.socket.extensions]).toEqual(['permessage-deflate', ''])
  engine.publish('open:a', PAD)
  packed.send({ id: 3, publish: { channel: 'open:a', data: `${PAD}again` } })
  for (const data of [PAD, `${PAD}again`]) {
    expect(await packed.next()).toMatchObject({ push: { pub: { data } } })
    expect(await plain.next()).toMatchObject({ push: { pub: { data } } })
  }
  expect(await packed.next()).toEqual({ id: 3, publish: {} })
})

test('a compressed message is held to the size it unpacks to', async () => {
  const { url } = await start({ client: { compression: true, messageSizeLimit: 10_000 } })
  const { send, closed } = await subscribed(url, true)
  send({ id: 3, publish: { channel: 'open:a', data: 'x'.repeat(1_000_000) } })
  expect((await closed)[0]).toBe(1009)
})

test('without the option nobody gets it', async () => {
  const { url } = await start()
  expect((await subscribed(url, true)).socket.extensions).toBe('')
})

test('a smaller window than there is, or an unknown parameter, is not agreed on', async () => {
  const { url } = await start({ client: { compression: true } })
  for (const offer of ['permessage-deflate; server_max_window_bits=9', 'permessage-deflate; other', 'x-webkit-deflate-frame']) {
    const { headers } = await upgrade(url, { 'sec-websocket-extensions': offer })
    expect(headers['sec-websocket-extensions']).toBeUndefined()
  }
})

test.each([
  ['a key that is none', { 'sec-websocket-key': 'short' }, 400],
  ['an old version', { 'sec-websocket-version': '7' }, 400],
  ['another protocol', { upgrade: 'h2c' }, 400],
])('an upgrade with %s is refused', async (_, headers, status) => {
  const { url } = await start()
  const answer = await upgrade(url, headers)
  expect(answer.statusCode).toBe(status)
  expect(answer.headers['sec-websocket-version']).toBe('13, 8')
})
