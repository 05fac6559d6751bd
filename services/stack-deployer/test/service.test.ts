import { describe, expect, it } from 'vitest'
import { buildPlan, catalogue, createSimulatedDriver, DeploymentCancelled, DeploymentFailure, DeploymentService, entryOf, type DeploymentServiceOptions, type JobRun } from '../src/index.ts'
import { createJob, FakePlatform, Problem, type Connection } from './fake-platform.ts'
import { createVirtualTime } from './virtual-time.ts'

interface Bench { platform: FakePlatform, service: DeploymentService, connection: Connection }

let benches = 0

function createBench(platform = new FakePlatform(), over: Partial<DeploymentServiceOptions> & { hearsCancel?: boolean } = {}): Bench {
  // A later run begins at a later time and so says other estimates.
  const time = createVirtualTime(Date.UTC(2026, 0, 1, 0, ++benches))
  const connection = platform.connect(over)
  const service = new DeploymentService({ ...time, platform: connection, driver: createSimulatedDriver({ sleep: time.sleep }), randomId: () => 'r1', ...over })
  return { platform, service, connection }
}

function expectDenseLog({ logs }: FakePlatform): void {
  expect(logs.map(({ n }) => n)).toEqual(logs.map((_, index) => index + 1))
}

function expectRising({ progress }: FakePlatform): void {
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
}

const ends = ({ events }: FakePlatform): string[] =>
  events.map(({ type }) => type).filter(type => ['deployment_complete', 'deployment_error', 'deployment_cancelled'].includes(type))

/** Starts a run and cuts it off, as kill -9 does, when the condition first holds. */
async function runUntilCut(platform: FakePlatform, isTime: (what: string) => boolean, run: JobRun = {}): Promise<boolean> {
  const { service, connection } = createBench(platform)
  const controller = new AbortController()
  let wasCut = false
  platform.afterCall = what => {
    if (wasCut || !isTime(what)) return
    wasCut = true
    connection.cut()
    controller.abort(new Error('killed'))
  }
  await service.run(createJob(), { ...run, signal: controller.signal }).catch(() => undefined)
  platform.afterCall = () => undefined
  return wasCut
}

