/** Plans: what a deployment does, step by step. Pure; the same entry, kind and configuration always give the same plan. */

import type { DeploymentJob, DeploymentKind } from '@neo-stack/events'
import type { CatalogueEntry, ServiceSpec, StepSpec } from './catalog/entry.ts'
import { DeploymentFailure } from './failure.ts'
import { deploymentSteps, renderSentence, type MessageParams, type PlanStep, type StepId } from './steps.ts'

/** Domain below which instances get their host names. */
export const DEFAULT_DOMAIN: string = 'neo-stack.com'

/** What a plan depends on. */
export type PlanInput = Pick<DeploymentJob, 'tenantId' | 'instanceId' | 'kind' | 'config'>

type Draft = Omit<PlanStep, 'currentStep'>

interface Scope { entry: CatalogueEntry, kind: DeploymentKind, config: MessageParams, host: string, network: string, volumes: string, order: readonly ServiceSpec[] }

/**
 * Makes the ordered steps of a deployment.
 * @param domain where the instance's host name goes below
 * @throws DeploymentFailure `invalid_config` with the field, when the configuration holds a value that the stack does not accept
 */
export function buildPlan(entry: CatalogueEntry, input: PlanInput, domain: string = DEFAULT_DOMAIN): PlanStep[] {
  const scope = toScope(entry, input, domain)
  return builders[input.kind](scope).map(step => ({ ...step, currentStep: renderSentence(deploymentSteps[step.id], step.params) }))
}

/** The host name that a plan routes to its instance. */
export function routedHost(plan: readonly PlanStep[]): string {
  return String(plan.find(step => step.id === 'configure_route' || step.id === 'remove_route')?.params['host'] ?? DEFAULT_DOMAIN)
}

/** Where a step that was stored by key stands in a plan; -1 when the plan does not know it. */
export function findStep(plan: readonly PlanStep[], id: string, service: string | number | undefined): number {
  const exact = plan.findIndex(step => step.id === id && step.params['service'] === service)
  if (exact >= 0) return exact
  const named = plan.filter(step => step.id === id)
  return named.length === 1 && named[0] ? plan.indexOf(named[0]) : -1
}

/**
 * Where another try of a failed deployment goes on: at the step that failed. Where an instance stood before, it was brought back when
 * the step failed, so that it is stopped and copied anew.
 */
export function whereToGoOn(plan: readonly PlanStep[], { from }: Pick<DeploymentJob, 'from'>): number {
  const failed = from ? findStep(plan, from.step, from.service) : 0
  const stops = plan.findIndex(({ id }) => id === 'stop_service')
  const isChange = plan.some(({ id }) => id === 'backup_data')
  return Math.max(0, isChange ? Math.min(failed, stops) : failed)
}

const builders: Record<DeploymentKind, (scope: Scope) => Draft[]> = {
  create: scope => [
    draft('check_resources', 3),
    ...pulls(scope),
    draft('create_network', 2, { network: scope.network }),
    draft('create_volumes', 2, { volumes: scope.volumes }),
    draft('create_secrets', 2),
    ...(scope.entry.certificates ? [draft('generate_certificates', 6)] : []),
    ...scope.order.flatMap(service => bring(scope, service)),
    ...publish(scope),
  ],
  redeploy: scope => [
    draft('check_resources', 3),
    ...pulls(scope),
    ...stops(scope),
    draft('backup_data', 12),
    ...scope.order.flatMap(service => bring(scope, service)),
    ...publish(scope),
  ],
  rollback: scope => [
    draft('check_resources', 3),
    draft('select_version', 2),
    ...pulls(scope),
    ...stops(scope),
    draft('backup_data', 12),
    draft('restore_data', 20),
    ...scope.order.flatMap(service => bring(scope, service)),
    ...publish(scope),
  ],
  delete: scope => [
    draft('remove_route', 2, { host: scope.host }),
    ...stops(scope),
    draft('remove_containers', 4),
    draft('remove_volumes', 4, { volumes: scope.volumes }),
    draft('remove_network', 2, { network: scope.network }),
    draft('remove_secrets', 1),
  ],
}

function toScope(entry: CatalogueEntry, input: PlanInput, domain: string): Scope {
  return {
    entry,
    kind: input.kind,
    config: readConfig(entry, input.config),
    host: `${input.instanceId}-${input.tenantId}.${domain}`,
    network: `${input.instanceId}-network`,
    volumes: volumesOf(entry).join(', '),
    order: inDependencyOrder(entry.services),
  }
}

/** The configuration that a stack knows, defaults filled in. @throws DeploymentFailure `invalid_config` */
export function readConfig(entry: Pick<CatalogueEntry, 'config'>, given: PlanInput['config']): MessageParams {
  return Object.fromEntries(Object.entries(entry.config).map(([field, { default: fallback, pattern }]) => {
    const value = String(given[field] ?? fallback)
    if (!pattern.test(value)) throw new DeploymentFailure('invalid_config', { field })
    return [field, value]
  }))
}

/** Services after everything they need, otherwise in the entry's order. */
export function inDependencyOrder(services: readonly ServiceSpec[]): ServiceSpec[] {
  const ordered: ServiceSpec[] = []
  let waiting = [...services]
  while (waiting.length > 0) {
    const ready = waiting.filter(service => service.needs.every(need => ordered.some(({ name }) => name === need)))
    if (ready.length === 0) throw new Error(`services need each other: ${waiting.map(({ name }) => name).join(', ')}`)
    ordered.push(...ready)
    waiting = waiting.filter(service => !ready.includes(service))
  }
  return ordered
}

/** Every volume of a stack, once. */
export function volumesOf({ services }: Pick<CatalogueEntry, 'services'>): string[] {
  return [...new Set(services.flatMap(({ container }) => Object.keys(container.mounts)))]
}

function draft(id: StepId, weight: number, params: MessageParams = {}): Draft {
  return { id, params, weight }
}

function pulls({ entry, config }: Scope): Draft[] {
  return entry.services.map(service =>
    draft('pull_image', service.pull, { service: service.name, image: renderSentence(service.image, config) }))
}

function stops({ order }: Scope): Draft[] {
  return order.toReversed().map(({ name }) => draft('stop_service', 3, { service: name }))
}

function bring(scope: Scope, service: ServiceSpec): Draft[] {
  return [
    ...own(scope, service.before),
    draft('start_service', service.start, { service: service.name, ...(service.port > 0 ? { port: service.port } : {}) }),
    ...own(scope, service.after),
  ]
}

function own({ kind, config }: Scope, specs: readonly StepSpec[]): Draft[] {
  return specs.filter(({ kinds }) => kinds.includes(kind)).map(({ id, weight, params = {} }) => draft(id, weight, fill(params, config)))
}

function fill(params: MessageParams, config: MessageParams): MessageParams {
  return Object.fromEntries(Object.entries(params).map(([name, value]) =>
    [name, typeof value === 'string' ? renderSentence(value, config) : value]))
}

function publish({ entry, host }: Scope): Draft[] {
  return [draft('check_health', entry.health, { service: entry.front }), draft('configure_route', 3, { host })]
}
