/** What one run says about its deployment: events with idempotency keys, and the log. */

import type { Deployment, DeploymentDetail, DeploymentJob } from '@neo-stack/events'
import { codeOf, deliver, DeliveryRefused, DeploymentEnded } from './delivery.ts'
import type { DeploymentFailure } from './failure.ts'
import type { QuotaLimits } from './log-quota.ts'
import { LogSender, type OutputLine } from './logs.ts'
import { afterFailure, afterSuccess } from './next-steps.ts'
import type { DeploymentPlatform } from './platform.ts'
import type { Timing } from './sleep.ts'
import { stepKey, type PlanStep } from './steps.ts'

/** Where a run stands, for one event. */
export interface Position {
  step: PlanStep
  /** Percent. */
  progress: number
  /** Tells the events of one step apart. */
  phase: string
  detail: Pick<DeploymentDetail, 'nextSteps' | 'keptSteps' | 'startedAt' | 'expectedSeconds' | 'estimatedCompletion'>
}

/** What a report is made of. */
export interface ReportOptions extends Timing {
  platform: DeploymentPlatform
  job: DeploymentJob
  known: Deployment | undefined
  simulated: boolean
  /** How many lines of the log are kept. */
  quota?: Partial<QuotaLimits> | undefined
  /** Ends the run without an end of the deployment. */
  signal: AbortSignal
}

/** Tells the platform; every call resolves when it is stored, and rejects with {@link DeploymentEnded} when the deployment is over. */
export class Report {
  readonly #options: ReportOptions
  readonly #log: LogSender
  #progress: number

  constructor(options: ReportOptions) {
    const { platform, job, known } = options
    this.#options = options
    this.#progress = known?.progress ?? 0
    this.#log = new LogSender({
      ...options,
      last: known?.logLines ?? 0,
      append: lines => platform.appendLogs(job.tenantId, job.deploymentId, lines),
      readLast: async () => (await platform.getDeployment(job.tenantId, job.deploymentId))?.logLines ?? 0,
    })
  }

  /** Highest percentage that has been said. */
  get progress(): number {
    return this.#progress
  }

  /** Adds a line to the log; waits while the store is behind. */
  log(line: OutputLine): Promise<void> {
    return this.#log.push(line)
  }

  /** Resolves when all lines are stored, also those that waited for the end. */
  finish(): Promise<void> {
    return this.#log.finish()
  }

  /** Says that the deployment was taken up. */
  async start(detail: Position['detail']): Promise<void> {
    const { platform, job } = this.#options
    await this.#say('start:begin', common => platform.publisher.publishStart(job.tenantId, job.deploymentId, job.instanceType, { ...common, ...detail }))
  }

  /** Says where the run stands; the percentage never falls, and lines before it are stored first. */
  async progressTo({ step, progress, phase, detail }: Position): Promise<void> {
    const { platform, job } = this.#options
    await this.#log.flush()
    this.#progress = Math.max(this.#progress, progress)
    await this.#say(`${stepKey(step)}:${phase}`, common =>
      platform.publisher.publishProgress(job.tenantId, job.deploymentId, this.#progress, step.currentStep, {
        ...common, ...detail, step: step.id, params: step.params,
      }))
  }

  /** Says that it succeeded. */
  async complete(url: string): Promise<void> {
    const { platform, job } = this.#options
    await this.#log.finish()
    const isRemoved = job.kind === 'delete'
    const said = isRemoved ? { currentStep: 'Instância removida.', logs: ['Instância removida.'] } : { logs: [`Instância disponível em: ${url}`] }
    await this.#say('end:final', common => platform.publisher.publishCompletion(job.tenantId, job.deploymentId, isRemoved ? undefined : url, {
      ...common, ...said, nextSteps: afterSuccess(job.kind, url),
    }))
  }

  /** Says that it failed, and why. */
  async fail({ message, messageKey, params }: DeploymentFailure): Promise<void> {
    const { platform, job } = this.#options
    await this.#log.finish()
    await this.#say('end:final', common => platform.publisher.publishError(job.tenantId, job.deploymentId, message, {
      ...common, logs: [message], messageKey, params, nextSteps: afterFailure(),
    }))
  }

  /** An event that was said before under its key, by this run or an earlier one, counts as said. */
  async #say(key: string, send: (common: DeploymentDetail) => Promise<unknown>): Promise<void> {
    const { job, simulated, sleep, signal } = this.#options
    const common: DeploymentDetail = {
      idempotencyKey: `${job.deploymentId}:${key}`, instanceId: job.instanceId, instanceType: job.instanceType, kind: job.kind, logs: [],
      ...(job.name === '' ? {} : { name: job.name.slice(0, 120) }), ...(simulated ? { simulated } : {}),
    }
    try {
      await deliver(() => send(common), { sleep, signal })
    } catch (error) {
      const code = codeOf(error)
      if (code === 'idempotency_conflict') return
      if (code === 'deployment_finished') throw new DeploymentEnded()
      throw code === undefined || signal.aborted ? error : new DeliveryRefused(error)
    }
  }
}