describe('a deployment', () => {
  it.each(['odoo', 'netbox', 'wazuh'] as const)('of %s goes from start to completion', async instanceType => {
    const { platform, service } = createBench()
    const deploy = { odoo: 'deployOdooInstance', netbox: 'deployNetboxInstance', wazuh: 'deployWazuhInstance' } as const
    const deployed = await service[deploy[instanceType]]('acme', {})
    expect(deployed.instanceUrl).toBe(`https://${instanceType}-acme.neo-stack.com`)
    expect(deployed.deploymentId).toMatch(new RegExp(`^${instanceType}-[a-z0-9]+-r1$`))
    expect(platform.deployment).toMatchObject({ status: 'completed', progress: 100, instanceType, simulated: true, instanceUrl: deployed.instanceUrl })
    expect(platform.deployment?.nextSteps?.[0]).toMatchObject({ id: 'open_instance', url: deployed.instanceUrl })
    expect(platform.logs[0]?.text).toMatch(/^Simulação/)
    expect(platform.events.every(event => 'simulated' in event.data && event.data.simulated === true)).toBe(true)
    expect(ends(platform)).toEqual(['deployment_complete'])
    expectDenseLog(platform)
    expectRising(platform)
  })

  it.each(['redeploy', 'rollback', 'delete'] as const)('of kind %s completes', async kind => {
    const { platform, service } = createBench()
    expect(await service.run(createJob({ kind }))).toMatchObject({ status: 'completed' })
    expect(platform.logs.at(-1)?.text).toBe(kind === 'delete' ? 'Instância removida.' : 'Instância disponível em: https://erp-acme.neo-stack.com')
    expectRising(platform)
  })

  it('says steps to come and an end that lies ahead while it runs', async () => {
    const { platform, service } = createBench()
    platform.queue(createJob())
    await service.run(createJob())
    const running = platform.events.filter(({ type }) => type === 'deployment_progress')
    const first = running[0]?.data
    if (!first || !('nextSteps' in first)) throw new Error('no next steps')
    expect(first.nextSteps?.[0]).toEqual({ id: 'pull_image', params: { service: 'postgres', image: 'postgres:16.9' } })
    const ends = running.map(({ data }) => 'estimatedCompletion' in data ? Date.parse(data.estimatedCompletion ?? '') : Number.NaN)
    const spread = Math.max(...ends) - Math.min(...ends)
    expect(spread).toBeLessThan(8000)
    expect(running.length).toBeGreaterThan(15)
  })

  it('says when it was taken up and how long it should take by the catalogue, of what is left of it', async () => {
    const startOf = async (job: ReturnType<typeof createJob>, pace: number): Promise<object | undefined> => {
      const driver = { ...createSimulatedDriver({ speed: 1e9 }), pace }
      const { platform, service } = createBench(new FakePlatform(), { driver })
      platform.queue(job)
      await service.run(job)
      return platform.events.find(({ type }) => type === 'deployment_start')?.data
    }
    const plan = buildPlan(entryOf(catalogue, 'odoo'), createJob())
    const seconds = plan.reduce((sum, { weight }) => sum + weight, 0)
    expect(await startOf(createJob(), 1)).toMatchObject({ startedAt: expect.stringMatching(/^2026-01-01T/) as string, expectedSeconds: seconds })
    expect(await startOf(createJob(), 0.5)).toMatchObject({ expectedSeconds: seconds / 2 })
    const left = plan.slice(plan.findIndex(({ id }) => id === 'create_admin')).reduce((sum, { weight }) => sum + weight, 0)
    expect(await startOf(createJob({ earlier: ['d-0'], from: { step: 'create_admin' } }), 1)).toMatchObject({ expectedSeconds: left })
  })

  it('stores the lines of a step before it says that the next one began', async () => {
    const { platform, service } = createBench()
    const stored: number[] = []
    platform.afterCall = what => {
      if (what === 'deployment_progress' && platform.events.at(-1)?.idempotencyKey?.endsWith(':begin')) stored.push(platform.logs.length)
    }
    await service.run(createJob())
    const headings = stored.map(count => platform.logs[count]?.text)
    expect(headings).toHaveLength(13)
    expect(headings).toEqual(platform.logs.filter(({ stream, step }) => stream === 'system' && step).map(({ text }) => text))
  })

  it('gathers lines into few batches', async () => {
    const { platform, service } = createBench()
    await service.run(createJob())
    expect(platform.logs.length).toBeGreaterThan(80)
    expect(platform.appends).toBeLessThan(platform.logs.length)
  })

  it('runs once when it is asked for twice at the same time, and not again after its end', async () => {
    const { platform, service } = createBench()
    await Promise.all([service.run(createJob()), service.run(createJob())])
    const said = platform.events.length
    expect(await service.run(createJob(), { attempt: 1 })).toEqual({ status: 'completed', instanceUrl: 'https://erp-acme.neo-stack.com' })
    expect(platform.events).toHaveLength(said)
  })
})

describe('a failing deployment', () => {
  it.each(['image_pull', 'port_in_use', 'unhealthy', 'disk_full'] as const)('with %s ends with the reason after a rollback', async simulateFailure => {
    const { platform, service } = createBench()
    await expect(service.deployOdooInstance('acme', { simulateFailure })).rejects.toBeInstanceOf(DeploymentFailure)
    expect(platform.deployment).toMatchObject({ status: 'failed', nextSteps: [{ id: 'see_logs' }, { id: 'retry_deployment' }] })
    expect(platform.deployment?.messageKey).toBeTruthy()
    expect(platform.deployment?.error).toBe(platform.logs.at(-1)?.text)
    expect(platform.logs.some(({ stream }) => stream === 'stderr')).toBe(true)
    expect(platform.logs.some(({ text }) => text === 'Rollback done')).toBe(true)
    expect(ends(platform)).toEqual(['deployment_error'])
    expectDenseLog(platform)
    expectRising(platform)
  })

  it('with a configuration that is not accepted fails without doing anything', async () => {
    const { platform, service } = createBench()
    platform.queue(createJob())
    expect(await service.run(createJob({ config: { version: 'x y' } }))).toMatchObject({ status: 'failed', error: { messageKey: 'invalid_config' } })
    expect(platform.logs.map(({ text }) => text)).toEqual(['O valor do campo version não é aceito.'])
  })

  it('of a stack that is not in the catalogue says so', async () => {
    const { platform, service } = createBench()
    const job = createJob({ instanceType: 'gitlab' })
    platform.queue(job)
    expect(await service.run(job)).toMatchObject({ status: 'failed', error: { messageKey: 'unknown_stack', params: { stack: 'gitlab' } } })
  })

  it('with an unexpected error names the step, and keeps the error for the log', async () => {
    const driver = createSimulatedDriver({ speed: 1e9 })
    const { platform, service } = createBench(new FakePlatform(), {
      driver: { ...driver, async* execute(step, context, signal) {
        if (step.id === 'create_network') throw new TypeError('socket hang up')
        yield* driver.execute(step, context, signal)
      } },
    })
    await service.run(createJob())
    expect(platform.deployment).toMatchObject({ status: 'failed', messageKey: 'step_failed', params: { step: 'create_network' } })
    expect(platform.logs.map(({ text }) => text)).toContain('socket hang up')
  })
})

