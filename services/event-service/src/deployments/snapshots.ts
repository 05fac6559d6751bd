/** Snapshots of deployments and instances, with the position of the deployments' feed. */

import {
  formatChannel, type Deployment, type DeploymentKind, type DeploymentList, type DeploymentSnapshot, type DeploymentStatus, type Instance, type InstanceType,
} from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { readPosition } from '../database/position.ts'
import { Problem } from '../errors.ts'
import { readPast } from './past.ts'
import { findDeployment, toDeployment, type DeploymentKey, type DeploymentRow } from './rows.ts'
import { versionsOf } from './versions.ts'

/** Which deployments to list. */
export interface DeploymentQuery {
  status?: DeploymentStatus | undefined
  instanceId?: string | undefined
  limit: number
  /** Where the page before ended. */
  cursor?: string | undefined
}

/**
 * Lists deployments, newest first.
 * @throws {Problem} `invalid_request` for a cursor that is none of ours
 */
export function listDeployments(database: Database, tenantId: string, query: DeploymentQuery): Promise<DeploymentList> {
  return database.inTenant(tenantId, async tx => {
    const deployments = await selectDeployments(tx, tenantId, query)
    const page = deployments.slice(0, query.limit)
    const last = page.at(-1)
    const next = last && deployments.length > page.length ? { next: toCursor(last) } : {}
    return { deployments: page, ...next, ...await readFeed(tx, tenantId) }
  }, { snapshot: true })
}

/**
 * One deployment.
 * @throws {Problem} `not_found`
 */
export function getDeployment(database: Database, key: DeploymentKey): Promise<DeploymentSnapshot> {
  return database.inTenant(key.tenantId, async tx => {
    const row = await findDeployment(tx, key)
    if (!row) throw new Problem('not_found', { detail: 'There is no such deployment.' })
    return { deployment: inQueue(row, row.status === 'queued' ? await readQueue(tx, key.tenantId) : new Map()), ...await readFeed(tx, key.tenantId) }
  }, { snapshot: true })
}

/** Lists a tenant's instances by name; deleted ones are none. */
export function listInstances(database: Database, tenantId: string): Promise<Instance[]> {
  return database.inTenant(tenantId, async tx => {
    const rows = await tx.selectFrom('instances').innerJoin('deployments', join => join
      .onRef('deployments.tenant_id', '=', 'instances.tenant_id').onRef('deployments.deployment_id', '=', 'instances.deployment_id'))
      .selectAll('instances').select(['status', 'kind']).where('instances.tenant_id', '=', tenantId).orderBy('name').orderBy('instances.instance_id').execute()
    const standing = rows.filter(({ kind, status }) => kind !== 'delete' || status !== 'completed')
    return standing.map(row => ({
      instanceId: row.instance_id, ...row.instance_type && { instanceType: row.instance_type as InstanceType }, name: row.name,
      ...row.url !== null && { url: row.url }, status: row.status as DeploymentStatus, deploymentId: row.deployment_id,
      simulated: row.simulated, createdAt: row.created_at.toISOString(),
    }))
  })
}

async function selectDeployments(tx: Tx, tenantId: string, { status, instanceId, limit, cursor }: DeploymentQuery): Promise<Deployment[]> {
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const rows = await tx.selectFrom('deployments').selectAll().where('tenant_id', '=', tenantId)
    .$if(status !== undefined, select => select.where('status', '=', status ?? ''))
    .$if(instanceId !== undefined, select => select.where('instance_id', '=', instanceId ?? ''))
    .$if(after !== undefined, select => select.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'deployment_id'), '<', tuple(after?.createdAt ?? new Date(0), after?.deploymentId ?? ''))))
    .orderBy('created_at', 'desc').orderBy('deployment_id', 'desc').limit(limit + 1).execute()
  const queue = rows.some(row => row.status === 'queued') ? await readQueue(tx, tenantId) : new Map<string, number>()
  return rows.map(row => inQueue(row, queue))
}

async function readFeed(tx: Tx, tenantId: string): Promise<{ logEpoch: string, seq: number }> {
  const { logEpoch, seq } = await readPosition(tx, formatChannel('deployments', { tenantId }))
  return { logEpoch, seq }
}

function toCursor({ createdAt, deploymentId }: Deployment): string {
  return Buffer.from(`${createdAt} ${deploymentId}`).toString('base64url')
}

function parseCursor(cursor: string): { createdAt: Date, deploymentId: string } {
  const [time = '', deploymentId = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const createdAt = new Date(time)
  if (Number.isNaN(createdAt.getTime()) || deploymentId === '') {
    throw new Problem('invalid_request', { errors: [{ path: 'cursor', message: 'is not a cursor of this list' }] })
  }
  return { createdAt, deploymentId }
}

/** Kind and configuration that a repeat of a deployment has. */
export interface DeploymentRecipe {
  instanceId: string
  instanceType: InstanceType | undefined
  name: string
  kind: DeploymentKind
  status: DeploymentStatus
  config: Record<string, string | number | boolean>
  /** Where a rollback was to go. */
  backTo: string | undefined
}

/**
 * What a deployment was asked for.
 * @throws {Problem} `not_found`
 */
export function getRecipe(database: Database, key: DeploymentKey): Promise<DeploymentRecipe> {
  return database.inTenant(key.tenantId, async tx => {
    const row = await findDeployment(tx, key)
    if (!row) throw new Problem('not_found', { detail: 'There is no such deployment.' })
    const { instanceType, name, status } = toDeployment(row)
    return { instanceId: row.instance_id, instanceType, name: name ?? row.instance_id, kind: await kindAgain(tx, row), status, config: row.config, backTo: row.back_to ?? undefined }
  })
}

/** What doing it again would be: an instance that stands is not created. */
async function kindAgain(tx: Tx, { tenant_id, instance_id, kind }: DeploymentRow): Promise<DeploymentKind> {
  if (kind !== 'create') return kind as DeploymentKind
  return versionsOf(await readPast(tx, { tenantId: tenant_id, instanceId: instance_id })).length > 0 ? 'redeploy' : 'create'
}

/** Places of the tenant's queued deployments, the next one first. */
async function readQueue(tx: Tx, tenantId: string): Promise<Map<string, number>> {
  const rows = await tx.selectFrom('deployments').select('deployment_id').where('tenant_id', '=', tenantId).where('status', '=', 'queued')
    .orderBy('created_at').orderBy('deployment_id').execute()
  return new Map(rows.map(({ deployment_id }, index) => [deployment_id, index + 1]))
}

/** A deployment with its place in the queue. */
function inQueue(row: DeploymentRow, queue: ReadonlyMap<string, number>): Deployment {
  const queuePosition = queue.get(row.deployment_id)
  return { ...toDeployment(row), ...queuePosition !== undefined && { queuePosition } }
}
