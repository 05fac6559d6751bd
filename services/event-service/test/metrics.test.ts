import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { MetricsPublisher, type Fleet, type MetricsSeries } from '@neo-stack/events'
import { readFleet } from '../src/metrics/fleet.ts'
import { createHostReader, type HostReading } from '../src/metrics/host.ts'
import { isNeeded } from '../src/metrics/leases.ts'
import { purgeSamples } from '../src/metrics/retention.ts'
import { rollUp } from '../src/metrics/rollups.ts'
import { startSampler } from '../src/metrics/sampler.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const sample = { cpu: 10, memory: 20, disk: 30, networkIn: 40, networkOut: 50, activeInstances: 2, uptime: 100 }
const url = '/v1/tenants/acme/metrics'
/** A whole hour, 1 to 2 h ago. */
const base = Math.floor(Date.now() / 3_600_000) * 3600 - 3600

interface Batch { samples: { second: number, cpu: number }[], isRolled: boolean }

/** Batches a few seconds apart; samples up to 60 s late, doubled, with gaps, counted now and then. */
const streams = fc.array(fc.record({
  samples: fc.array(fc.record({ late: fc.integer({ min: 0, max: 60 }), cpu: fc.integer({ min: 0, max: 100 }) }), { minLength: 1, maxLength: 6 }),
  gap: fc.integer({ min: 0, max: 400 }), isRolled: fc.boolean(),
}), { minLength: 1, maxLength: 8 }).map(batches => {
  let second = 60
  return batches.map(({ samples, gap, isRolled }): Batch => {
    second += gap
    return { isRolled, samples: samples.map(({ late, cpu }) => ({ second: second - late, cpu })) }
  })
})

function recount(kept: ReadonlyMap<number, number>, step: number): object[] {
  const places = Map.groupBy([...kept].toSorted(([one], [other]) => one - other), ([at]) => at - at % step)
  return [...places].map(([at, samples]) => {
    const values = samples.map(([, cpu]) => cpu)
    return { step, at, count: values.length, low: Math.min(...values), high: Math.max(...values), total: values.reduce((sum, value) => sum + value, 0), last: values.at(-1) }
  })
}

