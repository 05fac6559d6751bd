import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { watchParts } from '../src/metering/parts.ts'
import { createInstruments } from '../src/metering/registry.ts'
import { createTenantFigures } from '../src/metering/tenant-figures.ts'
import { knownSeries, metricsReference } from '../src/metering/reference.ts'
import { PresenceService } from '../src/presence/service.ts'
import { startService, type TestService } from './service.ts'

const envelope = (tenantId: string): Parameters<ReturnType<typeof createTenantFigures>['onWritten']>[0][number] =>
  ({ id: 'id', type: 'alert', channel: `tenant:${tenantId}:alerts`, tenantId, time: '2026-01-01T00:00:00.000Z', data: {} })

describe('figures by tenant', () => {
  it('name the busiest and add up all others, however many there are', () => {
    const figures = createTenantFigures({ named: 2, counted: 4 })
    for (const tenant of ['a', 'b', 'b', 'c', 'c', 'c', 'd', 'e', 'f']) figures.onWritten([envelope(tenant)])
    expect(figures.text().split('\n').filter(line => line.startsWith('tenant'))).toEqual([
      'tenant_events_published{tenant="c"} 3', 'tenant_events_published{tenant="b"} 2', 'tenant_events_published{tenant="other"} 4',
    ])
  })
})

