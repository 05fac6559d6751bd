import { PGlite } from '@electric-sql/pglite'
import { DEPLOYMENT_QUEUE, deploymentJobKey, deploymentQueueOptions } from '@neo-stack/events'
import { fromPglite, PgBoss } from 'pg-boss'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createDeployer, createSimulatedDriver, createWorker, recoverJobs, retryBlockedJobs, sleep,
  type JobQueue, type JobRunner, type Outcome, type Worker,
} from '../src/index.ts'
import { createJob, FakePlatform } from './fake-platform.ts'

const pglite = new PGlite()
let boss: PgBoss

async function createBoss(): Promise<PgBoss> {
  const made = new PgBoss({ db: fromPglite(pglite), backend: 'pglite', useListenNotify: true })
  made.on('error', error => { throw error })
  return made.start()
}

beforeAll(async () => {
  boss = await createBoss()
  await boss.createQueue(DEPLOYMENT_QUEUE, deploymentQueueOptions)
}, 60_000)

const started: Worker[] = []

async function start<Made extends Worker>(worker: Made): Promise<Made> {
  started.push(worker)
  await worker.start()
  return worker
}

afterEach(() => Promise.all(started.splice(0).map(worker => worker.stop(0))))

beforeEach(() => boss.deleteAllJobs(DEPLOYMENT_QUEUE))

afterAll(async () => {
  await boss.stop({ graceful: false })
  await pglite.close()
})

const send = (job: ReturnType<typeof createJob>, options = {}): Promise<string | null> =>
  boss.send(DEPLOYMENT_QUEUE, job, { singletonKey: deploymentJobKey(job), ...options })

const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await boss.findJobs<{ deploymentId: string }>(DEPLOYMENT_QUEUE)).map(job => [job.data.deploymentId, job.state]))

const done: Outcome = { status: 'completed', instanceUrl: 'https://x.example' }

type Run = JobRunner['run']

/** A service that notes what it is asked and lets the test say when it is done. */
function createService(run: Run): { service: JobRunner, begun: string[], ended: string[] } {
  const begun: string[] = []
  const ended: string[] = []
  return {
    begun, ended,
    service: {
      run: async (job, options) => {
        begun.push(job.deploymentId)
        const outcome = await run(job, options)
        ended.push(job.deploymentId)
        return outcome
      },
    },
  }
}

