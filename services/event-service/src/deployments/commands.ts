/** What people ask of deployments: create, cancel, retry. The row, its first event and the job are written in one transaction. */

import { randomBytes } from 'node:crypto'
import {
  channelOf, isFinal, type Actor, type DeploymentAccepted, type DeploymentJob, type EventTypeName, type InstanceType,
} from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { toActivity } from '../publish/acts.ts'
import { hashOf } from '../publish/publish.ts'
import type { Submission, WritePath } from '../publish/write-path.ts'
import { toDeploymentId, toSlug, withSuffix } from './identifiers.ts'
import type { Jobs } from './jobs.ts'
import type { DeploymentKey } from './rows.ts'
import { getRecipe } from './snapshots.ts'

/** What commands need. */
export interface CommandsOptions {
  database: Database
  writePath: WritePath
  jobs: Pick<Jobs, 'send' | 'cancel'>
  now?: () => number
  random?: (size: number) => Uint8Array
}

/** Who asks, and under which idempotency key. */
export interface Asked {
  tenantId: string
  actor: Actor
  idempotencyKey?: string | undefined
}

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
   * @throws {Problem} `idempotency_conflict`; `unprocessable` when the instance is of another type
   */
  create: (asked: Asked, order: Order) => Promise<DeploymentAccepted>
  /**
   * Ends a deployment. A queued one is taken out of the queue; a running one's worker notices and rolls back, and the instance
   * stays busy until it has.
   * @throws {Problem} `not_found`, `deployment_finished`
   */
  cancel: (asked: Asked, deploymentId: string) => Promise<DeploymentAccepted>
  /**
   * Queues a deployment again that failed or was cancelled: the same kind with the same configuration; a `create` whose instance
   * meanwhile stands is a `redeploy`.
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
      const { instanceType, instanceId, name, kind, status, config } = await getRecipe(options.database, { tenantId: asked.tenantId, deploymentId })
      if (!isFinal(status) || status === 'completed') throw new Problem('unprocessable', { detail: 'Only a failed or cancelled deployment can be retried.' })
      if (!instanceType) throw new Problem('unprocessable', { detail: 'It is not known what this deployment deploys.' })
      return enqueue(options, { asked, scope: `deployments/${deploymentId}/retry`, action: 'deployment.retried', body: {} }, { instanceType, instanceId, name, kind, config })
    },
  }
}

async function create(options: CommandsOptions, asked: Asked, order: Order): Promise<DeploymentAccepted> {
  const command = { asked, scope: 'deployments', action: 'deployment.created', body: order, isNew: true }
  for (let attempt = 1; ; attempt++) {
    const plan = await planInstance(options, asked.tenantId, order)
    try {
      return await enqueue(options, command, { instanceType: order.instanceType, config: order.config, ...plan })
    } catch (error) {
      // Two commands chose the same new name at once: the database let one pass, the other looks again.
      if (!(error instanceof InstanceTaken) || attempt === ATTEMPTS) throw error
    }
  }
}

type Plan = Pick<DeploymentJob, 'instanceId' | 'name' | 'kind'>

/** An instance that was named is used, a name that was made up must be free. */
async function planInstance({ database, random = randomBytes }: CommandsOptions, tenantId: string, order: Order): Promise<Plan> {
  const { instanceType, instanceId, name } = order
  const wanted = instanceId ?? (toSlug(name ?? '') || instanceType)
  const found = await database.inTenant(tenantId, tx => tx.selectFrom('instances').select(['instance_type', 'name'])
    .where('tenant_id', '=', tenantId).where('instance_id', '=', wanted).executeTakeFirst())
  if (!found) return { instanceId: wanted, name: name ?? wanted, kind: 'create' }
  if (instanceId === undefined) return { instanceId: withSuffix(wanted, random(8)), name: name ?? wanted, kind: 'create' }
  if (found.instance_type !== null && found.instance_type !== instanceType) {
    throw new Problem('unprocessable', { detail: `The instance ${instanceId} is of type ${found.instance_type}.`, errors: [{ path: 'instanceType', message: `must be ${found.instance_type}` }] })
  }
  return { instanceId, name: name ?? found.name, kind: 'redeploy' }
}

interface Command {
  asked: Asked
  /** Scope of the idempotency key. */
  scope: string
  /** What it is called in the tenant's activity. */
  action: string
  body: unknown
  /** A `create` must be the first deployment of its instance. */
  isNew?: boolean
}

type Start = Omit<DeploymentJob, 'tenantId' | 'deploymentId'>

async function enqueue(options: CommandsOptions, command: Command, start: Start): Promise<DeploymentAccepted> {
  const { now = Date.now, random = randomBytes, jobs } = options
  const { tenantId } = command.asked
  const job: DeploymentJob = { ...start, tenantId, deploymentId: toDeploymentId(start.instanceType, now(), random(8)) }
  const { deploymentId, instanceId, instanceType, name, kind, config } = job
  const data = { deploymentId, instanceId, instanceType, name, kind, status: 'queued', progress: 0 }
  const within = async (tx: Tx): Promise<void> => {
    if (kind === 'create' && command.isNew) await assertFirst(tx, job)
    await tx.updateTable('deployments').set({ config: JSON.stringify(config) })
      .where('tenant_id', '=', tenantId).where('deployment_id', '=', deploymentId).execute()
    await jobs.send(tx, job)
  }
  return submit(options, command, { type: 'deployment_start', data, within })
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
  return submit(options, command, { type: 'deployment_cancelled', data: { deploymentId, instanceId, status: 'cancelled' }, within })
}

type Write = Pick<Submission, 'within'> & { type: EventTypeName, data: { deploymentId: string, instanceId: string } & Record<string, unknown> }

async function submit({ writePath }: CommandsOptions, { asked, scope, action, body }: Command, { type, data, within }: Write): Promise<DeploymentAccepted> {
  const { tenantId, actor, idempotencyKey } = asked
  const answer: DeploymentAccepted = { deploymentId: data.deploymentId, instanceId: data.instanceId }
  const activity = toActivity({ tenantId, actor, action, target: data.deploymentId, detail: { instanceId: data.instanceId } })
  return await writePath.write({
    tenantId, events: [{ channel: channelOf('deployments', { tenantId }), type, data, actor }, activity], ...within && { within }, answer: () => answer,
    ...idempotencyKey !== undefined && { key: { scope, key: idempotencyKey, bodyHash: hashOf(body) } },
  }) as DeploymentAccepted
}
