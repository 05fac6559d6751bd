/** What every driver does, whatever it drives. Each adapter's test runs it with a factory. */

import { metricsSampleSchema } from '@neo-stack/events'
import { expect, it } from 'vitest'
import { buildPlan, catalogue, entryOf, type Catalogue, type Driver, type PlanStep, type StepContext, type StepOutput } from '../src/index.ts'
import { createJob } from './fake-platform.ts'

/** Collects what a driver says. */
export async function collect(outputs: AsyncIterable<StepOutput>): Promise<StepOutput[]> {
  const all: StepOutput[] = []
  for await (const output of outputs) all.push(output)
  return all
}

/** Context and plan of a job. */
export function createContext(over: Parameters<typeof createJob>[0] = {}, resumed = false, entries: Catalogue = catalogue): StepContext & { plan: PlanStep[] } {
  const job = createJob(over)
  return { job, plan: buildPlan(entryOf(entries, job.instanceType), job), resumed }
}

/** @param entries what the driver deploys. @default the catalogue of this package */
export function driverContract(createDriver: () => Driver | Promise<Driver>, entries: Catalogue = catalogue): void {
  const contextOfOne = (): StepContext & { plan: PlanStep[] } => createContext({}, false, entries)
  const never = new AbortController().signal

  it('carries out a whole plan, saying lines and rising fractions', async () => {
    const driver = await createDriver()
    const context = contextOfOne()
    await collect(driver.prepare(context, never))
    for (const step of context.plan) {
      const outputs = await collect(driver.execute(step, context, never))
      expect(outputs.some(output => 'text' in output)).toBe(true)
      const fractions = outputs.flatMap(output => 'progress' in output ? [output.progress] : [])
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
      for (const fraction of fractions) expect(fraction >= 0 && fraction <= 1).toBe(true)
    }
    expect(new URL(await driver.url(context)).protocol).toMatch(/^https?:$/)
  })

  it('carries out a step again after it was interrupted in the middle', async () => {
    const driver = await createDriver()
    const context = contextOfOne()
    for (const step of context.plan) {
      const first = driver.execute(step, context, never)[Symbol.asyncIterator]()
      await first.next()
      await first.return?.()
      await expect(collect(driver.execute(step, { ...context, resumed: true }, never))).resolves.not.toHaveLength(0)
    }
  })

  it('ends with the signal\'s reason, before and during a step', async () => {
    const driver = await createDriver()
    const context = contextOfOne()
    const [step] = context.plan
    if (!step) throw new Error('the plan has steps')
    const reason = new Error('stop it')
    await expect(collect(driver.execute(step, context, AbortSignal.abort(reason)))).rejects.toBe(reason)
    await expect(collect(driver.prepare(context, AbortSignal.abort(reason)))).rejects.toBe(reason)
    const controller = new AbortController()
    const during = (async () => {
      for await (const _output of driver.execute(step, context, controller.signal)) controller.abort(reason)
    })()
    await expect(during).rejects.toBe(reason)
  })

  it('rolls back twice without a fault, also when nothing was made', async () => {
    const driver = await createDriver()
    const context = contextOfOne()
    await collect(driver.rollback(context, never))
    await collect(driver.rollback(context, never))
  })

  it('gives figures that the metrics family accepts', async () => {
    const driver = await createDriver()
    const sample = await driver.stats({ tenantId: 'acme', instanceId: 'erp' }, 1_767_225_600)
    expect(metricsSampleSchema.safeParse(sample).error).toBeUndefined()
    if (driver.simulated) expect(sample.simulated).toBe(true)
  })
}
