/** SQL of the tables `deployments` and `instances`. */

import { sql, type Selectable } from 'kysely'
import { isFinal, type Deployment, type DeploymentState } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

/** A row of `deployments`. */
export type DeploymentRow = Selectable<Schema['deployments']>

/** Names a deployment. */
export interface DeploymentKey {
  tenantId: string
  deploymentId: string
}

/** Finds a deployment. */
export function findDeployment(tx: Tx, { tenantId, deploymentId }: DeploymentKey): Promise<DeploymentRow | undefined> {
  return tx.selectFrom('deployments').selectAll().where('tenant_id', '=', tenantId).where('deployment_id', '=', deploymentId).executeTakeFirst()
}

/** The deployment as the API shows it. */
export function toDeployment(row: DeploymentRow): Deployment {
  return {
    ...row.state as DeploymentState,
    logLines: Number(row.log_lines),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    ...row.finished_at && { finishedAt: row.finished_at.toISOString() },
  }
}

/** What an event leaves of a deployment. */
export interface DeploymentChange {
  tenantId: string
  state: DeploymentState
  /** ISO time of the event. */
  time: string
  logLines: number
}

/** Writes a deployment's state, creating the row for an unknown one. */
export async function saveDeployment(tx: Tx, { tenantId, state, time, logLines }: DeploymentChange): Promise<void> {
  const values = {
    instance_id: state.instanceId, kind: state.kind, status: state.status, state: JSON.stringify(state), log_lines: logLines,
    updated_at: time, finished_at: isFinal(state.status) ? time : null,
  }
  await tx.insertInto('deployments').values({ ...values, tenant_id: tenantId, deployment_id: state.deploymentId, config: '{}', created_at: time })
    .onConflict(conflict => conflict.columns(['tenant_id', 'deployment_id']).doUpdateSet(values)).execute()
}

/** Creates a new deployment's instance, or makes the deployment the last one of it. */
export async function saveInstance(tx: Tx, { tenantId, state, time }: DeploymentChange): Promise<void> {
  await tx.insertInto('instances').values({
    tenant_id: tenantId, instance_id: state.instanceId, instance_type: state.instanceType ?? null, name: state.name ?? state.instanceId,
    url: null, simulated: state.simulated ?? false, deployment_id: state.deploymentId, created_at: time,
  }).onConflict(conflict => conflict.columns(['tenant_id', 'instance_id']).doUpdateSet({ deployment_id: state.deploymentId })).execute()
}

/** Carries over to the instance what an event says of it. */
export async function updateInstance(tx: Tx, { tenantId, instanceId, said }: { tenantId: string, instanceId: string, said: Partial<DeploymentState> }): Promise<void> {
  const values = {
    // Only an instance that is made anew may be something else than it was.
    ...said.instanceType !== undefined && { instance_type: said.kind === 'create' ? said.instanceType : sql<string>`coalesce(instance_type, ${said.instanceType})` },
    ...said.name !== undefined && { name: said.name },
    ...said.instanceUrl !== undefined && { url: said.instanceUrl },
    ...said.simulated !== undefined && { simulated: said.simulated },
    ...said.kind === 'delete' && said.status === 'completed' && { url: null },
  }
  if (Object.keys(values).length === 0) return
  await tx.updateTable('instances').set(values).where('tenant_id', '=', tenantId).where('instance_id', '=', instanceId).execute()
}

/** Moves the number of a deployment's last log line. */
export async function saveLogLines(tx: Tx, { tenantId, deploymentId }: DeploymentKey, logLines: number): Promise<void> {
  await tx.updateTable('deployments').set({ log_lines: logLines })
    .where('tenant_id', '=', tenantId).where('deployment_id', '=', deploymentId).execute()
}