describe('another try of a failed deployment', () => {
  const failing = (id: string): Partial<DeploymentServiceOptions> => {
    const driver = createSimulatedDriver({ speed: 1e9 })
    return {
      driver: { ...driver, async* execute(step, context, signal) {
        if (step.id === id) throw new DeploymentFailure('step_failed', { step: id })
        yield* driver.execute(step, context, signal)
      } },
    }
  }
  const begun = ({ events }: FakePlatform): string[] =>
    events.flatMap(({ idempotencyKey = '' }) => idempotencyKey.endsWith(':begin') && !idempotencyKey.endsWith(':start:begin') ? [idempotencyKey.split(':')[1] ?? ''] : [])

  it('goes on in the step that failed: what was ok stays ok and is not carried out again', async () => {
    const first = createBench(new FakePlatform(), failing('init_database'))
    first.platform.queue(createJob())
    expect(await first.service.run(createJob())).toMatchObject({ status: 'failed' })
    expect(first.platform.logs.map(({ text }) => text)).toContain('Rolling back step init_database; what the steps before it made stays for another try')
    const before = first.platform.deployment?.progress ?? 0

    const { platform, service } = createBench()
    const job = createJob({ deploymentId: 'd-2', earlier: ['d-1'], from: { step: 'init_database' } })
    platform.queue(job)
    expect(await service.run(job)).toMatchObject({ status: 'completed' })
    expect(begun(platform)[0]).toBe('init_database')
    expect(platform.deployment?.keptSteps?.map(({ id }) => id)).toEqual(['check_resources', 'pull_image', 'pull_image', 'create_network', 'create_volumes', 'create_secrets', 'start_service'])
    expect(platform.progress[1]).toBeGreaterThanOrEqual(before)
    expectDenseLog(platform)
    expectRising(platform)
  })

  it('goes on earlier where what a step made no longer stands', async () => {
    const driver = createSimulatedDriver({ speed: 1e9 })
    const { platform, service } = createBench(new FakePlatform(), { driver: { ...driver, stands: step => Promise.resolve(step.id !== 'create_volumes') } })
    const job = createJob({ earlier: ['d-0'], from: { step: 'create_admin' } })
    platform.queue(job)
    await service.run(job)
    expect(begun(platform)[0]).toBe('create_volumes')
  })

  it('of a redeployment stops and copies anew: the former instance was brought back meanwhile', async () => {
    const { platform, service } = createBench()
    const job = createJob({ kind: 'redeploy', from: { step: 'check_health', service: 'odoo' } })
    platform.queue(job)
    await service.run(job)
    expect(begun(platform)[0]).toBe('stop_service.odoo')
  })

  it('begins at the beginning when the plan no longer has the step', async () => {
    const { platform, service } = createBench()
    const job = createJob({ from: { step: 'compile_kernel' } })
    platform.queue(job)
    await service.run(job)
    expect(begun(platform)[0]).toBe('check_resources')
  })

  it('continues where it was when its worker is lost, and is one log', async () => {
    const job = createJob({ deploymentId: 'd-2', earlier: ['d-1'], from: { step: 'init_database' } })
    const platform = new FakePlatform()
    platform.queue(job)
    const one = createBench(platform)
    const controller = new AbortController()
    platform.afterCall = () => {
      if (platform.deployment?.step !== 'start_service') return
      one.connection.cut()
      controller.abort(new Error('killed'))
    }
    await one.service.run(job, { signal: controller.signal }).catch(() => undefined)
    platform.afterCall = () => undefined
    expect(await createBench(platform).service.run(job, { attempt: 1 })).toMatchObject({ status: 'completed' })
    expect(begun(platform).filter(step => step === 'init_database')).toHaveLength(1)
    expectDenseLog(platform)
    expectRising(platform)
  })

  it('that is new on a name where others failed begins without what they left', async () => {
    const driver = createSimulatedDriver({ speed: 1e9 })
    const order: string[] = []
    const { platform, service } = createBench(new FakePlatform(), {
      driver: {
        ...driver,
        async* rollback(context, signal) {
          order.push(`rollback ${context.job.earlier?.join() ?? ''}`)
          yield* driver.rollback(context, signal)
        },
        async* execute(step, context, signal) {
          order.push(step.id)
          yield* driver.execute(step, context, signal)
        },
      },
    })
    const job = createJob({ earlier: ['d-0'] })
    platform.queue(job)
    await service.run(job)
    expect(order.slice(0, 2)).toEqual(['rollback d-0', 'check_resources'])
  })
})

