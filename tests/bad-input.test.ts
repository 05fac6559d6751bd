/**
 * Bad input at each route: a problem with the path of the fault, and a platform that goes on as if nothing had been asked. The
 * first table is made from `/openapi.json`, so a new route is tested without a word here; the second one is written by hand.
 */

import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatChannel, problemSchema, type Envelope, type Problem } from '@neo-stack/events'
import { openRawSocket, until, type TestPlatform } from '@neo-stack/testing'
import { isScaleOut, startColumn } from './column.ts'

interface Schema { type?: string | string[], properties?: Record<string, Schema>, required?: string[], anyOf?: Schema[] }
interface Operation { parameters?: { in: string, name: string, required?: boolean, schema?: Schema }[], requestBody?: { content: Record<string, { schema: Schema }> } }
interface Route { method: string, path: string, operation: Operation, body: Schema | undefined }

let platform: TestPlatform
let routes: Route[]
let accessToken: string
const bystander: Envelope[] = []
const channel = formatChannel('alerts', { tenantId: 'acme' })
const faults: unknown[] = []

beforeAll(async () => {
  platform = await startColumn({ onFault: fault => { faults.push(fault) } })
  const owner = await platform.client('owner')
  accessToken = String(await owner.session.getAccessToken())
  const feed = owner.feeds.events(channel, { onSnapshot: () => undefined, onEvent: event => { bystander.push(event) } })
  feed.start()
  await until(() => feed.status.state === 'live')
  const { paths } = await (await fetch(`${platform.url}/openapi.json`)).json() as { paths: Record<string, Record<string, Operation>> }
  routes = Object.entries(paths).flatMap(([path, operations]) => Object.entries(operations).map(([method, operation]) => ({
    method: method.toUpperCase(), operation, body: takesNothing(method, path) ? undefined : operation.requestBody?.content['application/json']?.schema,
    path: path.replace('{tenantId}', 'acme').replace('{deploymentId}', 'some-deployment').replace('{connectionId}', 'some-tab').replaceAll(/\{\w+\}/g, '018f0000-0000-7000-8000-000000000001'),
  })))
})
afterAll(async () => { await platform?.stop() })

/** Refresh and sign-out take an empty body too, and would end the session that asks. */
const takesNothing = (method: string, path: string): boolean => path === '/v1/session/refresh' || (method === 'delete' && path === '/v1/session')

interface Ask { method: string, path: string, body?: string | Uint8Array, type?: string | undefined, token?: string | undefined }
interface Expected { status: number, code: string, paths?: string[] }
interface Answer { status: number, problem: Problem, text: string }

