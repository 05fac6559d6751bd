import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { MetricsPublisher, type MetricsSeries } from '@neo-stack/events'
import { createHostReader, type HostReading } from '../src/metrics/host.ts'
import { KEEP_SECONDS, purgeSamples } from '../src/metrics/retention.ts'
import { startSampler } from '../src/metrics/sampler.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const sample = { cpu: 10, memory: 20, disk: 30, networkIn: 40, networkOut: 50, activeInstances: 2, uptime: 100 }
const url = '/v1/tenants/acme/metrics'

describe('metrics', () => {
  let service: TestService
  let key: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    key = { authorization: `Bearer ${service.keyOf('acme')}` }
  })
  afterAll(() => service.stop())
  beforeEach(() => service.database.inSystem(tx => tx.deleteFrom('metric_samples').execute()))

  const push = (payload: object, headers: Record<string, string> = key): Promise<Answer> => service.app.inject({ method: 'POST', url, payload, headers })
  const get = async (query: string, path = url, who = 'viewer@acme.example'): Promise<Answer> =>
    service.app.inject({ url: `${path}?${query}`, headers: await service.bearer(who) })
  const read = async (query: string): Promise<MetricsSeries> => (await get(query)).json()

  it('keeps a sample at its second, the last one wins', async () => {
    expect((await push({ ...sample, at: 1000 })).statusCode).toBe(201)
    await push({ ...sample, at: 1000, cpu: 12.5, simulated: true })
    expect(await read('from=990&to=1010')).toEqual({ step: 1, samples: [{ ...sample, cpu: 12.5, at: 1000, simulated: true }] })
  })

  it('puts a sample without a second at the current one, and shows the last 20 s', async () => {
    await push(sample)
    const { samples } = await read('')
    expect(samples).toHaveLength(1)
    expect(Math.abs((samples[0]?.at ?? 0) - service.now() / 1000)).toBeLessThan(20)
  })

  it('averages over a step and leaves gaps as gaps', async () => {
    const answer = await push({ samples: [0, 1, 2, 3, 30].map(second => ({ ...sample, at: 1200 + second, cpu: second })) })
    expect(answer.json<{ events: unknown[] }>().events).toHaveLength(5)
    const { step, samples } = await read('from=1200&to=1239&step=10')
    expect(step).toBe(10)
    expect(samples.map(({ at, cpu }) => [at, cpu])).toEqual([[1200, 1.5], [1230, 30]])
  })

  it('widens the step so that an answer has 2,000 points at most', async () => {
    expect((await read('from=0&to=19999')).step).toBe(10)
    expect((await read('from=0&to=1999')).step).toBe(1)
    expect((await get('from=10&to=9')).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'from' }] })
  })

  it('lets tenants see their own samples and operators the host\'s', async () => {
    await new MetricsPublisher(service.publishAs({ type: 'system', id: 'sampler' })).publishSystemMetrics({ ...sample, at: 1000 })
    expect((await get('from=1000&to=1000', '/v1/admin/metrics', 'operator@neo.example')).json<MetricsSeries>().samples).toHaveLength(1)
    expect((await get('from=1000&to=1000')).json<MetricsSeries>().samples).toEqual([])
    expect((await get('', '/v1/admin/metrics', 'owner@acme.example')).statusCode).toBe(403)
    expect((await push(sample, await service.bearer('owner@acme.example'))).statusCode).toBe(403)
    expect((await push(sample, { authorization: `Bearer ${service.keyOf('globex')}` })).statusCode).toBe(404)
  })

  it.each([
    [{ ...sample, cpu: 101 }, 'cpu'], [{ ...sample, cpu: '10' }, 'cpu'], [{ ...sample, activeInstances: 1.5 }, 'activeInstances'], [{ samples: [] }, 'samples'],
  ])('refuses %j', async (payload, path) => {
    const answer = await push(payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toContain(path)
  })

  it('removes samples older than six hours, a batch at a time', async () => {
    const now = service.now()
    const old = Math.floor(now / 1000) - KEEP_SECONDS - 1
    await push({ samples: [old - 2, old - 1, old, old + 2].map(at => ({ ...sample, at })) })
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(2)
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(1)
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(0)
    expect((await read(`from=${old - 10}&to=${old + 10}`)).samples.map(one => one.at)).toEqual([old + 2])
  })

  it('raises alerts for a tenant and for the operators', async () => {
    const raise = (payload: object, bearer: string): Promise<Answer> =>
      service.app.inject({ method: 'POST', url: '/v1/alerts', payload, headers: { authorization: `Bearer ${bearer}` } })
    const alert = { severity: 'critical', message: 'disk full' }
    expect((await raise({ ...alert, tenantId: 'acme' }, service.keyOf('acme'))).json()).toMatchObject({ seq: 1 })
    expect((await raise({ ...alert, tenantId: null }, service.keyOf(null))).json()).toMatchObject({ seq: 1 })
    expect((await raise({ ...alert, tenantId: null }, service.keyOf('acme'))).statusCode).toBe(403)
    expect((await raise({ ...alert, tenantId: 'globex' }, service.keyOf('acme'))).statusCode).toBe(404)
    expect((await raise({ ...alert, tenantId: 'No tenant' }, service.keyOf('acme'))).json()).toMatchObject({ status: 400, errors: [{ path: 'tenantId' }] })
    expect((await raise({ ...alert, tenantId: 'acme', severity: 'loud' }, service.keyOf('acme'))).json()).toMatchObject({ status: 400, errors: [{ path: 'severity' }] })
  })

  describe('sampler', () => {
    const reading: HostReading = { cpu: 1, memory: 2, disk: 3, networkIn: 4, networkOut: 5, uptime: 6 }

    it('samples on whole seconds, never twice at once, and skips what it missed', async () => {
      let clock = 10_400
      const waits: number[] = []
      let fire: () => void = () => undefined
      let finish: () => void = () => undefined
      const published: number[] = []
      const read = vi.fn(() => new Promise<HostReading>(resolve => { finish = () => { resolve(reading) } }))
      const sampler = startSampler({
        database: service.database, read, now: () => clock,
        publisher: { publishSystemMetrics: data => { published.push(data.at ?? 0); return Promise.resolve({ ...data, id: '', time: '', tenantId: '', timestamp: '' }) } },
        setTimer: (run, ms) => { waits.push(ms); fire = run; return setTimeout(() => undefined, 0) },
      })
      expect(waits).toEqual([600])
      clock = 11_000
      fire()
      expect(read).toHaveBeenCalledTimes(1)
      clock = 13_700
      finish()
      await vi.waitFor(() => { expect(waits).toEqual([600, 300]) })
      expect(published).toEqual([11])
      clock = 13_999.8
      fire()
      finish()
      await vi.waitFor(() => { expect(published).toEqual([11, 14]) })
      await vi.waitFor(() => { expect(waits).toHaveLength(3) })
      fire()
      await vi.waitFor(() => { expect(waits).toHaveLength(4) })
      expect(read).toHaveBeenCalledTimes(2)
      await sampler.stop()
    })

    it('goes on after a reading that failed, and stops', async () => {
      let fire: () => void = () => undefined
      let clock = 1000
      const faults: unknown[] = []
      let armed = 0
      const sampler = startSampler({
        database: service.database, read: () => Promise.reject(new Error('no figures')), now: () => clock, onFault: error => { faults.push(error) },
        publisher: { publishSystemMetrics: () => Promise.reject(new Error('never called')) },
        setTimer: run => { armed++; fire = run; return setTimeout(() => undefined, 0) },
      })
      fire()
      await vi.waitFor(() => { expect(armed).toBe(2) })
      clock = 2000
      fire()
      await sampler.stop()
      expect(faults.map(String)).toEqual(['Error: no figures', 'Error: no figures'])
      expect(armed).toBe(2)
    })

    it('reads the host\'s own figures', async () => {
      const read = createHostReader(process.cwd())
      await read()
      const figures = await read()
      for (const value of [figures.cpu, figures.memory, figures.disk]) {
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(100)
      }
      expect(figures.memory).toBeGreaterThan(0)
      expect(figures.uptime).toBeGreaterThan(0)
      expect(figures.networkIn).toBeGreaterThanOrEqual(0)
    })
  })
})
