/** The server in front of the HTTP server: the same answers, whichever of the two gives them. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { readWhole } from '../src/front.ts'
import { connected, start, until } from './kit.ts'
import type { Running } from './kit.ts'

const KEY = 'a key of the server API'

const bodyOf = (n: number): string => JSON.stringify({ channel: 'kept:a', data: { n } })

function requestOf(body: string, { path = '/api/publish', headers = [] as readonly string[], key = KEY } = {}): string {
  return [`POST ${path} HTTP/1.1`, 'Host: here', `X-API-Key: ${key}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
}

async function open({ port }: Running): Promise<{ socket: Socket, heard: () => string, statuses: () => string[] }> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  let text = ''
  socket.on('data', chunk => { text += chunk.toString() })
  socket.on('error', () => undefined)
  return { socket, heard: () => text, statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d+)/gu)].map(([, status]) => status ?? '') }
}

test('requests in one piece, in many, and behind one another are answered in their order', async () => {
  const running = await start({ httpApi: { key: KEY } })
  const { socket, heard } = await open(running)
  const all = Array.from({ length: 40 }, (_, n) => requestOf(bodyOf(n))).join('')
  const cuts = [0, 7, 150, 151, 900, 2_000, all.length]
  for (const [at, from] of cuts.slice(0, -1).entries()) {
    socket.write(all.slice(from, cuts[at + 1]))
    await new Promise(resolve => { setImmediate(resolve) })
  }
  await until(() => heard().split('"offset":').length === 41)
  expect([...heard().matchAll(/"offset":(\d+)/gu)].map(([, offset]) => Number(offset))).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
  socket.destroy()
})

test('a thousand requests in one write need no stack', async () => {
  const running = await start({ httpApi: { key: KEY } })
  const { socket, statuses } = await open(running)
  socket.write(Array.from({ length: 1_000 }, (_, n) => requestOf(bodyOf(n))).join(''))
  await until(() => statuses().length === 1_000)
  expect(new Set(statuses())).toEqual(new Set(['200']))
  socket.destroy()
})

test('a request behind one that takes its time is answered after it', async () => {
  const held = Promise.withResolvers<undefined>()
  const rpc = async (): Promise<{ data: string }> => {
    await held.promise
    return { data: 'late' }
  }
  const running = await start({ httpApi: { key: KEY, rpc } })
  const { socket, heard } = await open(running)
  socket.write(requestOf(JSON.stringify({ method: 'slow', params: {} }), { path: '/api/rpc' }) + requestOf(bodyOf(1)))
  await new Promise(resolve => { setImmediate(resolve) })
  socket.write(requestOf(JSON.stringify({}), { path: '/api/info' }))
  expect(heard()).toBe('')
  held.resolve(undefined)
  await until(() => heard().includes('"nodes"'))
  expect(heard()).toContain('late')
  expect(heard().indexOf('late')).toBeLessThan(heard().indexOf('"offset":1'))
  expect(heard().indexOf('"offset":1')).toBeLessThan(heard().indexOf('"nodes"'))
  socket.destroy()
})

test.each([
  ['a wrong key', requestOf(bodyOf(1), { key: 'wrong' }), '401'],
  ['an unknown method', requestOf(bodyOf(1), { path: '/api/nothing' }), '404'],
  ['no JSON', requestOf('{'), '400'],
  ['another verb', requestOf('').replace('POST', 'PUT'), '405'],
  ['no host', requestOf(bodyOf(1)).replace('Host: here\r\n', ''), '400'],
  ['a length twice', requestOf(bodyOf(1), { headers: ['Content-Length: 3'] }), '400'],
  ['a length and chunks', requestOf(bodyOf(1), { headers: ['Transfer-Encoding: chunked'] }), '400'],
  ['a folded field', requestOf(bodyOf(1), { headers: ['X-One: a', ' b'] }), '400'],
  ['a space before the colon', requestOf(bodyOf(1), { headers: ['X-One : a'] }), '400'],
  ['a bare line feed', requestOf(bodyOf(1), { headers: ['X-One: a\nX-Two: b'] }), '400'],
])('%s is the HTTP server\'s to judge', async (_, request, status) => {
  const running = await start({ httpApi: { key: KEY } })
  const { socket, statuses } = await open(running)
  socket.write(requestOf(bodyOf(0)) + request)
  await until(() => statuses().length === 2)
  expect(statuses()).toEqual(['200', status])
  socket.destroy()
})

test('clients connect through it, before and after requests on other connections', async () => {
  const running = await start({ httpApi: { key: KEY } })
  const { send, next } = await connected(running.url)
  send({ id: 2, subscribe: { channel: 'open:a' } })
  await next()
  const response = await fetch(`http://127.0.0.1:${running.port}/api/publish`, {
    method: 'POST', headers: { 'x-api-key': KEY }, body: JSON.stringify({ channel: 'open:a', data: 'grüß dich' }),
  })
  expect(await response.json()).toEqual({ result: {} })
  expect(JSON.stringify(await next())).toContain('grüß dich')
})

test('an idle connection ends with the engine, and who half-closes still gets the answer', async () => {
  const running = await start({ httpApi: { key: KEY } })
  const [idle, half] = [await open(running), await open(running)]
  idle.socket.write(requestOf(bodyOf(1)))
  half.socket.end(requestOf(bodyOf(2)))
  await until(() => idle.statuses().length + half.statuses().length === 2)
  await until(() => half.socket.closed)
  const closed = once(idle.socket, 'close')
  await running.engine.close()
  await closed
})

test('only what is beyond doubt is read here', () => {
  const answer = (): void => undefined
  const known = { door: { prefix: '/api', methods: new Map([['/api/publish', answer]]), isAllowed: () => true }, upgrades: new Map() }
  const whole = readWhole(Buffer.from(requestOf('{}', { headers: ['Connection: Keep-Alive'] })), known)
  expect(whole?.head.headers).toMatchObject({ host: 'here', 'x-api-key': KEY })
  const odd = [
    requestOf('{}').slice(0, -1), requestOf('{}').replace('1.1', '1.0'), requestOf('{}', { headers: ['Connection: close'] }), requestOf('{}', { headers: ['Expect: 100-continue'] }),
    requestOf('{}').replace('Content-Length: 2', 'Content-Length: +2'), requestOf('{}', { path: '/api/publish?api_key=1' }), '\r\n'.concat(requestOf('{}')),
  ]
  for (const text of odd) expect(readWhole(Buffer.from(text), known)).toBeUndefined()
})