async function ask({ method, path, body, type = 'application/json', token = accessToken }: Ask): Promise<Answer> {
  const response = await fetch(platform.url + path, {
    method, headers: { authorization: `Bearer ${token}`, ...body !== undefined && { 'content-type': type } }, ...body !== undefined && { body: body as string },
  })
  const text = await response.text()
  const what = `${method} ${path} ${String(body).slice(0, 100)} → ${response.status} ${text.slice(0, 300)}`
  expect(response.headers.get('content-type'), what).toMatch(/^application\/problem\+json/)
  const problem = problemSchema.parse(JSON.parse(text))
  expect(problem.status, what).toBe(response.status)
  expect(text, what).not.toMatch(/node_modules|\.ts:\d|\bat [\w.]+ \(|insert into|select "|violates|syntax error at/i)
  return { status: response.status, problem, text }
}

/** The platform lives, and who is there keeps receiving. */
async function expectAlive(): Promise<void> {
  const { id } = await platform.service('acme').rest.events.publish({ channel, type: 'alert', data: { severity: 'info', message: 'Still here' } })
  await until(() => bystander.some(event => event.id === id), { what: 'the bystander to receive' })
  expect(faults).toEqual([])
}

const pathsOf = ({ problem }: Answer): string[] => (problem.errors ?? []).map(({ path }) => path)

/** A value that is of none of the schema's types. */
function wrongFor({ type, anyOf }: Schema): unknown {
  const types = [type, ...anyOf?.map(one => one.type) ?? []].flat()
  return types.includes('object') ? 'text' : { is: 'an object' }
}

describe('each route of /openapi.json', () => {
  const withBody = (): Route[] => routes.filter(({ body }) => body)

  test('is in the tables below at all', () => {
    expect(routes.length).toBeGreaterThan(18)
    expect(withBody().length).toBeGreaterThan(7)
  })

  test('answers 400 to what is no JSON', async () => {
    for (const route of withBody()) {
      for (const body of ['{"half":', '', '{"a":1}}', '\u0000', '{"a":NaN}', '{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}']) {
        const { status, problem } = await ask({ ...route, body })
        expect([status, route.path, body, problem.code]).toEqual([400, route.path, body, expect.stringMatching(/^invalid_(json|request)$/)])
      }
    }
    await expectAlive()
  })

  test('answers 400 to JSON that is no object, and to nesting without an end', async () => {
    for (const route of withBody()) {
      for (const body of ['null', '[]', '"text"', '1', 'true', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, `{"data":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`]) {
        expect([(await ask({ ...route, body })).status, route.path, body.slice(0, 40)]).toEqual([400, route.path, body.slice(0, 40)])
      }
    }
    await expectAlive()
  })

  test('answers 415 to another media type', async () => {
    for (const route of withBody()) {
      for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        const { status, problem } = await ask({ ...route, body: '{}', type })
        expect([status, problem.code, route.path, type]).toEqual([415, 'unsupported_media_type', route.path, type])
      }
    }
  })

  test('answers 413 to a body beyond the limit', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(1_100_000) })
    for (const route of withBody()) {
      const { status, problem } = await ask({ ...route, body })
      expect([status, problem.code, route.path]).toEqual([413, 'payload_too_large', route.path])
    }
    await expectAlive()
  })

  test('names each required field that is missing', async () => {
    for (const route of withBody()) {
      for (const name of route.body?.required ?? []) {
        const given = Object.fromEntries((route.body?.required ?? []).filter(other => other !== name).map(other => [other, 'x']))
        const answer = await ask({ ...route, body: JSON.stringify(given) })
        expect([answer.status, route.path, pathsOf(answer)]).toEqual([400, route.path, expect.arrayContaining([name])])
      }
    }
  })

  test('names each field of a wrong type', async () => {
    for (const route of withBody()) {
      for (const [name, schema] of Object.entries(route.body?.properties ?? {})) {
        const answer = await ask({ ...route, body: JSON.stringify({ [name]: wrongFor(schema) }) })
        expect([answer.status, route.path, pathsOf(answer)]).toEqual([400, route.path, expect.arrayContaining([expect.stringMatching(new RegExp(`^${name}\\b`))])])
      }
    }
  })

  test('names a field that nobody asked for', async () => {
    for (const route of withBody()) {
      const answer = await ask({ ...route, body: JSON.stringify({ nobodyAsked: 1 }) })
      expect(answer.status, route.path).toBe(400)
      if (route.body?.properties) expect(pathsOf(answer), route.path).toContain('nobodyAsked')
    }
  })

  test('names a query parameter that is wrong or unknown', async () => {
    for (const { method, path, operation } of routes) {
      const parameters = (operation.parameters ?? []).filter(parameter => parameter.in === 'query')
      const base = parameters.some(({ name }) => name === 'channel') ? `${path}?channel=${channel}&` : `${path}?`
      for (const { name } of parameters.filter(({ schema }) => schema?.type === 'integer')) {
        for (const value of ['x', '-1', '1.5', '1e400', '99999999999999999999', '%00']) {
          const answer = await ask({ method, path: `${base}${name}=${value}` })
          expect([answer.status, `${path}?${name}=${value}`, [...new Set(pathsOf(answer))]]).toEqual([400, `${path}?${name}=${value}`, [name]])
        }
      }
      if (parameters.length === 0) continue
      const answer = await ask({ method, path: `${base}nobodyAsked=1` })
      // Signing in at a provider is there only where the platform's address is known.
      const missing = parameters.filter(({ name, required }) => isScaleOut && required && !base.includes(`${name}=`)).map(({ name }) => name)
      expect([answer.status, path, pathsOf(answer).sort()]).toEqual([400, path, [...missing, 'nobodyAsked'].sort()])
    }
  })

  test('answers 400 or 404 to what is no identifier', async () => {
    // What is no address at all the gateway refuses by itself.
    const values = ['UPPER', '-hyphen', 'a'.repeat(64), '..%2f..%2fetc', '%27%20or%201=1--', '%F0%9F%8F%B4', '%E2%80%8B', '__proto__', 'constructor', ...isScaleOut ? [] : ['%00', '%']]
    // What only operators may ask for is 403 before anything is read of the address.
    for (const { method, path, body } of routes.filter(route => /acme|some-deployment/.test(route.path) && !route.path.startsWith('/v1/admin/'))) {
      for (const value of values) {
        for (const asked of [path.replace('acme', value), path.replace('some-deployment', value)].filter(one => one !== path)) {
          const { status } = await ask({ method, path: asked, ...body && { body: '{}' } })
          expect([[400, 404].includes(status), status, method, asked]).toEqual([true, status, method, asked])
        }
      }
    }
    await expectAlive()
  })

  test('answers 405 with Allow to another method, and 404 to an address that is none', async () => {
    for (const path of new Set(routes.map(route => route.path))) {
      const answered = routes.filter(route => route.path === path).map(({ method }) => method)
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(one => !answered.includes(one))) {
        const response = await fetch(platform.url + path, { method })
        expect([response.status, method, path]).toEqual([405, method, path])
        expect(response.headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(answered))
      }
    }
    expect((await ask({ method: 'GET', path: '/v1/nothing' })).status).toBe(404)
  })

  test('answers 401 to a bearer that is none', async () => {
    for (const token of ['', 'x', 'a.b.c', 'neo_nothing', 'x'.repeat(5000)]) {
      for (const { method, path } of routes.filter(route => route.method === 'GET')) {
        const query = path === '/v1/history' ? `?channel=${channel}` : ''
        expect([(await ask({ method, path: path + query, token })).status, path]).toEqual([401, path])
      }
    }
  })
})

