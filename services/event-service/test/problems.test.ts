import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { startService, type TestService } from './service.ts'

describe('problems', () => {
  let service: TestService
  let key: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    key = { authorization: `Bearer ${service.keyOf('acme')}` }
    await service.app.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(() => service.stop())

  type Answer = Awaited<ReturnType<TestService['app']['inject']>>
  const expectProblem = (answer: Answer, status: number, code: string): void => {
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({ type: 'about:blank', status, code, title: expect.any(String) as string, detail: expect.any(String) as string })
    expect(answer.body).not.toMatch(/node_modules|\bat \/|select |stack/i)
  }
  const publish = (payload: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: '/v1/events', headers: { ...key, ...headers }, payload })
  const valid = JSON.stringify({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'm' } })

  it.each(['/livez', '/openapi.json', '/'])('answer HEAD %s as GET without the body', async url => {
    const answer = await service.app.inject({ method: 'HEAD', url })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toBe('')
  })

  it.each([
    ['no address of ours', '/v1/nothing', 404, 'not_found'],
    ['no identity', '/v1/session', 401, 'unauthenticated'],
    ['an address that can\'t be read', '/v1/%zz', 400, 'invalid_request'],
    ['a missing portal', '/tenant/', 404, 'not_found'],
  ] as const)('tell %s', async (_name, url, status, code) => {
    expectProblem(await service.app.inject({ url }), status, code)
  })

  it.each([
    ['PUT', '/v1/events', 'POST'], ['GET', '/v1/events', 'POST'], ['PATCH', '/v1/session', 'DELETE, GET, HEAD, POST'], ['DELETE', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/v1/session/refresh', 'POST'], ['DELETE', '/v1/tenants/acme/instances', 'GET, HEAD'],
  ] as const)('tell %s %s which methods there are', async (method, url, allow) => {
    const answer = await service.app.inject({ method, url, headers: { 'content-type': 'text/plain' }, payload: 'not even JSON' })
    expectProblem(answer, 405, 'method_not_allowed')
    expect(answer.headers['allow']).toBe(allow)
  })

  it.each([
    ['cut off', '{"channel": '], ['empty', ''], ['plain text', 'hello'], ['two values', '{} {}'], ['a trailing comma', '{"a":1,}'], ['not a number', '{"a":NaN}'],
    ['a key that poisons prototypes', '{"channel":"x","__proto__":{"admin":true}}'],
    ['a nested one', '{"channel":"x","type":"y","data":{"a":{"__proto__":null}}}'],
    ['an escaped one', '{"\\u005f_proto__":{}}'],
    ['a constructor that poisons', '{"constructor":{"prototype":{"admin":true}}}'],
  ])('refuse JSON that is %s', async (_name, payload) => {
    expectProblem(await publish(payload), 400, 'invalid_json')
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it.each([['arrays', '[', ']', 400_000], ['objects', '{"a":', '}', 150_000]])('survive deeply nested %s', async (_name, open, close, depth) => {
    const bomb = `${open.repeat(depth)}1${close.repeat(depth)}`
    expectProblem(await publish(bomb), 400, 'invalid_request')
    expectProblem(await publish(`{"channel":"tenant:acme:alerts","type":"alert","data":{"severity":"info","message":"m","x":${bomb}}}`), 400, 'invalid_request')
    expectProblem(await publish(`{"channel":"tenant:acme:alerts","type":"alert","data":{"severity":"info","message":${bomb}}}`), 400, 'invalid_request')
    expect((await service.app.inject('/livez')).statusCode).toBe(200)
  })

  it.each([['null', 'null'], ['a number', '1'], ['an array', '[]'], ['a string', '"x"']])('name the path when the body is %s', async (_name, payload) => {
    const answer = await publish(payload)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.json()).toMatchObject({ errors: [{ path: expect.any(String) as string }] })
  })

  it('name the path of each fault', async () => {
    const answer = await publish(JSON.stringify({ ...JSON.parse(valid) as object, extra: 1, type: 5 }))
    expect(answer.json<{ errors: { path: string }[] }>().errors.map(fault => fault.path).sort()).toEqual(['extra', 'type'])
  })

  it.each([
    'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'text/json', 'application/jsonx', 'application/json-patch+json',
    'application', '/', 'application/json, text/html', '*/*', 'x'.repeat(300),
  ])('refuse the media type %s', async type => {
    expectProblem(await publish(valid, { 'content-type': type }), 415, 'unsupported_media_type')
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8'])('accept the media type %s', async type => {
    expect((await publish(valid, { 'content-type': type })).statusCode).toBe(201)
  })

  it('refuse a body over a mebibyte', async () => {
    expectProblem(await publish(`{"x":"${'x'.repeat(1_048_576)}"}`), 413, 'payload_too_large')
  })

  it('carry a request id that a caller may choose but not abuse', async () => {
    const idFor = async (given: string): Promise<unknown> => (await service.app.inject({ url: '/livez', headers: { 'x-request-id': given } })).headers['x-request-id']
    expect(await idFor('abc-1.2_3')).toBe('abc-1.2_3')
    for (const bad of ['', 'a b', 'x'.repeat(65), '<script>', 'a\tb']) expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('hide what went wrong inside behind a request id', async () => {
    await service.app.inject({ url: '/v1/session', headers: key })
    const database: { -readonly [K in keyof Database]: Database[K] } = service.database
    const { inTenant } = database
    database.inTenant = () => Promise.reject(new Error('select secret from stack'))
    const answer = await service.app.inject({ url: '/v1/session', headers: { ...key, 'x-request-id': 'r-1' } })
    database.inTenant = inTenant
    expectProblem(answer, 500, 'internal')
    expect(answer.json()).toMatchObject({ requestId: 'r-1' })
    expect(answer.body).not.toContain('secret')
  })

  const raw = async (text: string): Promise<string> => {
    const socket = connect((service.app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(text)
    let answer = ''
    socket.on('data', chunk => { answer += String(chunk) })
    socket.on('error', () => undefined)
    await once(socket, 'close')
    return answer
  }

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a length and chunks', 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['too long headers', `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a line break in a header', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n', 400],
  ])('answer %s with one too, and go on', async (_name, text, status) => {
    const answer = await raw(text)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('Content-Type: application/problem+json')
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status })
    expect((await service.app.inject('/livez')).statusCode).toBe(200)
  })

  it('give slow peers ten seconds for headers and thirty for the request', () => {
    expect(service.app.server.headersTimeout).toBe(10_000)
    expect(service.app.server.requestTimeout).toBe(30_000)
  })
})
