/** The port that carries out steps: the simulation here, containers elsewhere. Every adapter passes the contract suite in test/. */

import type { DeployedInstance, DeploymentJob, InitialAccount, InstanceLog, InstanceLogWish, MetricsSample } from '@neo-stack/events'
import type { PlanStep } from '../steps.ts'

/** What a driver says while it works: a line of output, or how much of the step is done (0 to 1). */
export type StepOutput = { stream: 'stdout' | 'stderr', text: string } | { progress: number }

/** The deployment that a step belongs to. */
export interface StepContext {
  job: DeploymentJob
  /** The whole plan, for a driver that has to know what comes. */
  plan: readonly PlanStep[]
  /** True when an earlier run of the same deployment was interrupted. */
  resumed: boolean
  /** While a new instance is rolled back: the step that failed. What the steps before it made stays for another try; missing: nothing stays. */
  failedAt?: PlanStep
}

/** An instance as the figures need it. */
export interface InstanceRef {
  tenantId: string
  instanceId: string
  /** When it was started, in seconds since the Unix epoch; unknown when missing. */
  since?: number
}

/**
 * Carries out steps. Outputs are pulled: a reader that waits makes the driver wait. An aborted signal ends the iteration with
 * the signal's reason, at the latest at the next output. Every step may run again after an interruption and then has the same
 * result (idempotence). A step that fails throws, a {@link DeploymentFailure} where a person can be told why.
 */
export interface Driver {
  /** True when nothing real happens. */
  readonly simulated: boolean
  /** Expected real seconds per second of a step's weight. @default 1 */
  readonly pace?: number
  /** Runs once before the first step of each run: connects, checks, says what it is. */
  prepare(context: StepContext, signal: AbortSignal): AsyncIterable<StepOutput>
  /** Carries out one step. */
  execute(step: PlanStep, context: StepContext, signal: AbortSignal): AsyncIterable<StepOutput>
  /** Whether what a step made in an earlier try can be used as it is. Absent: always. */
  stands?(step: PlanStep, context: StepContext): Promise<boolean>
  /** Removes what this deployment, and the earlier tries that it continues, have made so far; without anything made it does nothing. */
  rollback(context: StepContext, signal: AbortSignal): AsyncIterable<StepOutput>
  /** Where the instance is reached after the plan. */
  url(context: StepContext): string | Promise<string>
  /** The account that a deployment made on the instance, for its first sign-in; undefined when the instance has none. Absent where nothing real is deployed. */
  initialAccount?(instance: DeployedInstance): Promise<InitialAccount | undefined>
  /** The last lines that the instance's services have printed, without its secrets; undefined when nothing of it is there. Absent where nothing real is deployed. */
  readLog?(instance: DeployedInstance, wanted: InstanceLogWish): Promise<InstanceLog | undefined>
  /** The instance's figures at a time in seconds since the Unix epoch. */
  stats(instance: InstanceRef, at: number): Promise<MetricsSample>
}