describe('a cancelled deployment', () => {
  const steps = 13

  it.each(Array.from({ length: steps }, (_, index) => index))('is rolled back and stops when cancelled in step %i', async at => {
    for (const hearsCancel of [true, false]) {
      const { platform, service } = createBench(new FakePlatform(), { hearsCancel })
      platform.queue(createJob())
      let begun = -1
      platform.afterCall = what => {
        const last = platform.events.at(-1)
        if (what !== 'deployment_progress' || !last?.idempotencyKey?.endsWith(':begin')) return
        if (++begun === at) platform.cancel()
      }
      expect(await service.run(createJob())).toEqual({ status: 'cancelled' })
      expect(begun).toBe(at)
      expect(platform.deployment?.status).toBe('cancelled')
      expect(ends(platform)).toEqual([])
      expect(platform.listeners).toBe(0)
      expectDenseLog(platform)
    }
  })

  it('is noticed within a step that says nothing new, on a platform that does not tell', async () => {
    const time = createVirtualTime()
    const driver = createSimulatedDriver({ speed: 1e9 })
    const { platform, service } = createBench(new FakePlatform(), {
      ...time, hearsCancel: false,
      driver: { ...driver, async* execute(_step, _context, signal) {
        for (let waited = 0; waited < 600; waited++) {
          await time.sleep(1000, signal)
          if (waited === 5) platform.cancel()
          yield { progress: 0 }
        }
      } },
    })
    platform.queue(createJob())
    const before = time.now()
    expect(await service.run(createJob())).toEqual({ status: 'cancelled' })
    expect(time.now() - before).toBeLessThan(10_000)
  })

  it('rejects for who waits for it', async () => {
    const { platform, service } = createBench()
    platform.afterCall = what => { if (what === 'append') platform.cancel() }
    await expect(service.deployNetboxInstance('acme')).rejects.toBeInstanceOf(DeploymentCancelled)
  })

  it('is left alone when it was cancelled before it began, and cleaned up when a worker was lost before', async () => {
    const rollbacks: string[] = []
    const driver = createSimulatedDriver({ speed: 1e9 })
    const { platform, service } = createBench(new FakePlatform(), {
      driver: { ...driver, async* rollback(context, signal) {
        rollbacks.push(context.job.deploymentId)
        yield* driver.rollback(context, signal)
      } },
    })
    platform.queue(createJob())
    platform.cancel()
    await service.run(createJob())
    expect(rollbacks).toEqual([])
    await service.run(createJob(), { attempt: 1 })
    expect(rollbacks).toEqual(['d-1'])
    expect(platform.events).toEqual([])
  })
})

