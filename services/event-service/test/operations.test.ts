import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { metricsReference } from '../src/metering/reference.ts'
import { startService, type TestService } from './service.ts'

const token = 'metrics-token-metrics-token'
const html = { accept: 'text/html,application/xhtml+xml' }
const script = 'let a = 1'
const hash = `'sha256-${createHash('sha256').update(script).digest('base64')}'`

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('operations', () => {
  let service: TestService
  let folder: string
  let isDown = false
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portal-'))
    await mkdir(path.join(folder, '_nuxt'))
    await writeFile(path.join(folder, 'index.html'), `<!doctype html><title>T</title><script>${script}</script><script type="module" src="/tenant/_nuxt/a.js"></script>`)
    await writeFile(path.join(folder, '200.html'), `<!doctype html><title>Fallback</title><script>${script}</script>`)
    await writeFile(path.join(folder, '_nuxt', 'a.js'), 'let b = 2')
    await writeFile(path.join(folder, '_nuxt', 'a.js.gz'), 'compressed')
    service = await startService({ metricsToken: token, portals: { tenant: folder, admin: folder } })
    const { ping } = service.database
    const database: { -readonly [K in keyof Database]: Database[K] } = service.database
    database.ping = () => isDown ? Promise.reject(new Error('down')) : ping()
  })
  afterAll(async () => {
    await service.stop()
    await rm(folder, { recursive: true })
  })

  const get = (url: string, headers: Record<string, string> = {}, remoteAddress = '127.0.0.1'): Promise<Answer> =>
    service.app.inject({ url, headers, remoteAddress })

  describe('health', () => {
    it('is alive and ready, and says its parts', async () => {
      expect((await get('/livez')).json()).toEqual({ status: 'ok' })
      expect((await get('/readyz')).json()).toEqual({ status: 'ok', parts: { database: 'ok', draining: false } })
      expect((await get('/version')).json()).toEqual({ version: '0.1.0', node: process.versions.node })
    })

    it('is alive but not ready without its database', async () => {
      isDown = true
      const [ready, live] = await Promise.all([get('/readyz'), get('/livez')])
      isDown = false
      expect(ready.statusCode).toBe(503)
      expect(ready.json()).toMatchObject({ status: 'unavailable', parts: { database: 'unreachable' } })
      expect(live.statusCode).toBe(200)
    })
  })

  describe('metrics', () => {
    it.each([
      ['loopback', {}, '127.0.0.1', 200], ['loopback by another name', {}, '127.8.8.8', 200], ['IPv6 loopback', {}, '::1', 200], ['mapped loopback', {}, '::ffff:127.0.0.1', 200],
      ['elsewhere', {}, '10.0.0.1', 404], ['elsewhere with the bearer', { authorization: `Bearer ${token}` }, '10.0.0.1', 200],
      ['elsewhere with another bearer', { authorization: 'Bearer metrics-token' }, '10.0.0.1', 404],
      ['a proxy on this host', { 'x-forwarded-for': '10.0.0.1' }, '127.0.0.1', 404], ['a proxy with an empty header', { 'x-forwarded-for': '' }, '127.0.0.1', 404],
      ['a proxy by the standard header', { forwarded: 'for=10.0.0.1' }, '127.0.0.1', 404],
      ['a proxy with the bearer', { 'x-forwarded-for': '10.0.0.1', 'authorization': `Bearer ${token}` }, '127.0.0.1', 200],
      ['somebody who claims to be loopback', { 'x-forwarded-for': '127.0.0.1' }, '10.0.0.1', 404],
      ['a network that begins like loopback', {}, '127.evil', 404],
    ] as const)('answer %s as they should', async (_name, headers, address, status) => {
      expect((await get('/metrics', headers, address)).statusCode).toBe(status)
    })

    it('hold everything the reference names, and Node\'s own', async () => {
      const { body } = await get('/metrics')
      for (const { name, type, help } of metricsReference) {
        expect(body).toContain(`# HELP ${name} ${help}`)
        expect(body).toContain(`# TYPE ${name} ${type}`)
      }
      expect(body).toContain('nodejs_eventloop_lag_seconds')
      expect(body).toContain('active_connections 3')
      expect(body).toContain('active_channels 5')
    })

    it('count events by family and type, requests by route, and name no channel and no tenant', async () => {
      const payload = { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'm' } }
      await service.app.inject({ method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload })
      await get('/v1/tenants/acme/instances')
      const { body } = await get('/metrics')
      expect(body).toContain('events_published_total{family="alerts",type="alert"} 1')
      expect(body).toContain('event_publish_duration_seconds_count 1')
      expect(body).toContain('route="/v1/tenants/:tenantId/instances",status="401"')
      expect(body).not.toMatch(/acme|tenant:/)
    })

    it('belong to one service: another one counts for itself', async () => {
      const other = await startService()
      await other.app.inject('/livez')
      expect((await other.app.inject('/metrics')).body).not.toMatch(/^events_published_total\{.*\} [1-9]/m)
      await other.stop()
    })
  })

  describe('the description', () => {
    interface Document { openapi: string, paths: Record<string, Record<string, { summary?: string, responses: Record<string, { content?: Record<string, unknown> }> }>> }

    it('is OpenAPI 3.1 and knows every /v1 route, each with a summary and problems', async () => {
      const document = (await get('/openapi.json')).json<Document>()
      expect(document.openapi).toBe('3.1.0')
      const described = Object.entries(document.paths).flatMap(([route, operations]) => Object.keys(operations).map(method => `${method.toUpperCase()} ${route}`))
      expect(described).toEqual(expect.arrayContaining([
        'POST /v1/session', 'GET /v1/session', 'DELETE /v1/session', 'POST /v1/session/refresh', 'POST /v1/realtime/connection-token',
        'POST /v1/realtime/subscription-tokens', 'POST /v1/events', 'POST /v1/events/batch', 'GET /v1/history',
      ]))
      const routes = [...service.app.printRoutes({ commonPrefix: false, method: 'GET' }).matchAll(/(\/v1\/\S+) \(GET\)/g)].map(([, route]) => route?.replace(/:(\w+)/g, '{$1}') ?? '')
      for (const operation of Object.values(document.paths).flatMap(operations => Object.values(operations))) {
        expect(operation.summary).toBeTruthy()
        expect(operation.responses['default']?.content).toHaveProperty(['application/problem+json'])
      }
      expect(routes.filter(route => !(route in document.paths))).toEqual([])
      expect(Object.keys(document.paths).every(route => route.startsWith('/v1/'))).toBe(true)
    })

    it('refers only to shapes it holds', async () => {
      const { body } = await get('/openapi.json')
      const document = JSON.parse(body) as { components: { schemas: Record<string, unknown> } }
      const references = [...body.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '')
      expect(references.length).toBeGreaterThan(5)
      expect(references.filter(name => !(name in document.components.schemas))).toEqual([])
    })

    it('says which bodies may be left out', async () => {
      const { body } = await get('/openapi.json')
      const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, { requestBody?: { required?: boolean } }>> }
      const optional = Object.entries(paths).flatMap(([route, operations]) => Object.entries(operations)
        .filter(([, { requestBody }]) => requestBody && requestBody.required !== true).map(([method]) => `${method} ${route}`))
      expect(optional.toSorted()).toEqual([
        'delete /v1/session', 'post /v1/admin/alert-deliveries/{id}/redeliver', 'post /v1/admin/billing-sources/{sourceId}/rotate', 'post /v1/admin/tenants/{tenantId}/suspend', 'post /v1/alerts/{id}/ack',
        'post /v1/session/refresh', 'post /v1/tenants/{tenantId}/alert-deliveries/{id}/redeliver', 'post /v1/tenants/{tenantId}/billing/sources/{sourceId}/rotate',
        'post /v1/tenants/{tenantId}/deployments/{deploymentId}/cancel', 'post /v1/tenants/{tenantId}/deployments/{deploymentId}/retry',
        'post /v1/tenants/{tenantId}/instances/{instanceId}/delete', 'post /v1/tenants/{tenantId}/instances/{instanceId}/redeploy', 'post /v1/tenants/{tenantId}/instances/{instanceId}/rollback',
      ])
      expect(body).not.toContain('x-optional')
    })

    it('has the channels and events beside it as AsyncAPI', async () => {
      const document = (await get('/asyncapi.json')).json<{ asyncapi: string, channels: object }>()
      expect(document.asyncapi).toBe('3.0.0')
      expect(document.channels).toHaveProperty(['deployments', 'address'], 'tenant:{t}:deployments')
    })

    it('can be browsed without asking another host, its scripts known by hash', async () => {
      const page = await get('/docs/', html)
      expect(page.statusCode).toBe(200)
      const policy = String(page.headers['content-security-policy'])
      expect(policy).toMatch(/script-src 'self'( 'sha256-[\w+/=]+')+;/)
      expect(policy).not.toMatch(/script-src[^;]*unsafe|https?:/)
      expect([...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url).filter(url => url?.includes('//'))).toEqual([])
      expect((await get('/docs/js/scalar.js')).headers['content-type']).toContain('javascript')
    })
  })

  describe('portals', () => {
    it('are offered at the root', async () => {
      const page = await get('/', html)
      expect(page.body).toContain('lang="pt-BR"')
      expect(page.body).toContain('href="/tenant/"')
      expect(page.body).toContain('href="/admin/"')
    })

    it('are found without the last slash', async () => {
      const answer = await get('/tenant')
      expect([answer.statusCode, answer.headers['location']]).toEqual([302, '/tenant/'])
    })

    it('answer pages of the app with the fallback, and nothing else', async () => {
      expect((await get('/tenant/', html)).body).toContain('<title>T</title>')
      for (const url of ['/tenant/deployments/d1', '/tenant/deployments/d1?tab=logs']) {
        const page = await get(url, html)
        expect([page.statusCode, page.body.includes('Fallback')]).toEqual([200, true])
        expect(page.headers['cache-control']).toBe('no-cache')
      }
      for (const [url, headers] of [['/tenant/_nuxt/gone.js', html], ['/tenant/deployments', { accept: 'application/json' }], ['/tenant/../package.json', {}]] as const) {
        const answer = await get(url, headers)
        expect(answer.statusCode, url).toBe(404)
        expect(answer.headers['content-type']).toContain('problem+json')
      }
      expect((await service.app.inject({ method: 'POST', url: '/tenant/deployments', headers: html })).statusCode).toBe(404)
    })

    it.each(['/tenant/%2e%2e/%2e%2e/etc/passwd', '/tenant/..%2f..%2fetc/passwd', '/tenant/%00', '/tenant/_nuxt/..%5c..%5cetc'])('show no file outside: %s', async url => {
      const answer = await get(url)
      expect(answer.statusCode).toBeGreaterThanOrEqual(400)
      expect(answer.body).not.toContain('root:')
    })

    it('let assets be kept for ever, compressed, and pages never', async () => {
      const asset = await get('/tenant/_nuxt/a.js', { 'accept-encoding': 'gzip' })
      expect(asset.headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', 'content-encoding': 'gzip' })
      expect(asset.headers['content-type']).toContain('javascript')
      expect((await get('/tenant/')).headers['cache-control']).toBe('no-cache')
    })

    it('run scripts of their own and the inline ones of the build only', async () => {
      for (const url of ['/tenant/', '/tenant/anything']) {
        const policy = String((await get(url, html)).headers['content-security-policy'])
        expect(policy).toContain(`script-src 'self' ${hash};`)
        expect(policy).toContain('frame-ancestors \'none\'')
      }
    })
  })

  it('sets safe headers on everything else', async () => {
    const { headers } = await get('/livez')
    expect(headers).toMatchObject({
      'content-security-policy': 'default-src \'none\'; frame-ancestors \'none\'', 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin', 'x-frame-options': 'SAMEORIGIN',
    })
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(headers).not.toHaveProperty('x-powered-by')
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('shows the public keys to everybody, to be kept for a while', async () => {
    const answer = await get('/.well-known/jwks.json', {}, '10.0.0.1')
    expect(answer.json()).toEqual(service.identity.keys.jwks)
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
    expect(answer.body).not.toContain('"d"')
  })
})
