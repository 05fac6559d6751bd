import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Envelope } from '@neo-stack/events'
import { openOtlpTracer } from '../src/tracing/otlp.ts'
import type { Tracer } from '../src/tracing/tracer.ts'
import { createSilentRealtime, startService, type TestService } from './service.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const GIVEN = `00-${TRACE}-00f067aa0ba902b7-01`
const channel = 'tenant:acme:alerts'

interface SentSpan { traceId: string, spanId: string, parentSpanId?: string, name: string, kind: number, attributes: { key: string, value: { stringValue?: string, intValue?: number | string } }[], links?: { spanId: string }[], status?: { code?: number } }

/** A collector as it stands behind an address: OTLP over HTTP, JSON. */
async function startCollector(): Promise<{ url: string, spans: SentSpan[], resources: unknown[], server: Server }> {
  const [spans, resources]: [SentSpan[], unknown[]] = [[], []]
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => { body += String(chunk) }).on('end', () => {
      if (request.url === '/v1/traces' && request.method === 'POST') {
        const sent = JSON.parse(body) as { resourceSpans: { resource: unknown, scopeSpans: { spans: SentSpan[] }[] }[] }
        for (const { resource, scopeSpans } of sent.resourceSpans) {
          resources.push(resource)
          spans.push(...scopeSpans.flatMap(scope => scope.spans))
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, resources, server }
}

const publishTo = (service: TestService, headers: Record<string, string> = {}, message = 'One') => service.app.inject({
  method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf('acme')}`, ...headers }, payload: { channel, type: 'alert', data: { severity: 'info', message } },
})

async function newest(service: TestService): Promise<Envelope | undefined> {
  const answer = await service.app.inject({ url: `/v1/history?channel=${channel}&limit=1`, headers: await service.bearer('owner@acme.example') })
  return answer.json<{ events: Envelope[] }>().events.at(-1)
}

describe('a publish', () => {
  let service: TestService
  const delivered: Envelope[] = []
  beforeAll(async () => {
    service = await startService({ realtime: { ...createSilentRealtime(), deliver: events => { delivered.push(...events.filter(event => event.channel === channel)); return Promise.resolve() } } })
  })
  afterAll(() => service.stop())

  it('passes its caller\'s trace on to readers of the log and of the socket', async () => {
    const answer = await publishTo(service, { traceparent: GIVEN })
    const traceparent = answer.headers['traceparent']
    expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-`))
    expect(await newest(service)).toMatchObject({ traceparent })
    expect(delivered.at(-1)).toMatchObject({ traceparent })
  })

  it('without one names none', async () => {
    await publishTo(service)
    expect(await newest(service)).not.toHaveProperty('traceparent')
    expect(delivered.at(-1)).not.toHaveProperty('traceparent')
  })

  it('keeps apart the traces of those that are committed together', async () => {
    const traces = Array.from({ length: 8 }, (_, n) => `${String(n + 1).repeat(32)}`)
    await Promise.all(traces.map(trace => publishTo(service, { traceparent: `00-${trace}-00f067aa0ba902b7-00` }, trace)))
    const own = delivered.filter(event => traces.includes(String(event.data['message'])))
    expect(own.map(event => event.traceparent?.slice(3, 35))).toEqual(own.map(event => event.data['message']))
    expect(own).toHaveLength(8)
  })
})

describe('with a collector', () => {
  let collector: Awaited<ReturnType<typeof startCollector>>
  let tracer: Tracer
  let service: TestService
  beforeAll(async () => {
    collector = await startCollector()
    tracer = await openOtlpTracer({ url: collector.url, service: 'neo-test', everyMs: 50 })
    service = await startService({ tracer })
  })
  afterAll(async () => {
    await service?.stop()
    await tracer?.close()
    collector?.server.close()
  })

  it('a request, its publish, its commit and its delivery are spans of its caller\'s trace, each within the one before', async () => {
    const answer = await publishTo(service, { traceparent: GIVEN })
    expect(answer.statusCode).toBe(201)
    const named = (name: string): SentSpan | undefined => collector.spans.find(span => span.traceId === TRACE && span.name === name)
    await expect.poll(() => ['POST /v1/events', 'publish', 'commit', 'deliver'].map(name => named(name)?.name), { timeout: 10_000 }).toEqual(['POST /v1/events', 'publish', 'commit', 'deliver'])
    const [request, publish, commit, deliver] = ['POST /v1/events', 'publish', 'commit', 'deliver'].map(named)
    expect([request, publish, commit, deliver].map(span => span?.parentSpanId)).toEqual(['00f067aa0ba902b7', request?.spanId, publish?.spanId, commit?.spanId])
    expect([request, publish, commit, deliver].map(span => span?.kind)).toEqual([2, 1, 1, 4])
    expect(answer.headers['traceparent']).toBe(`00-${TRACE}-${request?.spanId ?? ''}-01`)
    expect(await newest(service)).toMatchObject({ traceparent: `00-${TRACE}-${publish?.spanId ?? ''}-01` })
    expect(publish?.attributes).toContainEqual({ key: 'neo.tenant', value: { stringValue: 'acme' } })
    expect(JSON.stringify(collector.resources)).toContain('neo-test')
    // Nothing of what was sent: neither the key nor the message.
    expect(JSON.stringify(collector.spans)).not.toMatch(/neo_|"One"/)
  })

  it('a request of nobody\'s trace begins one, and what a caller does not sample is not sent', async () => {
    const answer = await publishTo(service)
    const own = String(answer.headers['traceparent']).slice(3, 35)
    const silent = 'a'.repeat(32)
    await publishTo(service, { traceparent: `00-${silent}-00f067aa0ba902b7-00` })
    await publishTo(service, { traceparent: `00-${'b'.repeat(32)}-00f067aa0ba902b7-01` })
    await expect.poll(() => collector.spans.some(span => span.traceId === 'b'.repeat(32) && span.name === 'deliver'), { timeout: 10_000 }).toBe(true)
    expect(collector.spans.some(span => span.traceId === own)).toBe(true)
    expect(collector.spans.some(span => span.traceId === silent)).toBe(false)
  })

  it('probes are no spans, and failures are marked', async () => {
    await service.app.inject({ url: '/livez' })
    const refused = await publishTo(service, { 'traceparent': `00-${'c'.repeat(32)}-00f067aa0ba902b7-01`, 'authorization': 'Bearer nothing' })
    expect(refused.statusCode).toBe(401)
    await expect.poll(() => collector.spans.find(span => span.traceId === 'c'.repeat(32))?.name, { timeout: 10_000 }).toBe('POST /v1/events')
    expect(collector.spans.some(({ name }) => name.includes('livez'))).toBe(false)
  })
})

describe('without its collector', () => {
  it('the service answers as before', async () => {
    const tracer = await openOtlpTracer({ url: 'http://127.0.0.1:9', everyMs: 10, timeoutMs: 100 })
    const service = await startService({ tracer })
    for (let n = 0; n < 5; n++) expect((await publishTo(service)).statusCode).toBe(201)
    await service.stop()
    await tracer.close()
  })
})