describe('an interrupted deployment', () => {
  it('continues after a crash at any call to the platform: dense log, rising progress, one end', async () => {
    const whole = createBench()
    let calls = 0
    whole.platform.afterCall = () => { calls++ }
    whole.platform.queue(createJob())
    await whole.service.run(createJob())
    for (let at = 1; at < calls; at += 3) {
      const platform = new FakePlatform()
      platform.queue(createJob())
      let count = 0
      expect(await runUntilCut(platform, () => ++count === at)).toBe(true)
      const kept = platform.logs.length
      const before = structuredClone(platform.logs)
      const { service } = createBench(platform)
      expect(await service.run(createJob(), { attempt: 1 })).toMatchObject({ status: 'completed' })
      expect(platform.logs.slice(0, kept)).toEqual(before)
      expect(ends(platform)).toEqual(['deployment_complete'])
      expect(platform.logs.filter(({ text }) => text.startsWith('Simulação'))).toHaveLength(1)
      expectDenseLog(platform)
      expectRising(platform)
    }
  })

  it('does not carry finished steps out again and says that it was resumed', async () => {
    const platform = new FakePlatform()
    platform.queue(createJob())
    await runUntilCut(platform, () => platform.deployment?.step === 'init_database')
    const { service } = createBench(platform)
    await service.run(createJob(), { attempt: 1 })
    const began = platform.events.filter(({ idempotencyKey }) => idempotencyKey?.endsWith(':begin')).map(({ idempotencyKey }) => idempotencyKey)
    expect(new Set(began).size).toBe(began.length)
    expect(platform.logs.filter(({ text }) => /Pulling from library|Pulling from postgres/.test(text))).toHaveLength(1)
    expect(platform.logs.filter(({ stream, text }) => stream === 'system' && /retomado após interrupção: Configurando banco de dados odoo/.test(text))).toHaveLength(1)
  })

  it('survives crash after crash', async () => {
    const platform = new FakePlatform()
    platform.queue(createJob())
    for (let attempt = 0; attempt < 4; attempt++) {
      let appends = 0
      await runUntilCut(platform, what => what === 'append' && ++appends === 12, { attempt: Math.min(attempt, 2) })
    }
    const { service } = createBench(platform, { maxAttempts: 5 })
    expect(await service.run(createJob(), { attempt: 4 })).toMatchObject({ status: 'completed' })
    expectDenseLog(platform)
    expectRising(platform)
  })

  it('is given up as worker_lost after too many tries, or when its step is unknown', async () => {
    for (const [attempt, step] of [[3, 'init_database'], [1, 'compile_kernel']] as const) {
      const { platform, service } = createBench()
      platform.queue(createJob())
      if (platform.deployment) platform.deployment = { ...platform.deployment, status: 'in_progress', step, progress: 40 }
      expect(await service.run(createJob(), { attempt })).toMatchObject({ status: 'failed', error: { messageKey: 'worker_lost' } })
      expect(ends(platform)).toEqual(['deployment_error'])
    }
  })

  it('rejects with the signal\'s reason and says no end', async () => {
    const { platform, service } = createBench()
    platform.queue(createJob())
    const controller = new AbortController()
    platform.afterCall = () => { if (platform.deployment?.step === 'create_volumes') controller.abort(new Error('shutting down')) }
    await expect(service.run(createJob(), { signal: controller.signal })).rejects.toThrow('shutting down')
    expect(ends(platform)).toEqual([])
    expect(platform.listeners).toBe(0)
  })
})

describe('an unreliable platform', () => {
  it('that fails every third call, before or after storing, gets everything once', async () => {
    const { platform, service } = createBench()
    platform.queue(createJob())
    let count = 0
    platform.onCall = () => { if (++count % 3 === 0) throw new Problem('unavailable') }
    platform.afterCall = () => { if (++count % 5 === 0) throw new Error('socket closed') }
    expect(await service.run(createJob())).toMatchObject({ status: 'completed' })
    expect(ends(platform)).toEqual(['deployment_complete'])
    expect(new Set(platform.events.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(platform.events.length)
    const clean = createBench()
    clean.platform.queue(createJob())
    await clean.service.run(createJob())
    expect(platform.logs.map(({ text }) => text)).toEqual(clean.platform.logs.map(({ text }) => text))
  })

  it('that is away for minutes gets the end when it is back', async () => {
    const { platform, service } = createBench()
    let refused = 0
    platform.onCall = what => { if (what === 'deployment_complete' && refused++ < 40) throw new Problem('internal') }
    expect(await service.run(createJob())).toMatchObject({ status: 'completed' })
    expect(refused).toBe(41)
  })

  it('that lost the end of the log gets the following lines without a gap', async () => {
    const { platform, service } = createBench()
    let lost = false
    platform.onCall = what => {
      if (what !== 'append' || lost || platform.logs.length < 30) return
      lost = true
      platform.logs.splice(20)
      if (platform.deployment) platform.deployment = { ...platform.deployment, logLines: 20 }
    }
    await service.run(createJob())
    expect(lost).toBe(true)
    expectDenseLog(platform)
  })

  it('that knows an event already, said otherwise, is believed', async () => {
    const { platform, service } = createBench()
    platform.onCall = what => { if (what === 'deployment_progress' && platform.deployment?.step === 'pull_image') throw new Problem('idempotency_conflict') }
    expect(await service.run(createJob())).toMatchObject({ status: 'completed' })
    expectDenseLog(platform)
  })

  it('that refuses the events makes the run reject, so that the queue knows', async () => {
    const { platform, service } = createBench()
    platform.onCall = what => { if (what === 'deployment_progress') throw new Problem('forbidden') }
    await expect(service.run(createJob())).rejects.toThrow('the platform refused')
  })
})
