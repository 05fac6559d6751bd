/** Failures that the simulation can show: where they happen, what is printed, and the reason. */

import type { DeploymentJob } from '@neo-stack/events'
import { DeploymentFailure } from '../failure.ts'
import type { PlanStep } from '../steps.ts'

/** Values of the configuration field `simulateFailure`. */
export type SimulatedFailure = 'image_pull' | 'port_in_use' | 'unhealthy' | 'disk_full'

/** How a step ends badly. */
export interface FailingStep {
  stderr: string[]
  reason: DeploymentFailure
}

interface Case {
  /** The step of a plan that fails. */
  at: (plan: readonly PlanStep[]) => PlanStep | undefined
  make: (step: PlanStep) => FailingStep
}

const cases: Readonly<Record<SimulatedFailure, Case>> = {
  image_pull: {
    at: plan => plan.findLast(({ id }) => id === 'pull_image'),
    make: ({ params }) => ({
      stderr: [`Error response from daemon: manifest for ${params['image']} not found: manifest unknown`],
      reason: new DeploymentFailure('image_pull_failed', { image: params['image'] ?? '' }),
    }),
  },
  port_in_use: {
    at: plan => plan.findLast(({ id, params }) => id === 'start_service' && 'port' in params),
    make: ({ params }) => ({
      stderr: [
        'Error response from daemon: driver failed programming external connectivity',
        `Bind for 0.0.0.0:${params['port']} failed: port is already allocated`,
      ],
      reason: new DeploymentFailure('port_in_use', { port: params['port'] ?? 0 }),
    }),
  },
  unhealthy: {
    at: plan => plan.find(({ id }) => id === 'check_health'),
    make: ({ params, weight }) => ({
      stderr: [`health: ${params['service']}: connection refused`, `health: ${params['service']} is unhealthy, giving up`],
      reason: new DeploymentFailure('service_unhealthy', { service: params['service'] ?? '', seconds: weight }),
    }),
  },
  disk_full: {
    at: plan => plan.find(({ id }) => id === 'init_database' || id === 'backup_data') ?? plan.find(({ id }) => id === 'check_resources'),
    make: () => ({
      stderr: ['FATAL:  could not extend file "base/5/16397": No space left on device', 'HINT:  Check free disk space.'],
      reason: new DeploymentFailure('disk_full', { needed: '2.0 GiB', free: '0.1 GiB' }),
    }),
  },
}

const isFailure = (value: unknown): value is SimulatedFailure => typeof value === 'string' && Object.hasOwn(cases, value)

/** How this step fails, when the configuration asks for a failure that belongs to it. */
export function failureOf(step: PlanStep, job: DeploymentJob, plan: readonly PlanStep[]): FailingStep | undefined {
  const asked = job.config['simulateFailure']
  if (!isFailure(asked)) return undefined
  const { at, make } = cases[asked]
  return at(plan) === step ? make(step) : undefined
}
