import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { MetricsPublisher, type MetricsSample } from '@neo-stack/events'
import { addUp, startInstanceSampler, type ReadInstance } from '../src/metrics/instance-sampler.ts'
import { readSeries } from '../src/metrics/series.ts'
import { startService, type TestService } from './service.ts'

const reading: MetricsSample = { at: 0, cpu: 30, memory: 20, disk: 40, networkIn: 5, networkOut: 6, activeInstances: 1, uptime: 100 }

it('several instances are one sample: parts of a host are added up, and a simulated one labels all', () => {
  expect(addUp([reading, { ...reading, cpu: 80, uptime: 50, simulated: true }])).toEqual({ cpu: 100, memory: 40, disk: 40, networkIn: 10, networkOut: 12, activeInstances: 2, uptime: 100, simulated: true })
  expect(addUp([reading])).not.toHaveProperty('simulated')
})

describe('what tenants run', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())
  beforeEach(() => service.database.inSystem(async tx => {
    for (const table of ['metric_samples', 'metric_leases', 'alert_rules', 'instances'] as const) await tx.deleteFrom(table).execute()
    await tx.insertInto('instances').values([
      { tenant_id: 'acme', instance_id: 'shop', instance_type: 'odoo', name: 'Shop', url: 'https://shop.example', simulated: true, deployment_id: 'd-1', created_at: new Date(1000) },
      { tenant_id: 'acme', instance_id: 'net', instance_type: 'netbox', name: 'Net', url: 'https://net.example', simulated: true, deployment_id: 'd-2', created_at: new Date(1000) },
      { tenant_id: 'acme', instance_id: 'gone', instance_type: 'odoo', name: 'Gone', url: null, simulated: true, deployment_id: 'd-3', created_at: new Date(1000) },
    ]).execute()
  }))

  /** Plays seconds one after the other and says which of them were sampled. */
  async function play(from: number, to: number, read: ReadInstance = () => Promise.resolve(reading), between: (at: number) => Promise<unknown> = () => Promise.resolve()): Promise<number[]> {
    let clock = 0
    let fire: () => void = () => undefined
    let armed = 0
    const publisher = new MetricsPublisher(service.publishAs({ type: 'system', id: 'instance-sampler' }))
    const taken: number[] = []
    const sampler = startInstanceSampler({
      database: service.database, read, now: () => clock, onFault: () => { taken.push(-1) },
      publisher: { publishTenantMetrics: (tenantId, data) => { taken.push(data.at ?? 0); return publisher.publishTenantMetrics(tenantId, data) } },
      setTimer: run => { armed++; fire = run; return setTimeout(() => undefined, 0) },
    })
    for (let at = from; at <= to; at++) {
      await between(at)
      clock = at * 1000
      const before = armed
      fire()
      await vi.waitFor(() => { expect(armed).toBe(before + 1) })
    }
    await sampler.stop()
    return taken
  }

  it('is sampled each second while somebody looks, else every ten, as one sample of what runs', async () => {
    const read = vi.fn<ReadInstance>(() => Promise.resolve({ ...reading, simulated: true }))
    const idle = await play(1000, 1019, read)
    expect(idle).toHaveLength(2)
    expect((idle[1] ?? 0) - (idle[0] ?? 0)).toBe(10)
    expect(read.mock.calls.map(([{ instanceId, since }]) => [instanceId, since])).toEqual([['net', 1], ['shop', 1], ['net', 1], ['shop', 1]])
    const { samples } = await readSeries(service.database, 'acme', { from: 1000, to: 1019 }, 1_020_000)
    expect(samples).toMatchObject(idle.map(at => ({ at, cpu: 60, activeInstances: 2, simulated: true })))
    await service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'acme', until: new Date(1_105_000) }).execute())
    expect((await play(1100, 1104)).length).toBe(5)
  })

  it('a tenant that pushes its own samples is not measured beside them, and again when it stops', async () => {
    await service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'acme', until: new Date('2100-01-01') }).execute())
    const taken = await play(2000, 2034, undefined, at => at === 2002
      ? service.database.inSystem(tx => tx.insertInto('metric_samples').values({ tenant_id: 'acme', at, cpu: 1, memory: 1, disk: 1, network_in: 0, network_out: 0, active_instances: 1, uptime: 1 }).execute())
      : Promise.resolve())
    expect(taken).toEqual([2000, 2001, 2032, 2033, 2034])
  })

  it('goes on without a gap in another process that takes over', async () => {
    await service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'acme', until: new Date(1_305_000) }).execute())
    const before = await play(1290, 1294)
    const after = await play(1295, 1299)
    expect([...before, ...after]).toEqual([1290, 1291, 1292, 1293, 1294, 1295, 1296, 1297, 1298, 1299])
  })

  it('a reading that fails is told and leaves a gap', async () => {
    await service.database.inSystem(tx => tx.insertInto('metric_leases').values({ tenant_id: 'acme', until: new Date('2100-01-01') }).execute())
    let turn = 0
    expect(await play(3000, 3002, () => turn++ === 0 ? Promise.reject(new Error('no Docker')) : Promise.resolve(reading))).toEqual([-1, 3001, 3002])
  })
})