describe('metrics', () => {
  let service: TestService
  let key: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    key = { authorization: `Bearer ${service.keyOf('acme')}` }
  })
  afterAll(() => service.stop())
  beforeEach(() => service.database.inSystem(async tx => {
    for (const table of ['metric_samples', 'metric_tiers', 'metric_minutes', 'metric_leases'] as const) await tx.deleteFrom(table).execute()
  }))

  const push = (payload: object, headers: Record<string, string> = key): Promise<Answer> => service.app.inject({ method: 'POST', url, payload, headers })
  const get = async (query: string, path = url, who = 'viewer@acme.example'): Promise<Answer> =>
    service.app.inject({ url: `${path}?${query}`, headers: await service.bearer(who) })
  const read = async (query: string): Promise<MetricsSeries> => (await get(query)).json()

  it('keeps a sample at its second, the last one wins', async () => {
    expect((await push({ ...sample, at: base })).statusCode).toBe(201)
    await push({ ...sample, at: base, cpu: 12.5, simulated: true })
    expect(await read(`from=${base - 10}&to=${base + 10}`)).toEqual({ step: 1, samples: [{ ...sample, cpu: 12.5, at: base, simulated: true }] })
  })

  it('puts a sample without a second at the current one, and shows the last 20 s', async () => {
    await push(sample)
    const { samples } = await read('')
    expect(samples).toHaveLength(1)
    expect(Math.abs((samples[0]?.at ?? 0) - service.now() / 1000)).toBeLessThan(20)
  })

  it('has what comes after a second although that is now, and samples of clocks that run ahead', async () => {
    const now = Math.floor(service.now() / 1000)
    await push({ samples: [0, 1, 30].map(ahead => ({ ...sample, at: now + ahead })) })
    expect((await read('')).samples.map(({ at }) => at - now)).toEqual([0, 1, 30])
    expect((await read(`from=${now + 1}`)).samples.map(({ at }) => at - now)).toEqual([1, 30])
    expect((await read(`from=${now + 40}`)).samples).toEqual([])
    expect((await read(`from=${now}&to=${now}`)).samples).toHaveLength(1)
  })

  it('averages over a step and leaves gaps as gaps', async () => {
    const answer = await push({ samples: [0, 1, 2, 3, 30].map(second => ({ ...sample, at: base + second, cpu: second })) })
    expect(answer.json<{ events: unknown[] }>().events).toHaveLength(5)
    const { step, samples } = await read(`from=${base}&to=${base + 39}&step=10`)
    expect(step).toBe(10)
    expect(samples.map(({ at, cpu }) => [at, cpu])).toEqual([[base, 1.5], [base + 30, 30]])
  })

  it('answers from the finest tier with 2,000 points at most that still has the range', async () => {
    const now = Math.floor(service.now() / 1000)
    const stepOf = async (ago: number, seconds: number): Promise<number> => (await read(`from=${now - ago}&to=${now - ago + seconds - 1}`)).step
    expect(await stepOf(2000, 2000)).toBe(1)
    expect(await stepOf(2001, 2001)).toBe(10)
    expect(await stepOf(7 * 3600, 60)).toBe(10)
    expect(await stepOf(49 * 3600, 60)).toBe(60)
    expect(await stepOf(31 * 86_400, 3600)).toBe(3600)
    expect(await stepOf(400 * 86_400, 400 * 86_400)).toBe(5 * 3600)
    expect((await get('from=10&to=9')).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'from' }] })
  })

  it('lets tenants see their own samples and operators the host\'s', async () => {
    await new MetricsPublisher(service.publishAs({ type: 'system', id: 'sampler' })).publishSystemMetrics({ ...sample, at: base })
    expect((await get(`from=${base}&to=${base}`, '/v1/admin/metrics', 'operator@neo.example')).json<MetricsSeries>().samples).toHaveLength(1)
    expect((await get(`from=${base}&to=${base}`)).json<MetricsSeries>().samples).toEqual([])
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
    const old = Math.floor(now / 1000) - 21_600 - 1
    await push({ samples: [old - 2, old - 1, old, old + 2].map(at => ({ ...sample, at })) })
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(2)
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(1)
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(0)
    expect((await read(`from=${old - 10}&to=${old + 10}`)).samples).toEqual([])
    expect((await service.database.inSystem(tx => tx.selectFrom('metric_samples').select('at').execute())).map(({ at }) => Number(at))).toEqual([old + 2])
  })

  it('raises alerts for a tenant and for the operators', async () => {
    const raise = (payload: object, bearer: string): Promise<Answer> =>
      service.app.inject({ method: 'POST', url: '/v1/alerts', payload, headers: { authorization: `Bearer ${bearer}` } })
    const alert = { severity: 'warning', message: 'disk full' }
    expect((await raise({ ...alert, tenantId: 'acme' }, service.keyOf('acme'))).json()).toMatchObject({ seq: 1 })
    expect((await raise({ ...alert, tenantId: null }, service.keyOf(null))).json()).toMatchObject({ seq: 1 })
    expect((await raise({ ...alert, tenantId: null }, service.keyOf('acme'))).statusCode).toBe(403)
    expect((await raise({ ...alert, tenantId: 'globex' }, service.keyOf('acme'))).statusCode).toBe(404)
    expect((await raise({ ...alert, tenantId: 'No tenant' }, service.keyOf('acme'))).json()).toMatchObject({ status: 400, errors: [{ path: 'tenantId' }] })
    expect((await raise({ ...alert, tenantId: 'acme', severity: 'loud' }, service.keyOf('acme'))).json()).toMatchObject({ status: 400, errors: [{ path: 'severity' }] })
  })

  it('removes points of each tier when they are older than it keeps', async () => {
    const now = service.now()
    const point = { count: 1, low: [1], high: [1], total: [1], last: [1], simulated: false, tenant_id: 'acme' }
    await service.database.inSystem(tx => tx.insertInto('metric_tiers').values([[10, 48 * 3600], [60, 30 * 86_400], [3600, 400 * 86_400]].flatMap(([step = 0, keep = 0]) =>
      [keep + 1, keep - 1].map(age => ({ ...point, step, at: Math.floor(now / 1000) - age })))).execute())
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(2)
    expect(await service.database.inSystem(tx => purgeSamples(tx, 2, now))).toBe(1)
    const left = await service.database.inSystem(tx => tx.selectFrom('metric_tiers').select(['step']).orderBy('step').execute())
    expect(left.map(({ step }) => step)).toEqual([10, 60, 3600])
  })

  it('counts late, doubled and missing samples again: points of each tier are those of the samples kept', async () => {
    await fc.assert(fc.asyncProperty(streams, async stream => {
      await service.database.inSystem(async tx => { for (const table of ['metric_samples', 'metric_tiers', 'metric_minutes'] as const) await tx.deleteFrom(table).execute() })
      for (const { samples, isRolled } of stream) {
        await push({ samples: samples.map(({ second, cpu }) => ({ ...sample, at: base + second, cpu })) })
        if (isRolled) await service.database.inSystem(tx => rollUp(tx, 2))
      }
      while (await service.database.inSystem(tx => rollUp(tx, 2)) === 2);
      const kept = new Map(stream.flatMap(({ samples }) => samples.map(({ second, cpu }) => [base + second, cpu] as const)))
      const rows = await service.database.inSystem(tx => tx.selectFrom('metric_tiers').selectAll().orderBy('step').orderBy('at').execute())
      expect(rows.map(({ step, at, count, low, high, total, last }) => ({ step, at: Number(at), count, low: low[0], high: high[0], total: total[0], last: last[0] })))
        .toEqual([10, 60, 3600].flatMap(step => recount(kept, step)))
    }), { numRuns: 15 })
  }, 120_000)

  it('takes a sample each second while somebody looks or a rule needs it', async () => {
    const needed = (): Promise<boolean> => service.database.inSystem(tx => isNeeded(tx, 'acme', service.now()))
    const lease = async (path: string, who: string): Promise<number> => (await service.app.inject({ method: 'PUT', url: path, headers: await service.bearer(who) })).statusCode
    expect(await needed()).toBe(false)
    expect(await lease(`${url}/lease`, 'viewer@acme.example')).toBe(200)
    expect(await needed()).toBe(true)
    service.advance(20_001)
    expect(await needed()).toBe(false)
    expect(await lease('/v1/admin/metrics/lease', 'viewer@acme.example')).toBe(403)
    expect(await lease(`${url}/lease`, 'viewer@globex.example')).toBe(404)
  })

  it('tells the host\'s samples with all tenants\' figures and the 20 worst', async () => {
    const now = Math.floor(service.now() / 1000)
    await service.database.inSystem(async tx => {
      await tx.insertInto('tenants').values(Array.from({ length: 30 }, (_, index) => ({ id: `t-${index}`, name: 't' }))).onConflict(conflict => conflict.doNothing()).execute()
      const row = { memory: 1, disk: 2, network_in: 3, network_out: 4, active_instances: 0, uptime: 0 }
      const of = (tenant: string, at: number, cpu: number): object => ({ ...row, tenant_id: tenant, at, cpu })
      await tx.insertInto('metric_samples').values([
        ...Array.from({ length: 30 }, (_, index) => [of(`t-${index}`, now - 1, index * 2), of(`t-${index}`, now - 3, 99)]).flat(), of('acme', now - 60, 100), of('platform', now - 1, 100),
      ] as never).execute()
    })
    const fleet = await service.database.inSystem(tx => readFleet(tx, now))
    expect(fleet).toMatchObject({ tenants: 30, cpu: 29, memory: 1, networkIn: 90, networkOut: 120 })
    expect(fleet.worst.map(({ tenantId }) => tenantId)).toEqual(Array.from({ length: 20 }, (_, index) => `t-${29 - index}`))
  })

  it('tells operators of 5,000 tenants once a second: the host, one figure of all, and the 20 worst', async () => {
    const [count, begin] = [5000, Math.floor(service.now() / 1000)]
    const ofMany = "select 'many-' || lpad(n::text, 4, '0') from generate_series(1, 5000) n"
    await service.database.jobs.executeSql(`insert into tenants (id, name) select id, id from (${ofMany}) as many (id)`)
    // A sample every ten seconds, as nobody looks at each of them.
    await service.database.jobs.executeSql(`insert into metric_samples (tenant_id, at, cpu, memory, disk, network_in, network_out, active_instances, uptime)
      select id, at, right(id, 4)::integer / 50.0, 1, 2, 3, 4, 1, at from (${ofMany}) as many (id), generate_series(${begin - 10}, ${begin}, 10) as at`)
    await service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'platform', until: new Date('2100-01-01') }).execute())
    const publisher = new MetricsPublisher(service.publishAs({ type: 'system', id: 'sampler' }))
    const told: { at: number, bytes: number, fleet: Fleet | undefined }[] = []
    let [clock, armed] = [0, 0]
    let fire: () => void = () => undefined
    const sampler = startSampler({
      database: service.database, read: () => Promise.resolve({ cpu: 1, memory: 2, disk: 3, networkIn: 4, networkOut: 5, uptime: 6 }), now: () => clock, onFault: error => { throw error },
      publisher: { publishSystemMetrics: async data => {
        const published = await publisher.publishSystemMetrics(data)
        told.push({ at: data.at ?? 0, bytes: JSON.stringify(data).length, fleet: data.fleet })
        return published
      } },
      setTimer: run => { armed++; fire = run; return setTimeout(() => undefined, 0) },
    })
    for (let at = begin + 1; at <= begin + 3; at++) {
      clock = at * 1000
      const before = armed
      fire()
      await vi.waitFor(() => { expect(armed).toBe(before + 1) }, { timeout: 10_000 })
    }
    await sampler.stop()
    expect(told.map(({ at }) => at)).toEqual([1, 2, 3].map(second => begin + second))
    expect(told.map(({ fleet }) => fleet?.tenants)).toEqual([count, count, count])
    expect(told[0]?.fleet?.worst.map(({ tenantId }) => tenantId)).toEqual(Array.from({ length: 20 }, (_, index) => `many-${count - index}`))
    expect(Math.max(...told.map(({ bytes }) => bytes))).toBeLessThan(4096)
  }, 60_000)

  it('of a tenant without rules hold nobody up who writes its alerts', async () => {
    const channels = (): Promise<string[]> => service.database.inSystem(async tx => (await tx.selectFrom('channels').select('name').where('name', 'like', '%:alerts').execute()).map(({ name }) => name))
    await service.database.inSystem(tx => tx.deleteFrom('alert_rules').execute())
    const before = await channels()
    expect((await service.app.inject({ method: 'POST', url: '/v1/tenants/globex/metrics', payload: { ...sample, at: base }, headers: { authorization: `Bearer ${service.keyOf('globex')}` } })).statusCode).toBe(201)
    expect(before).not.toContain('tenant:globex:alerts')
    // A channel that was locked exists.
    expect(await channels()).toEqual(before)
  })

  describe('sampler', () => {
    beforeEach(() => service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'platform', until: new Date('2100-01-01') }).execute()))
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
      await vi.waitFor(() => { expect(read).toHaveBeenCalledTimes(1) })
      clock = 13_700
      finish()
      await vi.waitFor(() => { expect(waits).toEqual([600, 300]) })
      expect(published).toEqual([11])
      clock = 13_999.8
      fire()
      await vi.waitFor(() => { expect(read).toHaveBeenCalledTimes(2) })
      finish()
      await vi.waitFor(() => { expect(published).toEqual([11, 14]) })
      await vi.waitFor(() => { expect(waits).toHaveLength(3) })
      fire()
      await vi.waitFor(() => { expect(waits).toHaveLength(4) })
      expect(read).toHaveBeenCalledTimes(2)
      await sampler.stop()
    })

    it('samples each tenth second while nobody looks, and within the next second of somebody who does', async () => {
      await service.database.inSystem(tx => tx.deleteFrom('metric_leases').execute())
      let clock = 0
      let fire: () => void = () => undefined
      let armed = 0
      const published: number[] = []
      const sampler = startSampler({
        database: service.database, read: () => Promise.resolve(reading), now: () => clock,
        publisher: { publishSystemMetrics: data => { published.push(data.at ?? 0); return Promise.resolve({ ...data, id: '', time: '', tenantId: '', timestamp: '' }) } },
        setTimer: run => { armed++; fire = run; return setTimeout(() => undefined, 0) },
      })
      const play = async (from: number, to: number): Promise<void> => {
        for (clock = from; clock <= to; clock += 1000) {
          const before = armed
          fire()
          await vi.waitFor(() => { expect(armed).toBe(before + 1) })
        }
      }
      await play(5000, 22_000)
      expect(published).toEqual([10, 20])
      await service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'platform', until: new Date(25_500) }).execute())
      await play(23_000, 31_000)
      expect(published).toEqual([10, 20, 23, 24, 25, 30])
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