const untilAborted: Run = (_job, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('the worker over pg-boss', () => {
  it('takes a job, deploys it once, and completes the job', async () => {
    const platform = new FakePlatform()
    platform.queue(createJob())
    const deployer = await start(createDeployer({ queue: boss, platform: platform.connect(), driver: createSimulatedDriver({ speed: 1e9 }) }))
    await send(createJob())
    await expect.poll(() => platform.deployment?.status, { timeout: 5000 }).toBe('completed')
    await expect.poll(states).toEqual({ 'd-1': 'completed' })
    expect(platform.events.filter(({ type }) => type === 'deployment_start')).toHaveLength(1)
    await deployer.stop()
    await deployer.stop()
  })

  it('runs several instances at once, and the deployments of one instance one after the other in order', async () => {
    const gates = new Map<string, () => void>()
    const { service, begun } = createService(({ deploymentId }) => new Promise(resolve => gates.set(deploymentId, () => resolve(done))))
    await send(createJob({ deploymentId: 'd-1', instanceId: 'one' }))
    await send(createJob({ deploymentId: 'd-2', instanceId: 'one' }))
    await send(createJob({ deploymentId: 'd-3', instanceId: 'two' }))
    const worker = await start(createWorker({ queue: boss, service, concurrency: 3 }))
    await expect.poll(() => begun.toSorted(), { timeout: 5000 }).toEqual(['d-1', 'd-3'])
    expect(await states()).toMatchObject({ 'd-2': 'created' })
    gates.get('d-1')?.()
    await expect.poll(() => begun.at(-1), { timeout: 8000 }).toBe('d-2')
    for (const open of gates.values()) open()
    await worker.stop()
    expect(await states()).toEqual({ 'd-1': 'completed', 'd-2': 'completed', 'd-3': 'completed' })
  }, 15_000)

  it('runs each of 100 deployments once over two workers, never more than two of a tenant at once', async () => {
    const running = new Map<string, number>()
    let most = 0
    const { service, begun, ended } = createService(async ({ tenantId }) => {
      running.set(tenantId, (running.get(tenantId) ?? 0) + 1)
      most = Math.max(most, running.get(tenantId) ?? 0)
      await new Promise(resolve => { setTimeout(resolve, 5) })
      running.set(tenantId, (running.get(tenantId) ?? 0) - 1)
      return done
    })
    const jobs = Array.from({ length: 100 }, (_, index) => createJob({ tenantId: `t-${index % 4}`, deploymentId: `d-${index}`, instanceId: `i-${index % 20}` }))
    for (const job of jobs) await send(job, { group: { id: job.tenantId } })
    const other = await createBoss()
    await start(createWorker({ queue: boss, service, concurrency: 4 }))
    await start(createWorker({ queue: other, service, concurrency: 4 }))
    await expect.poll(() => ended.length, { timeout: 110_000, interval: 200 }).toBe(100)
    expect(begun.toSorted()).toEqual(jobs.map(({ deploymentId }) => deploymentId).toSorted())
    expect(most).toBeLessThanOrEqual(2)
    expect(most).toBeGreaterThan(1)
    await Promise.all(started.splice(0).map(worker => worker.stop()))
    await other.stop({ graceful: false, close: false })
  }, 120_000)

  it('drops a job that is not a deployment, and says so', async () => {
    const errors: unknown[] = []
    const { service, begun } = createService(() => Promise.resolve(done))
    const worker = await start(createWorker({ queue: boss, service, onError: error => errors.push(error) }))
    await boss.send(DEPLOYMENT_QUEUE, { nonsense: true }, { singletonKey: 'x' })
    await expect.poll(() => errors.length, { timeout: 5000 }).toBe(1)
    await worker.stop()
    expect(begun).toEqual([])
    expect(Object.values(await states())).toEqual(['completed'])
  })

  it('says with which deployment it was at work when its platform failed', async () => {
    const told: unknown[] = []
    const { service } = createService(() => Promise.reject(new Error('the database is away')))
    const worker = await start(createWorker({ queue: boss, service, onError: (error, job) => told.push([(error as Error).message, job?.tenantId, job?.deploymentId]) }))
    const job = createJob()
    await send(job)
    await expect.poll(() => told[0], { timeout: 5000 }).toEqual(['the database is away', job.tenantId, job.deploymentId])
    await worker.stop()
  })

  it('lets running jobs finish when it stops', async () => {
    const { service, begun, ended } = createService(async () => {
      await sleep(200)
      return done
    })
    const worker = await start(createWorker({ queue: boss, service }))
    await send(createJob())
    await expect.poll(() => begun, { timeout: 5000 }).toEqual(['d-1'])
    await worker.stop(5000)
    expect(ended).toEqual(['d-1'])
    expect(await states()).toEqual({ 'd-1': 'completed' })
  })

  it('hands jobs back that do not finish in time, and continues them at the next start', async () => {
    const attempts: number[] = []
    const { service, begun } = createService((job, options) => {
      attempts.push(options.attempt)
      return attempts.length === 1 ? untilAborted(job, options) : Promise.resolve(done)
    })
    const worker = await start(createWorker({ queue: boss, service }))
    await send(createJob())
    await expect.poll(() => begun, { timeout: 5000 }).toEqual(['d-1'])
    await worker.stop(20)
    expect(await states()).toEqual({ 'd-1': 'retry' })
    await worker.start()
    await expect.poll(states, { timeout: 5000 }).toEqual({ 'd-1': 'completed' })
    expect(attempts).toEqual([0, 1])
    await worker.stop()
  })
})

describe('recovery', () => {
  it('puts jobs of a dead process back at once, keeping their order', async () => {
    await send(createJob({ deploymentId: 'd-1' }))
    await send(createJob({ deploymentId: 'd-2' }))
    await boss.fetch(DEPLOYMENT_QUEUE)
    expect(await states()).toEqual({ 'd-1': 'active', 'd-2': 'created' })
    expect(await recoverJobs(boss)).toBe(1)
    expect(await recoverJobs(boss)).toBe(0)
    const { service, begun } = createService(() => Promise.resolve(done))
    const worker = await start(createWorker({ queue: boss, service }))
    await expect.poll(() => begun, { timeout: 8000 }).toEqual(['d-1', 'd-2'])
    await worker.stop()
  }, 15_000)

  it('continues a deployment whose worker was killed in the middle', async () => {
    const platform = new FakePlatform()
    platform.queue(createJob())
    const lost = platform.connect()
    const driver = createSimulatedDriver({ speed: 1e4 })
    platform.afterCall = () => { if (platform.deployment?.step === 'init_database') lost.cut() }
    const first = await start(createDeployer({ queue: boss, platform: lost, driver }))
    await send(createJob())
    await expect.poll(() => platform.deployment?.step, { timeout: 5000 }).toBe('init_database')
    platform.afterCall = () => undefined
    expect(await recoverJobs(boss)).toBe(1)
    const second = await start(createDeployer({ queue: boss, platform: platform.connect(), driver }))
    await expect.poll(() => platform.deployment?.status, { timeout: 5000 }).toBe('completed')
    expect(platform.logs.map(({ n }) => n)).toEqual(platform.logs.map((_, index) => index + 1))
    await Promise.all([first.stop(0), second.stop()])
    expect(await states()).toEqual({ 'd-1': 'completed' })
  }, 15_000)

  it('gives a job that the queue gave up another try, so that its instance is not held up for ever', async () => {
    const id = await send(createJob({ deploymentId: 'd-1' }), { retryLimit: 0 })
    await send(createJob({ deploymentId: 'd-2' }))
    await boss.fetch(DEPLOYMENT_QUEUE)
    await boss.fail(DEPLOYMENT_QUEUE, id ?? '')
    expect(await states()).toMatchObject({ 'd-1': 'failed' })
    expect(await retryBlockedJobs(boss)).toBe(1)
    expect(await states()).toMatchObject({ 'd-1': 'retry', 'd-2': 'created' })
  })

  it('leaves queues of another policy to their own rules', async () => {
    const queue = { getQueue: () => Promise.resolve({ policy: 'standard' }) } as unknown as JobQueue
    expect(await retryBlockedJobs(queue)).toBe(0)
  })
})
