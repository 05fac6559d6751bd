import { metricsSampleSchema } from '@neo-stack/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSimulatedDriver, DeploymentFailure, simulatedStats, type SimulatedFailure } from '../src/index.ts'
import { totalWeight } from '../src/estimate.ts'
import { collect, createContext, driverContract } from './driver-contract.ts'
import { createVirtualTime } from './virtual-time.ts'

const never = new AbortController().signal
const fast = (): ReturnType<typeof createSimulatedDriver> => createSimulatedDriver({ speed: 1e9 })

describe('the simulated driver keeps the contract', () => driverContract(fast))

describe('the simulated driver', () => {
  it('says first that nothing real is deployed, once per deployment', async () => {
    expect(await collect(fast().prepare(createContext(), never))).toEqual([
      { stream: 'stdout', text: 'Simulação: não há containers disponíveis, nada real está sendo implantado.' },
    ])
    expect(await collect(fast().prepare(createContext({}, true), never))).toEqual([])
  })

  it('prints the same for the same deployment and something else for another', async () => {
    const print = async (deploymentId: string): Promise<unknown[]> => {
      const context = createContext({ deploymentId })
      const all = await Promise.all(context.plan.map(step => collect(fast().execute(step, context, never))))
      return all.flat()
    }
    expect(await print('d-1')).toEqual(await print('d-1'))
    expect(await print('d-1')).not.toEqual(await print('d-2'))
  })

  it('has lines that fit each stack', async () => {
    for (const [instanceType, pattern] of [['odoo', /Loading module crm/], ['netbox', /Applying dcim\.0001_initial/], ['wazuh', /root CA/]] as const) {
      const context = createContext({ instanceType })
      const outputs = (await Promise.all(context.plan.map(step => collect(fast().execute(step, context, never))))).flat()
      const text = outputs.flatMap(output => 'text' in output ? [output.text] : []).join('\n')
      expect(text).toMatch(pattern)
      expect(text).toMatch(/Pulling fs layer/)
      expect(text).not.toMatch(/undefined|\bNaN\b/)
    }
  })

  it('takes about 25 seconds for Odoo', async () => {
    const { now, sleep } = createVirtualTime()
    const context = createContext()
    const driver = createSimulatedDriver({ sleep })
    const before = now()
    for (const step of context.plan) await collect(driver.execute(step, context, never))
    const seconds = (now() - before) / 1000
    expect(seconds).toBeGreaterThan(20)
    expect(seconds).toBeLessThan(30)
    expect(seconds).toBeCloseTo(totalWeight(context.plan) * (driver.pace ?? 1), 0)
  })

  it.each([
    ['image_pull', 'pull_image', 'image_pull_failed'],
    ['port_in_use', 'start_service', 'port_in_use'],
    ['unhealthy', 'check_health', 'service_unhealthy'],
    ['disk_full', 'init_database', 'disk_full'],
  ] as const)('fails with %s in the step %s, with stderr and a reason', async (simulateFailure: SimulatedFailure, id, messageKey) => {
    const context = createContext({ config: { simulateFailure } })
    const failed: { id: string, error: unknown, stderr: boolean }[] = []
    for (const step of context.plan) {
      let stderr = false
      try {
        for await (const output of fast().execute(step, context, never)) stderr ||= 'text' in output && output.stream === 'stderr'
      } catch (error) {
        failed.push({ id: step.id, error, stderr })
      }
    }
    expect(failed).toMatchObject([{ id, stderr: true, error: { messageKey } }])
    expect(failed[0]?.error).toBeInstanceOf(DeploymentFailure)
    expect((failed[0]?.error as Error).message).not.toMatch(/[{}]/)
  })

  it('gives figures that are labelled, in range, and the same for the same second', () => {
    fc.assert(fc.property(fc.constantFrom('odoo', 'netbox', 'wazuh'), fc.integer({ min: 1, max: 4_000_000_000 }), (instanceId, at) => {
      const sample = simulatedStats({ tenantId: 'acme', instanceId }, at)
      expect(metricsSampleSchema.safeParse(sample).error).toBeUndefined()
      expect(sample).toEqual(simulatedStats({ tenantId: 'acme', instanceId }, at))
      expect(sample.simulated).toBe(true)
    }))
    const uptime = (at: number): number => simulatedStats({ tenantId: 'acme', instanceId: 'erp', since: 1000 }, at).uptime
    expect(uptime(1060)).toBe(60)
  })
})
