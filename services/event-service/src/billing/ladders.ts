/** The thresholds that a tenant chose, per resource or for all. */

import type { Actor, UsageStep, UsageThresholds } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { appendAudit } from '../plugins/audit.ts'
import { LADDER } from './thresholds.ts'

/** How a ladder for every resource is kept. */
const EVERY = ''

/** The ladder of a resource: its own, the tenant's for all, or the default. */
export async function readLadder(tx: Tx, { resource }: { resource: string }): Promise<readonly UsageStep[]> {
  const rows = await tx.selectFrom('usage_thresholds').select(['resource', 'steps']).where('resource', 'in', [resource, EVERY]).execute()
  return (rows.find(row => row.resource === resource) ?? rows[0])?.steps ?? LADDER
}

/** What a tenant chose, and what holds where nothing was chosen. */
export function listLadders(database: Database, tenantId: string): Promise<UsageThresholds> {
  return database.inTenant(tenantId, async tx => {
    const rows = await tx.selectFrom('usage_thresholds').select(['resource', 'steps']).orderBy('resource').execute()
    return { defaults: [...LADDER], thresholds: rows.map(({ resource, steps }) => ({ ...resource !== EVERY && { resource }, steps })) }
  })
}

/** Puts ladders in place of all there were; they hold from the next report on. */
export async function putLadders(database: Database, { tenantId, actor, now }: { tenantId: string, actor: Actor, now: number }, thresholds: UsageThresholds['thresholds']): Promise<void> {
  await database.inTenant(tenantId, async tx => {
    await tx.deleteFrom('usage_thresholds').execute()
    for (const { resource = EVERY, steps } of thresholds) {
      await tx.insertInto('usage_thresholds').values({ tenant_id: tenantId, resource, steps: JSON.stringify(steps) }).execute()
    }
    await appendAudit(tx, { tenantId, actor, action: 'usage_thresholds.replaced', target: tenantId, detail: { resources: thresholds.map(({ resource }) => resource ?? '*') } }, now)
  })
}
