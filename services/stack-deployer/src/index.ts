/**
 * Carries out deployments: plans over a catalogue, a driver port with a labelled simulation, and a queue worker that continues what was
 * interrupted.
 *
 * @example
 * const deployer = createDeployer({ queue: boss, platform })
 * await deployer.start()
 */

export { createDeployer } from './app.ts'
export type { Deployer, DeployerOptions } from './app.ts'
export { DeploymentCancelled, DeploymentService } from './service.ts'
export type { Deployed, DeploymentServiceOptions, InstanceConfig, JobRun } from './service.ts'
export type { Outcome } from './run.ts'
export type { Cancellations, DeploymentPlatform } from './platform.ts'
export { createWorker, WorkerStopped } from './worker.ts'
export type { JobQueue, JobRunner, QueuedJob, TakeOptions, Worker, WorkerOptions } from './worker.ts'
export { recoverJobs, retryBlockedJobs } from './recover.ts'
export type { JobStore, StoredJob } from './recover.ts'
export { buildPlan } from './plan.ts'
export type { PlanInput } from './plan.ts'
export { catalogue, entryOf, toStacks } from './catalog.ts'
export { readCatalogueFile } from './catalogue-file.ts'
export type { CatalogueFile } from './catalogue-file.ts'
export type { Catalogue, CatalogueEntry, ConfigField, ContainerSpec, ServiceSpec, StepCommand, StepSpec } from './catalog/entry.ts'
export type { QuotaLimits } from './log-quota.ts'
export { deploymentNextSteps, deploymentReasons, deploymentSteps, renderSentence, stepKey } from './steps.ts'
export type { MessageParams, NextStepId, PlanStep, ReasonId, StepId } from './steps.ts'
export { DeploymentFailure } from './failure.ts'
export type { Driver, InstanceRef, StepContext, StepOutput } from './drivers/driver.ts'
export { createSimulatedDriver } from './drivers/simulated.ts'
export type { SimulatedOptions } from './drivers/simulated.ts'
export type { SimulatedFailure } from './drivers/failures.ts'
export { simulatedStats } from './drivers/figures.ts'
export { sleep } from './sleep.ts'
export type { Sleep, Timing } from './sleep.ts'