describe('what the schema alone does not say', () => {
  const event = (data: object, more: object = {}): object => ({ channel, type: 'alert', data, ...more })
  const progress = (data: object): object => ({ channel: 'tenant:acme:deployments', type: 'deployment_progress', data: { deploymentId: 'bad-input', progress: 1, ...data } })
  const good = { severity: 'info', message: 'Good' }
  const usage = { resource: 'disk', used: 60, limit: 100, period: '2026-11' }
  const sample = { cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 }

  test.each<[string, string, object, Expected]>([
    ['a channel of no known form', '/v1/events', event(good, { channel: 'tenant:acme' }), { status: 400, code: 'unknown_channel', paths: ['channel'] }],
    ['a channel with a trailing part', '/v1/events', event(good, { channel: `${channel}:x` }), { status: 400, code: 'unknown_channel', paths: ['channel'] }],
    ['a channel with a look-alike letter', '/v1/events', event(good, { channel: 'tenant:аcme:alerts' }), { status: 400, code: 'unknown_channel', paths: ['channel'] }],
    ['a channel with a line break', '/v1/events', event(good, { channel: `${channel}\n` }), { status: 400, code: 'unknown_channel', paths: ['channel'] }],
    ['an event type that does not exist', '/v1/events', event(good, { type: 'nothing' }), { status: 400, code: 'unknown_event_type', paths: ['type'] }],
    ['an event type named like a member of every object', '/v1/events', event(good, { type: 'constructor' }), { status: 400, code: 'unknown_event_type', paths: ['type'] }],
    ['an event type of another channel', '/v1/events', event(good, { type: 'deployment_start' }), { status: 400, code: 'unknown_event_type', paths: ['type'] }],
    ['a missing field of data', '/v1/events', event({ severity: 'info' }), { status: 400, code: 'invalid_request', paths: ['data.message'] }],
    ['a value outside of its list', '/v1/events', event({ ...good, severity: 'grave' }), { status: 400, code: 'invalid_request', paths: ['data.severity'] }],
    ['an extra field of data', '/v1/events', event({ ...good, extra: 1 }), { status: 400, code: 'invalid_request', paths: ['data.extra'] }],
    ['another tenant inside data', '/v1/events', event({ ...good, tenantId: 'globex' }), { status: 400, code: 'invalid_request', paths: ['data.tenantId'] }],
    ['another type inside data', '/v1/events', event({ ...good, type: 'billing_invoice' }), { status: 400, code: 'invalid_request', paths: ['data.type'] }],
    ['a percentage above 100', '/v1/events', progress({ progress: 101 }), { status: 400, code: 'invalid_request', paths: ['data.progress'] }],
    ['an address that is none', '/v1/events', progress({ nextSteps: [{ id: 'open', url: 'no address' }] }), { status: 400, code: 'invalid_request', paths: ['data.nextSteps.0.url'] }],
    ['a log line beyond its length', '/v1/events', progress({ logs: ['x'.repeat(16_385)] }), { status: 400, code: 'invalid_request', paths: ['data.logs.0'] }],
    ['an idempotency key beyond its length', '/v1/events', event(good, { idempotencyKey: 'x'.repeat(201) }), { status: 400, code: 'invalid_request', paths: ['idempotencyKey'] }],
    ['the path inside a batch', '/v1/events/batch', { events: [event(good), event({ severity: 'info' })] }, { status: 400, code: 'invalid_request', paths: ['events.1.data.message'] }],
    ['a batch of two tenants', '/v1/events/batch', { events: [event(good), event(good, { channel: 'tenant:globex:alerts' })] }, { status: 404, code: 'not_found' }],
    ['an empty batch', '/v1/events/batch', { events: [] }, { status: 400, code: 'invalid_request', paths: ['events'] }],
    ['a batch beyond its size', '/v1/events/batch', { events: Array.from({ length: 1001 }, () => event(good)) }, { status: 400, code: 'invalid_request', paths: ['events'] }],
    ['an instance type that does not exist', '/v1/tenants/acme/deployments', { instanceType: 'wordpress' }, { status: 400, code: 'invalid_request', paths: ['instanceType'] }],
    ['an instance\'s identifier with a space', '/v1/tenants/acme/deployments', { instanceType: 'odoo', instanceId: 'my erp' }, { status: 400, code: 'invalid_request', paths: ['instanceId'] }],
    ['a name of blanks', '/v1/tenants/acme/deployments', { instanceType: 'odoo', name: '   ' }, { status: 400, code: 'invalid_request', paths: ['name'] }],
    ['metrics beyond a percentage', '/v1/tenants/acme/metrics', { ...sample, cpu: 101 }, { status: 400, code: 'invalid_request' }],
    ['metrics with half a sample', '/v1/tenants/acme/metrics', { cpu: 1 }, { status: 400, code: 'invalid_request' }],
    ['usage of a resource with a NUL in its name', '/v1/tenants/acme/usage', { ...usage, resource: 'disk\0' }, { status: 400, code: 'invalid_request', paths: ['resource'] }],
    ['usage of a period with half a character', '/v1/tenants/acme/usage', { ...usage, period: '2026-11\ud800' }, { status: 400, code: 'invalid_request', paths: ['period'] }],
    ['an alert to nobody', '/v1/alerts', { tenantId: 'nobody', ...good }, { status: 404, code: 'not_found' }],
    ['too many channels', '/v1/realtime/subscription-tokens', { channels: Array.from({ length: 101 }, () => channel) }, { status: 400, code: 'invalid_request', paths: ['channels'] }],
    ['lines for a deployment that does not exist', '/v1/tenants/acme/deployments/no-such/logs', { lines: ['x'] }, { status: 404, code: 'not_found' }],
  ])('%s', async (_name, path, body, expected) => {
    const answer = await ask({ method: 'POST', path, body: JSON.stringify(body), token: platform.keys['acme'] })
    expect({ status: answer.status, code: answer.problem.code, ...expected.paths && { paths: pathsOf(answer) } }).toEqual(expected)
  })

  test.each<[string, string, string, string[]]>([
    ['after and before at once', 'GET', `/v1/history?channel=${channel}&after=1&before=5`, ['before']],
    ['a time that is none', 'GET', `/v1/history?channel=${channel}&from=yesterday`, ['from']],
    ['no channel', 'GET', '/v1/history', ['channel']],
    ['a status that does not exist', 'GET', '/v1/tenants/acme/deployments?status=exploded', ['status']],
    ['a limit of nothing', 'GET', '/v1/tenants/acme/deployments?limit=0', ['limit']],
    ['a cursor that we did not make', 'GET', '/v1/tenants/acme/deployments?cursor=forged', ['cursor']],
    ['a search for everything', 'GET', '/v1/tenants/acme/deployments/some-deployment/logs?grep=', ['grep']],
  ])('%s', async (_name, method, path, paths) => {
    const answer = await ask({ method, path })
    expect([answer.status, pathsOf(answer)]).toEqual([400, paths])
  })

  // PostgreSQL stores no NUL, and half a character is none: they become U+FFFD, everything else is kept exactly.
  test.each(['\u0000', 'a\u0000b', '\ud800', 'a\udc00b', '\u2028', '\u202e', '\ufeff', '𝕏', '\u001b[31m'])('text with %j is stored as far as it is text', async text => {
    const response = await fetch(`${platform.url}/v1/events`, {
      method: 'POST', headers: { 'authorization': `Bearer ${platform.keys['acme']}`, 'content-type': 'application/json' }, body: JSON.stringify(event({ severity: 'info', message: `x${text}` })),
    })
    expect(response.status).toBe(201)
    const stored = `x${text}`.replaceAll('\0', '\ufffd').toWellFormed()
    const { seq } = await response.json() as { seq: number }
    const { events } = await platform.service('acme').rest.events.history({ channel, after: seq - 1, limit: 1 })
    expect(events[0]?.data['message']).toBe(stored)
    await until(() => bystander.some(one => one.seq === seq && one.data['message'] === stored))
  })

  test('lines that leave a hole are answered 409 with the last line that is known', async () => {
    const { rest } = platform.service('acme')
    await rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: 'gap', instanceType: 'odoo' } })
    await rest.logs.append({ tenantId: 'acme', deploymentId: 'gap' }, { lines: ['one', 'two'] })
    const answer = await ask({ method: 'POST', path: '/v1/tenants/acme/deployments/gap/logs', body: JSON.stringify({ lines: ['x'], from: 9 }), token: platform.keys['acme'] })
    expect(answer.problem).toMatchObject({ status: 409, code: 'log_gap', last: 2 })
  })

  test('what goes on after a deployment\'s end is answered 409', async () => {
    const { rest } = platform.service('acme')
    const deployments = 'tenant:acme:deployments'
    await rest.events.publish({ channel: deployments, type: 'deployment_error', data: { deploymentId: 'over', error: 'Over.' } })
    const answer = await ask({ method: 'POST', path: '/v1/events', body: JSON.stringify({ channel: deployments, type: 'deployment_progress', data: { deploymentId: 'over', progress: 50 } }), token: platform.keys['acme'] })
    expect(answer.problem).toMatchObject({ status: 409, code: 'deployment_finished' })
    expect((await ask({ method: 'POST', path: '/v1/tenants/acme/deployments/over/cancel' })).problem).toMatchObject({ status: 409, code: 'deployment_finished' })
  })

  test('what is no HTTP is answered 400 and cut off', async () => {
    const { port } = new URL(platform.url)
    for (const text of ['\r\n\r\nGARBAGE\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', '\u0016\u0003\u0001\u0002\u0000']) {
      const socket = connect(Number(port), '127.0.0.1')
      let answer = ''
      let isClosed = false
      socket.on('data', chunk => { answer += String(chunk) }).on('error', () => undefined).on('close', () => { isClosed = true })
      socket.write(text)
      await until(() => isClosed, { what: () => `an end after ${JSON.stringify(text.slice(0, 40))}: ${answer}` })
      expect(answer).toMatch(/^(HTTP\/1\.1 (4\d\d|505)|$)/)
    }
    await expectAlive()
  })

  test('what is no command on a socket ends that socket alone', async () => {
    const { token } = await platform.service('acme').rest.realtime.connectionToken()
    for (const text of ['{', 'null', '[]', '"x"', '{"id":1}', '{"id":1,"connect":null}', '{"id":-1,"connect":{}}', `{"id":1,"connect":{"token":"${'x'.repeat(70_000)}"}}`, '{"id":1,"__proto__":{}}', '\u0000']) {
      const socket = await openRawSocket(platform.url)
      socket.send(text)
      await until(() => socket.closed, { what: () => `an end after ${text.slice(0, 40)}` })
      expect(socket.closed?.code, text.slice(0, 40)).toBeGreaterThanOrEqual(1000)
      const next = await openRawSocket(platform.url)
      expect(await next.ask({ connect: { token } })).toHaveProperty('connect')
      next.send(text === 'null' ? '{"id":7}' : text)
      await until(() => next.closed, { what: () => `an end after ${text.slice(0, 40)} on a connected socket` })
    }
    await expectAlive()
  })
})
