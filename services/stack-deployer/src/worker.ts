/** The worker: takes deployment jobs out of the queue and runs them, several instances at once. */

import { DEPLOYMENT_QUEUE, DEPLOYMENTS_PER_TENANT, deploymentJobSchema, type DeploymentJob } from '@neo-stack/events'
import { retryBlockedJobs, type JobStore } from './recover.ts'
import { sleep as realSleep, type Sleep } from './sleep.ts'

const DEFAULT_STOP_MILLISECONDS = 5000
/** Also where notifications wake the worker: nobody notifies when an instance's next job comes free. */
const POLL_SECONDS = 2
const SWEEP_MILLISECONDS = 30_000

/** A job as the queue hands it out. */
export interface QueuedJob {
  id: string
  data: unknown
  /** Number of earlier tries. */
  retryCount: number
  /** Aborted when the queue takes the job away. */
  signal: AbortSignal
}

/** How jobs are taken. */
export interface TakeOptions {
  batchSize: number
  localConcurrency: number
  pollingIntervalSeconds: number
  notifyPollingIntervalSeconds: number
  /** Running jobs of one group at most, over all workers. */
  groupConcurrency: number
}

/** The part of a job queue that the worker needs; pg-boss 12 is one. A handler that rejects puts its job back. */
export interface JobQueue extends JobStore {
  work(queue: string, options: TakeOptions, handler: (jobs: QueuedJob[]) => Promise<void>): Promise<string>
  offWork(queue: string, options: { id: string, wait: boolean }): Promise<void>
}

/** What runs a job: a DeploymentService. */
export interface JobRunner {
  run(job: DeploymentJob, options: { signal: AbortSignal, attempt: number }): Promise<unknown>
}

/** What a worker is made of. */
export interface WorkerOptions {
  queue: JobQueue
  service: JobRunner
  /** Deployments at once. @default 4 */
  concurrency?: number
  /**
   * Deployments of one tenant at once, over all workers. event-service reckons with the default: with any other number its
   * `job_queue_oldest_seconds` is wrong, as it counts jobs that may not run yet, or leaves out some that may.
   * @default DEPLOYMENTS_PER_TENANT
   */
  perTenant?: number
  sleep?: Sleep
  /** Hears what went wrong outside of deployments – an unreadable job, a queue that does not answer – and with which deployment it was at work. */
  onError?: (error: unknown, job?: Pick<DeploymentJob, 'tenantId' | 'deploymentId'>) => void
}

/** Takes jobs between `start` and `stop`; both may be called again. */
export interface Worker {
  /** Begins to take jobs; also gives failed jobs that hold their instance up another try, now and every 30 s. */
  start(): Promise<void>
  /**
   * Takes no more jobs, waits for the running ones, then interrupts them: their jobs go back to the queue and continue at the next start.
   * @param timeout milliseconds to wait. @default 5000
   */
  stop(timeout?: number): Promise<void>
}

/** A worker that stops; the queue hands its jobs out again. */
export class WorkerStopped extends Error {
  constructor() {
    super('the worker was stopped')
    this.name = 'WorkerStopped'
  }
}

/** Makes a worker; it takes nothing before `start`. */
export function createWorker(options: WorkerOptions): Worker {
  let session: Session | undefined
  return {
    async start() {
      session ??= new Session(options)
      await session.started
    },
    async stop(timeout = DEFAULT_STOP_MILLISECONDS) {
      const stopping = session
      await stopping?.stop(timeout)
      if (session === stopping) session = undefined
    },
  }
}

/** What lives between one start and one stop. */
class Session {
  readonly started: Promise<void>
  readonly #options: WorkerOptions
  readonly #sleep: Sleep
  readonly #interrupt = new AbortController()
  readonly #idle = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #workId: string | undefined
  #stopped: Promise<void> | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#sleep = options.sleep ?? realSleep
    this.started = this.#start()
  }

  /** Every call waits for the first one's end. */
  stop(timeout: number): Promise<void> {
    this.#stopped ??= this.#stop(timeout)
    return this.#stopped
  }

  async #start(): Promise<void> {
    const { queue, concurrency = 4, perTenant = DEPLOYMENTS_PER_TENANT } = this.#options
    this.#workId = await queue.work(
      DEPLOYMENT_QUEUE,
      { batchSize: 1, localConcurrency: concurrency, pollingIntervalSeconds: POLL_SECONDS, notifyPollingIntervalSeconds: POLL_SECONDS, groupConcurrency: perTenant },
      async jobs => { await Promise.all(jobs.map(job => this.#track(this.#handle(job)))) },
    )
    this.#track(this.#sweep()).catch(() => undefined)
  }

  async #stop(timeout: number): Promise<void> {
    const { queue } = this.#options
    await this.started.catch(() => undefined)
    this.#idle.abort()
    const off = this.#workId === undefined ? undefined : queue.offWork(DEPLOYMENT_QUEUE, { id: this.#workId, wait: true })
    const patience = new AbortController()
    this.#sleep(timeout, patience.signal).then(() => this.#interrupt.abort(new WorkerStopped()), () => undefined)
    await off?.catch(this.#onError)
    await Promise.allSettled(this.#running)
    patience.abort()
  }

  async #handle(job: QueuedJob): Promise<void> {
    const parsed = deploymentJobSchema.safeParse(job.data)
    if (!parsed.success) return this.#onError(new Error(`job ${job.id} is not a deployment: ${parsed.error.message}`))
    await this.#run(parsed.data, job)
  }

  async #run(data: DeploymentJob, { signal, retryCount }: QueuedJob): Promise<void> {
    try {
      await this.#options.service.run(data, { signal: AbortSignal.any([signal, this.#interrupt.signal]), attempt: retryCount })
    } catch (error) {
      if (!this.#interrupt.signal.aborted) this.#onError(error, data)
      throw error
    }
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#idle
    while (!signal.aborted) {
      await retryBlockedJobs(this.#options.queue).catch(this.#onError)
      await this.#sleep(SWEEP_MILLISECONDS, signal).catch(() => undefined)
    }
  }

  #track(work: Promise<void>): Promise<void> {
    this.#running.add(work)
    const forget = (): void => { this.#running.delete(work) }
    work.then(forget, forget)
    return work
  }

  readonly #onError: NonNullable<WorkerOptions['onError']> = (error, job) => this.#options.onError?.(error, job)
}
