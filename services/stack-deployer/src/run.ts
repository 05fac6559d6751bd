/** One run of one deployment: finds out where it stands, carries out what is left, and says how it ended. */

import { isFinal, type Deployment, type DeploymentJob, type FinalStatus } from '@neo-stack/events'
import { entryOf } from './catalog.ts'
import type { Catalogue } from './catalog/entry.ts'
import { deliver, DeliveryRefused, DeploymentEnded } from './delivery.ts'
import type { Driver, StepContext, StepOutput } from './drivers/driver.ts'
import { estimateEnd, expectedSeconds, stepsToCome, toNamed, toProgress, type Pace } from './estimate.ts'
import { DeploymentFailure } from './failure.ts'
import type { QuotaLimits } from './log-quota.ts'
import { buildPlan, findStep, whereToGoOn } from './plan.ts'
import type { DeploymentPlatform } from './platform.ts'
import { Report } from './report.ts'
import type { Timing } from './sleep.ts'
import type { PlanStep } from './steps.ts'

/** Least time between two progress events of one step, and between two looks for a cancellation. */
const ADVANCE_MILLISECONDS = 1000
const LOOK_MILLISECONDS = 2000

/** How a deployment ended. */
export type Outcome =
  | { status: 'completed', instanceUrl: string }
  | { status: 'failed', error: DeploymentFailure }
  | { status: 'cancelled' }

/** What a run needs. */
export interface RunOptions extends Timing {
  platform: DeploymentPlatform
  driver: Driver
  catalogue: Catalogue
  domain: string
  /** Tries before the deployment is given up. */
  maxAttempts: number
  /** Number of earlier tries of the same job. */
  attempt: number
  /** How many lines of a log are kept. @default 1,000,000 from the beginning, 5,000 before the end */
  logQuota?: Partial<QuotaLimits> | undefined
  /** Interrupts: the run rejects with its reason, a later run continues. */
  signal: AbortSignal
}

/** A deployment's state, when it is final. */
function finalStatus(known: Deployment | undefined): FinalStatus | undefined {
  return known && isFinal(known.status) ? known.status : undefined
}

/**
 * Runs a deployment to its end, or continues it.
 * @throws the signal's reason when interrupted; {@link DeliveryRefused} when the platform does not accept its events
 */
export async function runDeployment(job: DeploymentJob, options: RunOptions): Promise<Outcome> {
  const { platform, signal, sleep } = options
  const known = await deliver(() => platform.getDeployment(job.tenantId, job.deploymentId), { sleep, signal })
  const run = new Run(job, known, options)
  const status = finalStatus(known)
  if (status === undefined) return run.toEnd()
  // A cancelled deployment whose first worker was lost may have left something behind.
  if (status === 'cancelled' && options.attempt > 0) await run.cleanUp()
  return toOutcome(status, known)
}

function toOutcome(status: FinalStatus, known: Deployment | undefined): Outcome {
  if (status === 'completed') return { status, instanceUrl: known?.instanceUrl ?? '' }
  return status === 'failed' ? { status, error: new DeploymentFailure('step_failed', { step: known?.step ?? '' }) } : { status }
}

class Run {
  readonly #job: DeploymentJob
  readonly #known: Deployment | undefined
  readonly #options: RunOptions
  readonly #report: Report
  readonly #cancel = new AbortController()
  /** Aborted by an interruption and by a cancellation. */
  readonly #running: AbortSignal
  readonly #pace: Pace
  #plan: PlanStep[] = []
  #current: PlanStep | undefined
  #lookedAt: number

  constructor(job: DeploymentJob, known: Deployment | undefined, options: RunOptions) {
    this.#job = job
    this.#known = known
    this.#options = options
    this.#running = AbortSignal.any([options.signal, this.#cancel.signal])
    this.#report = new Report({ ...options, quota: options.logQuota, job, known, simulated: options.driver.simulated })
    this.#pace = { expected: options.driver.pace ?? 1, weight: 0, elapsed: 0 }
    this.#lookedAt = options.now()
  }