describe('parts that hang', () => {
  it('keep nobody waiting who reads the metrics: they are no number', async () => {
    const instruments = createInstruments({ answerWithinMs: 20 })
    instruments.gauge('outbox_rows', () => new Promise(() => undefined))
    instruments.gauges('job_queue_jobs', () => new Promise(() => undefined))
    instruments.gauge('active_channels', () => 3)
    const text = await instruments.text()
    expect(text).toContain('\noutbox_rows Nan\n')
    expect(text).toContain('\nactive_channels 3\n')
    expect(text).not.toMatch(/^job_queue_jobs\{/m)
  })
})

describe('what one process says for all', () => {
  it('is the size of the database, which is asked for once a minute', async () => {
    let [asked, isLeader, time] = [0, true, 0]
    const instruments = createInstruments()
    watchParts(instruments, {
      jobs: { backlog: () => Promise.reject(new Error('not asked here')) }, indexer: { behind: () => 0 }, version: '1', column: 'scale-out', isLeader: () => isLeader, now: () => time,
      database: { jobs: { executeSql: () => Promise.resolve({ rows: [{ bytes: ++asked }] }) } as never },
    })
    const size = async (): Promise<string | undefined> => /^database_size_bytes (\S+)$/m.exec(await instruments.text())?.[1]
    expect([await size(), await size()]).toEqual(['1', '1'])
    time = 60_000
    expect(await size()).toBe('2')
    isLeader = false
    expect(await size()).toBeUndefined()
    expect(asked).toBe(2)
  })
})

describe('ends of presence connections', () => {
  it('are told once each, those without a goodbye apart', async () => {
    let now = 1_000_000
    const ends: object[] = []
    const presence = new PresenceService({ realtime: { deliver: () => Promise.resolve() }, now: () => now, onEnds: one => { ends.push(one) } })
    const come = (connectionId: string): Promise<unknown> =>
      presence.updatePresence({ tenantId: 'acme', userId: 'u', connectionId }, () => Promise.resolve({ userName: 'U', hideLastSeen: false }), { currentPage: '/', hidden: false })
    await come('says goodbye')
    await come('falls silent')
    await presence.setOffline({ tenantId: 'acme', userId: 'u', connectionId: 'says goodbye' })
    now += 20_000
    await presence.getPresenceList('acme')
    now += 80_000
    await presence.getPresenceList('acme')
    await presence.getPresenceList('acme')
    await presence.stop()
    const sum = (name: 'all' | 'silent'): number => (ends as { all: number, silent: number }[]).reduce((total, one) => total + one[name], 0)
    expect({ all: sum('all'), silent: sum('silent') }).toEqual({ all: 2, silent: 1 })
  })
})

describe('metrics of a running service', () => {
  let service: TestService
  beforeAll(async () => { service = await startService({ tenantMetrics: true }) })
  afterAll(() => service.stop())

  const read = async (url = '/metrics'): Promise<string> => (await service.app.inject({ url, remoteAddress: '127.0.0.1' })).body
  const readSeries = async (): Promise<string[]> => (await read()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const figure = async (line: string): Promise<number> => Number((await read()).split('\n').find(one => one.startsWith(`${line} `))?.slice(line.length + 1) ?? 0)
  const publish = (tenantId: string): Promise<unknown> => service.app.inject({
    method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf(tenantId)}` },
    payload: { channel: `tenant:${tenantId}:alerts`, type: 'alert', data: { severity: 'info', message: 'm' } },
  })

  it('have the known values of counters\' labels from the start: a first failure is growth', async () => {
    const lines = (await read()).split('\n')
    for (const series of [
      'http_problems_total{code="internal"}', 'webhook_requests_total{outcome="failed"}', 'sign_ins_total{outcome="refused"}', 'history_recoveries_total{outcome="trimmed"}',
      'revocations_total{kind="tenant"}', 'database_transaction_failures_total{scope="system"}', 'events_published_total{family="deployments",type="deployment_error"}',
    ]) expect(lines).toContain(`${series} 0`)
  })

  it('begin with the known values of every counter that has labels, but for those that count by what comes', () => {
    const labelled = metricsReference.filter(({ type, labels }) => type === 'counter' && labels.length > 0).map(({ name }) => name)
    expect(labelled.filter(name => !(name in knownSeries))).toEqual(['events_received_total', 'realtime_deliveries_total', 'http_requests_total'])
  })

  it('say of an https address whether its certificate could be seen', async () => {
    const secured = await startService({ publicUrl: 'https://127.0.0.1:1' })
    const metrics = async (): Promise<string> => (await secured.app.inject({ url: '/metrics', remoteAddress: '127.0.0.1' })).body
    await vi.waitFor(async () => { expect(await metrics()).toMatch(/^public_certificate_seen 0$/m) }, { timeout: 20_000 })
    expect(await metrics()).not.toMatch(/^public_certificate_expiry/m)
    await secured.stop()
  })

  it('count problems by their code, sign-ins and recoveries by their outcome', async () => {
    await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email: 'owner@acme.example', password: 'wrong' } })
    const headers = await service.bearer('owner@acme.example')
    await publish('acme')
    await service.app.inject({ url: '/v1/history?channel=tenant:acme:alerts&after=0', headers })
    await service.app.inject({ url: '/v1/history?channel=tenant:globex:alerts&after=0', headers })
    await service.app.inject({ url: '/v1/history?channel=tenant:acme:alerts', headers })
    expect(await figure('http_problems_total{code="invalid_credentials"}')).toBe(1)
    expect(await figure('sign_ins_total{outcome="refused"}')).toBe(1)
    expect(await figure('history_recoveries_total{outcome="ok"}')).toBe(1)
    expect(await figure('history_recoveries_total{outcome="refused"}')).toBe(1)
  })

  it('time transactions and say whether the database answers and what waits', async () => {
    await publish('acme')
    expect(await figure('database_up')).toBe(1)
    expect(await figure('database_transaction_duration_seconds_count{scope="tenant"}')).toBeGreaterThan(0)
    expect(await figure('job_queue_jobs{state="waiting"}')).toBe(0)
    expect(await figure('outbox_rows')).toBe(0)
    expect(await figure('database_size_bytes')).toBeGreaterThan(1_000_000)
    expect(await read()).not.toMatch(/^public_certificate/m)
    expect(await read()).toContain('service_info{version="0.1.0",column="embedded"} 1')
  })

  it('count a revocation and the time until its sockets were cut', async () => {
    const headers = await service.bearer('viewer@globex.example')
    const { id } = (await service.app.inject({ url: '/v1/session', headers })).json<{ user: { id: string } }>().user
    await service.identity.revocation.revokeUser({ tenantId: 'globex', userId: id }, 'test')
    expect(await figure('revocations_total{kind="user"}')).toBe(1)
    expect(await figure('revocation_cut_duration_seconds_count')).toBe(1)
  })

  it('tell events by tenant at an address of their own, and only there', async () => {
    await publish('globex')
    expect(await read('/metrics/tenants')).toMatch(/tenant_events_published\{tenant="globex"\} [1-9]/)
    expect(await read()).not.toContain('globex')
    expect((await service.app.inject({ url: '/metrics/tenants', remoteAddress: '10.0.0.1' })).statusCode).toBe(404)
  })

  it('have an empty page by tenant where nobody asked for them, for the same readers: a job of Prometheus that fails all day tells nothing', async () => {
    const silent = await startService()
    const { statusCode, headers, body } = await silent.app.inject({ url: '/metrics/tenants', remoteAddress: '127.0.0.1' })
    expect([statusCode, headers['content-type'], body]).toEqual([200, expect.stringContaining('text/plain'), '# Nothing is counted by tenant: NEO_TENANT_METRICS is off.\n'])
    expect((await silent.app.inject({ url: '/metrics/tenants', remoteAddress: '10.0.0.1' })).statusCode).toBe(404)
    await silent.stop()
  })

  it('stay below 5,000 series, whatever 10,000 tenants do', async () => {
    for (let n = 0; n < 10_000; n++) await service.app.inject({ url: `/v1/tenants/t${n}/instances`, headers: { authorization: 'Bearer no' } })
    const series = await readSeries()
    expect(series.length).toBeLessThan(5000)
    expect(series.some(line => line.includes('t9999'))).toBe(false)
  }, 60_000)

  it('stay below 5,000 series, whatever methods and bodies strangers and members try on every address', async () => {
    const { paths } = (await service.app.inject({ url: '/openapi.json' })).json<{ paths: Record<string, object> }>()
    const people = [{}, { authorization: 'Bearer no' }, await service.bearer('viewer@acme.example'), { authorization: `Bearer ${service.keyOf('globex')}` }]
    const bodies = [undefined, ['application/json', '{'], ['application/json', '{}'], ['text/plain', 'x']] as const
    let asked = 0
    for (const path of Object.keys(paths)) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
        for (const person of people) {
          for (const body of method === 'GET' || method === 'HEAD' ? [undefined] : bodies) {
            await service.app.inject({ method, url: path.replaceAll(/\{\w+\}/g, 'acme'), headers: { ...person, ...body && { 'content-type': body[0] } }, ...body && { payload: body[1] } })
            asked++
          }
        }
      }
    }
    expect(asked).toBeGreaterThan(5000)
    const series = await readSeries()
    expect(series.filter(line => line.startsWith('http_requests_total{')).length).toBeGreaterThan(400)
    // What the engine adds in one process is less than 500.
    expect(series.length).toBeLessThan(4500)
  }, 120_000)

  it('are all in the reference, and nothing else of ours is', async () => {
    const own = new Set((await read()).split('\n').flatMap(line => /^# TYPE (\S+)/.exec(line)?.[1] ?? []).filter(name => !/^(?:nodejs|process|centrifugo)_/.test(name)))
    expect(own).toEqual(new Set(metricsReference.map(({ name }) => name)))
  })
})
