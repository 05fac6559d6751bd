/** DeploymentService (specification 1.2): deploys instances, and runs the jobs that commands have queued. */

import type { DeploymentJob, InstanceType } from '@neo-stack/events'
import { catalogue as ownCatalogue } from './catalog.ts'
import type { Catalogue } from './catalog/entry.ts'
import type { Driver } from './drivers/driver.ts'
import type { QuotaLimits } from './log-quota.ts'
import { DEFAULT_DOMAIN } from './plan.ts'
import type { DeploymentPlatform } from './platform.ts'
import { runDeployment, type Outcome } from './run.ts'
import { sleep as realSleep, type Timing } from './sleep.ts'

/** Configuration of an instance: fields that the stack's catalogue entry knows, and which instance is meant. */
export type InstanceConfig = DeploymentJob['config'] & {
  /** Slug of a new or existing instance. @default the stack's name */
  instanceId?: string
  /** Name for people. @default the instance's slug */
  name?: string
}

/** What a deployment gives back. */
export interface Deployed {
  deploymentId: string
  instanceUrl: string
}

/** What a service is made of. */
export interface DeploymentServiceOptions extends Partial<Timing> {
  platform: DeploymentPlatform
  driver: Driver
  /** Stacks that can be deployed. @default the catalogue of this package */
  catalogue?: Catalogue
  /** How many lines of a deployment's log are kept. @default 1,000,000 from the beginning, 5,000 before the end */
  logQuota?: Partial<QuotaLimits>
  /** Domain below which instances get their host names. @default 'neo-stack.com' */
  domain?: string
  /** Tries before an interrupted deployment is given up as `worker_lost`. With it, the last of the queue's tries says the end. @default 3 */
  maxAttempts?: number
  /** Makes the last part of a deployment's id: lowercase letters and digits. */
  randomId?: () => string
}

/** How a job is run. */
export interface JobRun {
  /** Interrupts; a later run of the same job continues. */
  signal?: AbortSignal
  /** Number of earlier tries. @default 0 */
  attempt?: number
}

/** A deployment was cancelled while somebody waited for it. */
export class DeploymentCancelled extends Error {
  constructor(deploymentId: string) {
    super(`deployment ${deploymentId} was cancelled`)
    this.name = 'DeploymentCancelled'
  }
}

/** Carries out deployments over one driver. Nothing in it is shared between two services. */
export class DeploymentService {
  readonly #options: Required<Omit<DeploymentServiceOptions, 'randomId' | 'logQuota'>> & Pick<DeploymentServiceOptions, 'logQuota'>
  readonly #randomId: () => string
  readonly #running = new Map<string, Promise<Outcome>>()

  constructor({ randomId = () => crypto.randomUUID().slice(0, 8), ...options }: DeploymentServiceOptions) {
    this.#randomId = randomId
    this.#options = { now: Date.now, sleep: realSleep, catalogue: ownCatalogue, domain: DEFAULT_DOMAIN, maxAttempts: 3, ...options }
  }

  /**
   * Deploys an Odoo instance and waits for it.
   * @throws DeploymentFailure with the reason, DeploymentCancelled
   */
  deployOdooInstance(tenantId: string, config: InstanceConfig = {}): Promise<Deployed> {
    return this.#deploy('odoo', tenantId, config)
  }

  /** Deploys a NetBox instance; as {@link deployOdooInstance}. */
  deployNetboxInstance(tenantId: string, config: InstanceConfig = {}): Promise<Deployed> {
    return this.#deploy('netbox', tenantId, config)
  }

  /** Deploys a Wazuh instance; as {@link deployOdooInstance}. */
  deployWazuhInstance(tenantId: string, config: InstanceConfig = {}): Promise<Deployed> {
    return this.#deploy('wazuh', tenantId, config)
  }

  /**
   * Runs a queued job to its end, continuing where an earlier run was interrupted. A deployment that has ended is left alone; a
   * second call while one runs gives the running one's outcome.
   * @throws the signal's reason when interrupted
   */
  run(job: DeploymentJob, options: JobRun = {}): Promise<Outcome> {
    const key = `${job.tenantId}/${job.deploymentId}`
    const running = this.#running.get(key) ?? this.#start(job, options).finally(() => this.#running.delete(key))
    this.#running.set(key, running)
    return running
  }

  #start(job: DeploymentJob, { signal = new AbortController().signal, attempt = 0 }: JobRun): Promise<Outcome> {
    return runDeployment(job, { ...this.#options, signal, attempt })
  }

  async #deploy(instanceType: InstanceType, tenantId: string, given: InstanceConfig): Promise<Deployed> {
    const { instanceId = instanceType, name = instanceId, ...config } = given
    const deploymentId = `${instanceType}-${this.#options.now().toString(36)}-${this.#randomId()}`
    const outcome = await this.run({ tenantId, deploymentId, instanceId, instanceType, name, kind: 'create', config })
    if (outcome.status === 'failed') throw outcome.error
    if (outcome.status === 'cancelled') throw new DeploymentCancelled(deploymentId)
    return { deploymentId, instanceUrl: outcome.instanceUrl }
  }
}