  /** Carries out what is left; every way out but an interruption is an end. */
  async toEnd(): Promise<Outcome> {
    const { platform, signal } = this.#options
    const unsubscribe = platform.cancellations?.subscribe(this.#job.deploymentId, () => this.#cancel.abort(new DeploymentEnded()))
    try {
      return await this.#carryOut()
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof DeploymentEnded || this.#cancel.signal.aborted) return await this.#afterForeignEnd()
      if (error instanceof DeliveryRefused) throw error
      return await this.#failed(error)
    } finally {
      unsubscribe?.()
    }
  }

  /** Removes what a lost run of a cancelled deployment may have left. */
  async cleanUp(): Promise<void> {
    this.#plan = this.#makePlan()
    await this.#undo()
  }

  #makePlan(): PlanStep[] {
    return buildPlan(entryOf(this.#options.catalogue, this.#job.instanceType), this.#job, this.#options.domain)
  }

  /**
   * Removes what was made; says what it does as long as the log takes lines.
   * @param failedAt keeps what the steps before this one made
   */
  async #undo(failedAt?: PlanStep): Promise<void> {
    const { driver, signal } = this.#options
    try {
      for await (const output of driver.rollback({ ...this.#context, ...failedAt && { failedAt } }, signal)) await unlessEnded(this.#log(output))
    } catch (error) {
      signal.throwIfAborted()
      await unlessEnded(this.#report.log({ stream: 'stderr', text: toText(error) }))
    }
    await unlessEnded(this.#report.finish())
  }

  async #carryOut(): Promise<Outcome> {
    const { driver, attempt, maxAttempts } = this.#options
    this.#plan = this.#makePlan()
    const first = await this.#firstStep()
    if (first < 0 || attempt >= maxAttempts) throw new DeploymentFailure('worker_lost')
    await this.#begin(first)
    for await (const output of driver.prepare(this.#context, this.#running)) await this.#log(output)
    if (this.#isAfresh) for await (const output of driver.rollback(this.#context, this.#running)) await this.#log(output)
    for (const [index, step] of this.#plan.entries()) {
      if (index >= first) await this.#carryOutStep(step, index, index === first)
    }
    this.#running.throwIfAborted()
    const instanceUrl = await driver.url(this.#context)
    await this.#report.complete(instanceUrl)
    return { status: 'completed', instanceUrl }
  }

  /** Index of the step to begin with; -1 when this plan does not have the step that was interrupted. */
  async #firstStep(): Promise<number> {
    const known = this.#known
    if (known?.status === 'in_progress' && known.step !== undefined) return findStep(this.#plan, known.step, known.params?.['service'])
    const failed = whereToGoOn(this.#plan, this.#job)
    for (const [index, step] of this.#plan.entries()) {
      if (index >= failed || !(await this.#options.driver.stands?.(step, this.#context) ?? true)) return index
    }
    return failed
  }

  /** A new start on a name where earlier tries failed: what they made is not continued. */
  get #isAfresh(): boolean {
    const { from, earlier = [] } = this.#job
    return from === undefined && earlier.length > 0 && this.#known?.status !== 'in_progress'
  }

  async #begin(first: number): Promise<void> {
    const step = this.#plan[first]
    if (this.#known === undefined || this.#known.status === 'queued') {
      const kept = toNamed(this.#plan.slice(0, first))
      const startedAt = new Date(this.#options.now()).toISOString()
      await this.#report.start({ startedAt, expectedSeconds: expectedSeconds(this.#plan.slice(first), this.#pace), ...this.#outlook(first, first - 1), ...kept.length > 0 && { keptSteps: kept } })
      if (kept.length === 0 || !step) return
      return this.#report.log({ stream: 'system', text: `Nova tentativa a partir da etapa: ${step.currentStep} O que as ${kept.length} etapas anteriores criaram continua valendo.` })
    }
    if (this.#resumed && step) await this.#report.log({ stream: 'system', step: step.id, text: `Deployment retomado após interrupção: ${step.currentStep}` })
  }

  async #carryOutStep(step: PlanStep, index: number, isFirst: boolean): Promise<void> {
    const { driver, now } = this.#options
    const startedAt = now()
    this.#current = step
    if (!isFirst) await this.#look()
    this.#running.throwIfAborted()
    // The step that was interrupted has been announced; a second announcement carries the new estimate under a key of its own.
    const phase = isFirst && this.#resumed ? `resume-${this.#options.attempt}-${this.#known?.logLines ?? 0}` : 'begin'
    await this.#report.progressTo({ step, phase, progress: toProgress(this.#plan, index), detail: this.#outlook(index, index) })
    await this.#report.log({ stream: 'system', step: step.id, text: step.currentStep })
    let saidAt = now()
    for await (const output of driver.execute(step, this.#context, this.#running)) {
      if ('text' in output) await this.#log(output, step)
      else if (now() - saidAt >= ADVANCE_MILLISECONDS && await this.#advance(step, index, output.progress)) saidAt = now()
      if (now() - this.#lookedAt >= LOOK_MILLISECONDS && !this.#options.platform.cancellations) await this.#look()
    }
    this.#pace.weight += step.weight
    this.#pace.elapsed += now() - startedAt
  }

  /** Says how far a step is, when that is more than was said before. */
  async #advance(step: PlanStep, index: number, fraction: number): Promise<boolean> {
    const progress = toProgress(this.#plan, index, fraction)
    if (progress <= this.#report.progress) return false
    const { estimatedCompletion, nextSteps } = this.#outlook(index, index, fraction)
    await this.#report.progressTo({ step, phase: `at-${progress}`, progress, detail: { estimatedCompletion, nextSteps } })
    return true
  }

  #outlook(from: number, running: number, fraction = 0): { estimatedCompletion: string, nextSteps: ReturnType<typeof stepsToCome> } {
    const done = (this.#plan[from]?.weight ?? 0) * fraction
    const at = this.#options.now() - done * this.#pace.expected * 1000
    return { estimatedCompletion: estimateEnd(this.#plan, from, { pace: this.#pace, now: at }), nextSteps: stepsToCome(this.#plan, running) }
  }

  /** Ends the run when the deployment ended meanwhile. */
  async #look(): Promise<void> {
    const { platform, sleep, now } = this.#options
    const known = await deliver(() => platform.getDeployment(this.#job.tenantId, this.#job.deploymentId), { sleep, signal: this.#running })
    this.#lookedAt = now()
    if (finalStatus(known)) throw new DeploymentEnded()
  }

  /** Somebody else ended it: a cancelled or failed one leaves nothing behind, a completed one is left as it is. */
  async #afterForeignEnd(): Promise<Outcome> {
    const { platform, sleep, signal } = this.#options
    const known = await deliver(() => platform.getDeployment(this.#job.tenantId, this.#job.deploymentId), { sleep, signal })
    const status = finalStatus(known) ?? 'cancelled'
    if (status !== 'completed') await this.#undo()
    return toOutcome(status, known)
  }

  async #failed(error: unknown): Promise<Outcome> {
    const failure = error instanceof DeploymentFailure ? error : new DeploymentFailure('step_failed', { step: this.#current?.id ?? '' }, { cause: error })
    try {
      if (failure !== error) await this.#report.log({ stream: 'stderr', text: toText(error) })
      if (this.#plan.length > 0) await this.#undo(this.#job.kind === 'create' ? this.#current : undefined)
      await this.#report.fail(failure)
    } catch (problem) {
      if (problem instanceof DeploymentEnded) return this.#afterForeignEnd()
      throw problem
    }
    return { status: 'failed', error: failure }
  }

  async #log(output: StepOutput, step?: PlanStep): Promise<void> {
    if ('text' in output) await this.#report.log({ ...output, ...(step ? { step: step.id } : {}) })
  }

  get #context(): StepContext {
    return { job: this.#job, plan: this.#plan, resumed: this.#resumed }
  }

  /** True when an earlier run has said something. */
  get #resumed(): boolean {
    const { status, logLines = 0 } = this.#known ?? {}
    return status === 'in_progress' || (status === 'starting' && logLines > 0)
  }
}

async function unlessEnded(done: Promise<void>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (!(error instanceof DeploymentEnded)) throw error
  }
}

const toText = (error: unknown): string => error instanceof Error ? error.message : String(error)
