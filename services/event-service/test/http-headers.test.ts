import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startService, type TestService } from './service.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('headers of requests and answers', () => {
  const lines: string[] = []
  let service: TestService
  let headers: { authorization: string }
  beforeAll(async () => {
    service = await startService({ logger: pino({ level: 'info' }, { write: line => { lines.push(line) } }) })
    headers = await service.bearer('owner@acme.example')
  })
  afterAll(() => service.stop())

  const publish = (): Promise<unknown> => service.app.inject({
    method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf('acme')}` },
    payload: { channel: 'tenant:acme:deployments', type: 'deployment_progress', data: { deploymentId: 'd-1', progress: 10 } },
  })
  const read = (etag?: string, url = '/v1/tenants/acme/deployments') => service.app.inject({ url, headers: { ...headers, ...etag !== undefined && { 'if-none-match': etag } } })

  it('tag a snapshot, say that it is the same, and send it again once something happened', async () => {
    await publish()
    const first = await read()
    const etag = String(first.headers['etag'])
    expect(etag).toMatch(/^"[\w-]{27}"$/)
    expect(first.headers['cache-control']).toBe('private, no-cache')
    const same = await read(`"other", W/${etag}`)
    expect([same.statusCode, same.body, same.headers['etag']]).toEqual([304, '', etag])
    await publish()
    const other = await read(etag)
    expect(other.statusCode).toBe(200)
    expect(other.headers['etag']).not.toBe(etag)
  })

  it('give no tag to what must not be kept, to what is written and to what failed', async () => {
    expect((await service.app.inject({ url: '/.well-known/jwks.json' })).headers['etag']).toBeUndefined()
    expect((await read(undefined, '/v1/tenants/globex/deployments')).headers['etag']).toBeUndefined()
    expect((await service.app.inject({ url: '/livez' })).headers['etag']).toBeUndefined()
  })

  it('let no one learn with a tag of somebody else what they may not read', async () => {
    const etag = String((await read()).headers['etag'])
    const answer = await service.app.inject({ url: '/v1/tenants/acme/deployments', headers: { ...await service.bearer('owner@globex.example'), 'if-none-match': etag } })
    expect(answer.statusCode).toBe(404)
  })

  it('go on with the caller\'s trace under a span of their own, and name it in the log', async () => {
    const given = `00-${TRACE}-00f067aa0ba902b7-01`
    const answer = await service.app.inject({ url: '/v1/session', headers: { ...headers, traceparent: given } })
    expect(answer.headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[\\da-f]{16}-01$`))
    expect(lines.some(line => line.includes(`"traceId":"${TRACE}"`))).toBe(true)
  })

  it('name the caller\'s tenant in the log, and the address of whoever is refused to sign in', async () => {
    const traceparent = `00-${TRACE.replace('4', '5')}-00f067aa0ba902b7-01`
    await service.app.inject({ url: '/v1/session', headers: { ...headers, traceparent } })
    expect(lines.findLast(line => line.includes(TRACE.replace('4', '5')))).toContain('"tenant":"acme"')
    await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email: 'owner@acme.example', password: 'wrong' }, remoteAddress: '203.0.113.7' })
    const line = lines.find(one => one.includes('sign-in refused'))
    expect(line).toContain('"address":"203.0.113.7"')
    expect(line).not.toContain('owner@acme.example')
  })

  it.each(['', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-${TRACE}-${'0'.repeat(16)}-01`, `01-${TRACE}-00f067aa0ba902b7-01`, `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`])('begin a trace of their own for %j', async traceparent => {
    const answer = await service.app.inject({ url: '/livez', headers: { traceparent } })
    expect(answer.headers['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/)
    expect(answer.headers['traceparent']).not.toContain(TRACE)
  })
})
