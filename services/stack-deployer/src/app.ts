/** Brings the parts together: a service over a driver, and a worker over a queue. */

import type { Driver } from './drivers/driver.ts'
import { createSimulatedDriver } from './drivers/simulated.ts'
import { DeploymentService, type DeploymentServiceOptions } from './service.ts'
import { createWorker, type Worker, type WorkerOptions } from './worker.ts'

/** What a deployer is made of; `platform` and `queue` are given, the rest has defaults. */
export interface DeployerOptions extends Omit<DeploymentServiceOptions, 'driver'>, Pick<WorkerOptions, 'queue' | 'concurrency' | 'perTenant' | 'onError'> {
  /** Carries out the steps. @default the labelled simulation */
  driver?: Driver
}

/** A deployer: starts and stops its worker, and deploys on call. */
export interface Deployer extends Worker {
  service: DeploymentService
  driver: Driver
}

/**
 * Makes a deployer; nothing runs before `start`.
 *
 * @example
 * await recoverJobs(boss) // only with the data folder's lock, before start
 * const deployer = createDeployer({ queue: boss, platform: { publisher, appendLogs, getDeployment } })
 * await deployer.start()
 * // …
 * await deployer.stop()
 */
export function createDeployer({ queue, concurrency, perTenant, onError, driver = createSimulatedDriver(), ...options }: DeployerOptions): Deployer {
  const service = new DeploymentService({ ...options, driver })
  const worker = createWorker({
    queue, service, ...(concurrency === undefined ? {} : { concurrency }), ...(perTenant === undefined ? {} : { perTenant }), ...(onError ? { onError } : {}), ...(options.sleep ? { sleep: options.sleep } : {}),
  })
  return { service, driver, ...worker }
}
