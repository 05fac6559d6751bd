/** Deployments and instances of every tenant, for operators. */

import { sql } from 'kysely'
import * as z from 'zod'
import type { AdminDeploymentList, AdminInstanceList, DeploymentStatus, InstanceType } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { hasPart } from '../database/like.ts'
import { Problem } from '../errors.ts'
import { toDeployment, type DeploymentRow } from './rows.ts'

/** Which deployments. */
export interface EverywhereQuery {
  tenantId?: string | undefined
  status?: DeploymentStatus | undefined
  /** Those under way in between, both included: begun by `to`, not ended before `from`. */
  from?: string | undefined
  to?: string | undefined
  limit: number
  cursor?: string | undefined
}

/** A page of deployments, newest first. @throws {Problem} `invalid_request` for a cursor that is none */
export function listDeploymentsEverywhere(database: Database, { tenantId, status, from, to, limit, cursor }: EverywhereQuery): Promise<AdminDeploymentList> {
  return database.inSystem(async tx => {
    let select = tx.selectFrom('deployments').selectAll()
    if (tenantId !== undefined) select = select.where('tenant_id', '=', tenantId)
    if (status !== undefined) select = select.where('status', '=', status)
    if (to !== undefined) select = select.where('created_at', '<=', new Date(to))
    if (from !== undefined) select = select.where(({ eb, or }) => or([eb('finished_at', 'is', null), eb('finished_at', '>=', new Date(from))]))
    if (cursor !== undefined) {
      const [time, deploymentId, ofTenant] = parseCursor(cursor)
      select = select.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'deployment_id', 'tenant_id'), '<', tuple(new Date(time), deploymentId, ofTenant)))
    }
    const found = await select.orderBy('created_at', 'desc').orderBy('deployment_id', 'desc').orderBy('tenant_id', 'desc').limit(limit + 1).execute()
    const rows = found.slice(0, limit)
    const last = rows.at(-1)
    return { deployments: rows.map(row => ({ ...toDeployment(row), tenantId: row.tenant_id })), ...found.length > limit && last && { next: toCursor(last) } }
  })
}

const cursorSchema = z.tuple([z.iso.datetime(), z.string(), z.string()])

const toCursor = ({ created_at: time, deployment_id: deploymentId, tenant_id: tenantId }: DeploymentRow): string =>
  Buffer.from(JSON.stringify([time.toISOString(), deploymentId, tenantId])).toString('base64url')

function parseCursor(cursor: string): z.output<typeof cursorSchema> {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new Problem('invalid_request', { errors: [{ path: 'cursor', message: 'is none of ours' }], cause })
  }
}

/** Instances that stand, those that failed first; `total` counts them all. */
export function listInstancesEverywhere(database: Database, { tenantId, q, limit }: { tenantId?: string | undefined, q?: string | undefined, limit: number }): Promise<AdminInstanceList> {
  return database.inSystem(async tx => {
    let select = tx.selectFrom('instances').innerJoin('deployments', join => join
      .onRef('deployments.tenant_id', '=', 'instances.tenant_id').onRef('deployments.deployment_id', '=', 'instances.deployment_id'))
      .where(sql<boolean>`not (deployments.kind = 'delete' and deployments.status = 'completed')`)
    if (tenantId !== undefined) select = select.where('instances.tenant_id', '=', tenantId)
    // A pattern, not `position`: its length tells the planner how few rows are to be expected, so only their deployments are looked up.
    if (q !== undefined) select = select.where(hasPart(sql.ref('instances.plain'), q))
    const rows = await select.selectAll('instances').select(['deployments.status', sql<string>`count(*) over ()`.as('total')])
      .orderBy(sql`deployments.status <> 'failed'`).orderBy('instances.name').orderBy('instances.tenant_id').orderBy('instances.instance_id').limit(limit).execute()
    return {
      instances: rows.map(row => ({
        tenantId: row.tenant_id, instanceId: row.instance_id, ...row.instance_type && { instanceType: row.instance_type as InstanceType }, name: row.name,
        ...row.url !== null && { url: row.url }, status: row.status as DeploymentStatus, deploymentId: row.deployment_id, simulated: row.simulated, createdAt: row.created_at.toISOString(),
      })),
      total: Number(rows[0]?.total ?? 0),
    }
  })
}
