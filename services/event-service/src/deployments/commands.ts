/** What people ask of deployments: create, cancel, retry. */

import { randomBytes } from 'node:crypto'
import { isFinal, type DeploymentAccepted, type DeploymentJob, type DeploymentState, type InstanceType } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { enqueue, submit, type Asked, type Command, type CommandsOptions, type Start } from './enqueue.ts'
import { toSlug, withSuffix } from './identifiers.ts'
import { findInstance, readPast, type PastOrder } from './past.ts'
import { findDeployment, type DeploymentKey } from './rows.ts'
import { settleRollback } from './settle.ts'
import { getRecipe } from './snapshots.ts'
import { kindOfDeploying } from './versions.ts'

/** What to deploy. */
export interface Order {
  instanceType: InstanceType
  instanceId?: string | undefined
  name?: string | undefined
  config: Record<string, string | number | boolean>
}

/** Commands on deployments; each resolves after its commit. */
export interface DeploymentCommands {
  /**
   * Queues a deployment: of a new instance, or again of an existing one.
   * @throws {Problem} `idempotency_conflict`; `unprocessable` when the instance is of another type; `invalid_request` for an unknown stack
   */
  create: (asked: Asked, order: Order) => Promise<DeploymentAccepted>
  /**
   * Ends a deployment. A queued one is taken out of the queue; a running one's worker notices and rolls back, and the instance
   * stays busy until it has.
   * @throws {Problem} `not_found`, `deployment_finished`
   */
  cancel: (asked: Asked, deploymentId: string) => Promise<DeploymentAccepted>
  /**
   * Queues a deployment again that failed or was cancelled: the same kind with the same configuration, from the step that failed when
   * nothing else happened on the instance since; a `create` whose instance meanwhile stands is a `redeploy`.
   * @throws {Problem} `not_found`; `unprocessable` when it has not ended, succeeded, or is of no known type
   */
  retry: (asked: Asked, deploymentId: string) => Promise<DeploymentAccepted>
}

/** Another command made an instance of this name first. */
class InstanceTaken extends Error {
  override readonly name = 'InstanceTaken'
}

const ATTEMPTS = 5

/** Creates the commands. */
export function createCommands(options: CommandsOptions): DeploymentCommands {
  return {
    create: (asked, order) => create(options, asked, order),
    cancel: (asked, deploymentId) => cancel(options, asked, deploymentId),
    retry: async (asked, deploymentId) => {
      const { instanceType, instanceId, name, kind, status, config, backTo } = await getRecipe(options.database, { tenantId: asked.tenantId, deploymentId })
      if (!isFinal(status) || status === 'completed') throw new Problem('unprocessable', { detail: 'Only a failed or cancelled deployment can be retried.' })
      if (!instanceType) throw new Problem('unprocessable', { detail: 'It is not known what this deployment deploys.' })
      const command = { asked, scope: `deployments/${deploymentId}/retry`, action: 'deployment.retried', body: {}, settle: settleAgain(deploymentId, backTo) }
      return enqueue(options, command, { instanceType, instanceId, name, kind, config })
    },
  }
}

/** A rollback that is tried again goes where it was to go; what failed goes on in the step that failed. */
function settleAgain(failedId: string, backTo: string | undefined): Required<Command>['settle'] {
  return async (tx, job) => {
    const past = (await readPast(tx, job)).filter(({ deploymentId }) => deploymentId !== job.deploymentId)
    return { ...job.kind === 'rollback' && settleRollback(past, backTo), ...await whereItFailed(tx, { job, past, failedId }) }
  }
}

/** Only what happened last on the instance is continued: after anything else nobody knows what stands. */
async function whereItFailed(tx: Tx, { job, past, failedId }: { job: DeploymentJob, past: readonly PastOrder[], failedId: string }): Promise<Pick<DeploymentJob, 'from'>> {
  const last = past.at(-1)
  if (last?.deploymentId !== failedId || last.status !== 'failed' || last.kind !== job.kind) return {}
  const { step, params } = (await findDeployment(tx, { tenantId: job.tenantId, deploymentId: failedId }))?.state as Partial<DeploymentState> | undefined ?? {}
  const service = params?.['service']
  return step === undefined ? {} : { from: { step, ...typeof service === 'string' && { service } } }
}

async function create(options: CommandsOptions, asked: Asked, order: Order): Promise<DeploymentAccepted> {
  assertStack(options, order)
  for (let attempt = 1; ; attempt++) {
    const { isNew, ...plan } = await planInstance(options, asked.tenantId, order)
    const command = { asked, scope: 'deployments', action: 'deployment.created', body: order, ...isNew && { check: assertFirst } }
    try {
      return await enqueue(options, command, { instanceType: order.instanceType, config: order.config, ...plan })
    } catch (error) {
      // Two commands chose the same new name at once: the database let one pass, the other looks again.
      if (!(error instanceof InstanceTaken) || attempt === ATTEMPTS) throw error
    }
  }
}

function assertStack({ stacks }: CommandsOptions, { instanceType }: Order): void {
  if (!stacks || stacks.some(({ type }) => type === instanceType)) return
  throw new Problem('invalid_request', { errors: [{ path: 'instanceType', message: `must be one of ${stacks.map(({ type }) => type).join(', ')}` }] })
}

type Plan = Pick<Start, 'instanceId' | 'name' | 'kind'> & { isNew: boolean }

/** An instance that was named is used, a name that was made up must be free. */
async function planInstance({ database, random = randomBytes }: CommandsOptions, tenantId: string, order: Order): Promise<Plan> {
  const { instanceType, instanceId, name } = order
  const wanted = instanceId ?? (toSlug(name ?? '') || instanceType)
  const { found, past } = await database.inTenant(tenantId, async tx => ({
    found: await findInstance(tx, { tenantId, instanceId: wanted }), past: await readPast(tx, { tenantId, instanceId: wanted }),
  }))
  if (!found) return { instanceId: wanted, name: name ?? wanted, kind: 'create', isNew: true }
  if (instanceId === undefined) return { instanceId: withSuffix(wanted, random(8)), name: name ?? wanted, kind: 'create', isNew: true }
  const kind = kindOfDeploying(past)
  if (kind === 'redeploy' && found.instance_type !== null && found.instance_type !== instanceType) {
    throw new Problem('unprocessable', { detail: `The instance ${instanceId} is of type ${found.instance_type}.`, errors: [{ path: 'instanceType', message: `must be ${found.instance_type}` }] })
  }
  return { instanceId, name: name ?? found.name, kind, isNew: false }
}

async function assertFirst(tx: Tx, { tenantId, deploymentId, instanceId }: DeploymentJob): Promise<void> {
  const other = await tx.selectFrom('deployments').select('deployment_id').where('tenant_id', '=', tenantId)
    .where('instance_id', '=', instanceId).where('deployment_id', '!=', deploymentId).limit(1).executeTakeFirst()
  if (other) throw new InstanceTaken(instanceId)
}

async function cancel(options: CommandsOptions, asked: Asked, deploymentId: string): Promise<DeploymentAccepted> {
  const key: DeploymentKey = { tenantId: asked.tenantId, deploymentId }
  const { instanceId, status } = await getRecipe(options.database, key)
  const within = async (tx: Tx): Promise<void> => {
    if (status === 'queued') await options.jobs.cancel(tx, key)
  }
  const command = { asked, scope: `deployments/${deploymentId}/cancel`, action: 'deployment.cancelled', body: {} }
  const data = { deploymentId, instanceId, status: 'cancelled', ...asked.reason !== undefined && { reason: asked.reason } }
  return submit(options, command, { type: 'deployment_cancelled', data, within })
}
