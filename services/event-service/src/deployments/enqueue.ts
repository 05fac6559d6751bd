/** Queues a deployment: its row, its first event, its job and its place in the audit trail are written in one transaction. */

import { randomBytes } from 'node:crypto'
import { channelOf, type Actor, type DeploymentAccepted, type DeploymentJob, type EventTypeName, type Stack } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { createActs } from '../publish/acts.ts'
import { hashOf } from '../publish/publish.ts'
import type { WritePath } from '../publish/write-path.ts'
import { toDeploymentId } from './identifiers.ts'
import type { Jobs } from './jobs.ts'
import { readPast } from './past.ts'
import { failedTries } from './versions.ts'

/** What commands need. */
export interface CommandsOptions {
  database: Database
  writePath: WritePath
  jobs: Pick<Jobs, 'send' | 'cancel'>
  /** Stacks that can be deployed. @default any */
  stacks?: readonly Pick<Stack, 'type'>[]
  now?: () => number
  random?: (size: number) => Uint8Array
}

/** Who asks, why, and under which idempotency key. */
export interface Asked {
  tenantId: string
  actor: Actor
  /** Where the request came from. */
  address?: string | undefined
  reason?: string | undefined
  idempotencyKey?: string | undefined
}

/** A command as it is carried out. */
export interface Command {
  asked: Asked
  /** Scope of the idempotency key. */
  scope: string
  /** What it is called in the tenant's activity and in the audit trail. */
  action: string
  body: unknown
  /** Looks, in the transaction, whether the deployment may be; throws to refuse. */
  check?: (tx: Tx, job: DeploymentJob) => Promise<void>
  /** What of the job only the transaction can tell: no other command on the instance comes between. Throws to refuse. */
  settle?: (tx: Tx, job: DeploymentJob) => Promise<Settled>
}

/** See {@link Command.settle}. */
export type Settled = Partial<Pick<DeploymentJob, 'config' | 'backTo' | 'restore' | 'from'>>

/** What is deployed. */
export type Start = Omit<DeploymentJob, 'tenantId' | 'deploymentId'>

/** Queues a deployment. @throws {Problem} `idempotency_conflict`, or what `check` refuses with */
export async function enqueue(options: CommandsOptions, command: Command, start: Start): Promise<DeploymentAccepted> {
  const { now = Date.now, random = randomBytes, jobs } = options
  const { tenantId } = command.asked
  const job: DeploymentJob = { ...start, tenantId, deploymentId: toDeploymentId(start.instanceType, now(), random(8)) }
  const { deploymentId, instanceId, instanceType, name, kind } = job
  const data = { deploymentId, instanceId, instanceType, name, kind, status: 'queued', progress: 0 }
  const within = async (tx: Tx): Promise<void> => {
    await command.check?.(tx, job)
    const settled = { ...job, ...await earlierOf(tx, job), ...await command.settle?.(tx, job) }
    await tx.updateTable('deployments').set({ config: JSON.stringify(settled.config), back_to: settled.backTo ?? null })
      .where('tenant_id', '=', tenantId).where('deployment_id', '=', deploymentId).execute()
    await jobs.send(tx, settled)
  }
  return submit(options, command, { type: 'deployment_start', data, within })
}

/** What made a part of the instance before belongs to who makes it now. */
async function earlierOf(tx: Tx, job: DeploymentJob): Promise<Pick<DeploymentJob, 'earlier'>> {
  const earlier = job.kind === 'create' ? failedTries(await readPast(tx, job)) : []
  return earlier.length > 0 ? { earlier } : {}
}

/** The event of a command, and what else its transaction writes. */
export interface Write {
  type: EventTypeName
  data: { deploymentId: string, instanceId: string } & Record<string, unknown>
  within: (tx: Tx) => Promise<void>
}

/** Writes a command down: its event, its act, and what it changes. */
export async function submit(options: CommandsOptions, { asked, scope, action, body }: Command, { type, data, within }: Write): Promise<DeploymentAccepted> {
  const { tenantId, actor, address, reason, idempotencyKey } = asked
  const { deploymentId, instanceId } = data
  const perform = createActs({ writePath: options.writePath, now: options.now ?? Date.now })
  const act = { tenantId, actor, address, action, target: deploymentId, detail: { instanceId, ...reason !== undefined && { reason } } }
  const { result } = await perform(act, {
    events: [{ channel: channelOf('deployments', { tenantId }), type, data }],
    run: async (tx): Promise<DeploymentAccepted> => {
      await within(tx)
      return { deploymentId, instanceId }
    },
    ...idempotencyKey !== undefined && { key: { scope, key: idempotencyKey, bodyHash: hashOf(body) } },
  })
  return result
}
