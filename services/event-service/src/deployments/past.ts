/** An instance and its deployments so far. */

import type { Selectable } from 'kysely'
import type { DeployedInstance, DeploymentKind, DeploymentStatus, InstanceType } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'
import { Problem } from '../errors.ts'
import { versionsOf, type PastDeployment } from './versions.ts'

/** Names an instance. */
export interface InstanceKey {
  tenantId: string
  instanceId: string
}

/** A deployment of the past with what it was asked for. */
export interface PastOrder extends PastDeployment {
  config: Record<string, string | number | boolean>
}

/** The row of an instance. */
export function findInstance(tx: Tx, { tenantId, instanceId }: InstanceKey): Promise<Selectable<Schema['instances']> | undefined> {
  return tx.selectFrom('instances').selectAll().where('tenant_id', '=', tenantId).where('instance_id', '=', instanceId).executeTakeFirst()
}

/** The deployments of an instance, oldest first. */
export async function readPast(tx: Tx, { tenantId, instanceId }: InstanceKey): Promise<PastOrder[]> {
  const rows = await tx.selectFrom('deployments').select(['deployment_id', 'kind', 'status', 'config', 'back_to'])
    .where('tenant_id', '=', tenantId).where('instance_id', '=', instanceId).orderBy('created_at').orderBy('deployment_id').execute()
  return rows.map(({ deployment_id, kind, status, config, back_to }) => ({
    deploymentId: deployment_id, kind: kind as DeploymentKind, status: status as DeploymentStatus, config, ...back_to !== null && { backTo: back_to },
  }))
}

/**
 * An instance with its past.
 * @throws {Problem} `not_found`
 */
export async function getInstance(tx: Tx, key: InstanceKey): Promise<{ instance: Selectable<Schema['instances']>, past: PastOrder[] }> {
  const instance = await findInstance(tx, key)
  if (!instance) throw new Problem('not_found', { detail: 'There is no such instance.' })
  return { instance, past: await readPast(tx, key) }
}

/**
 * An instance as it stands.
 * @throws {Problem} `not_found`; `unprocessable` before it was deployed
 */
export async function getDeployed(tx: Tx, key: InstanceKey): Promise<DeployedInstance> {
  const { instance, past } = await getInstance(tx, key)
  const version = versionsOf(past).at(-1)
  if (!version || instance.instance_type === null) throw new Problem('unprocessable', { detail: 'This instance is not deployed.' })
  return { tenantId: key.tenantId, instanceId: key.instanceId, instanceType: instance.instance_type as InstanceType, config: version.config }
}
