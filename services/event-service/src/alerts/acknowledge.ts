/** Acknowledging: somebody has seen to an alert and may say what they did. */

import type { Actor, AlertAcknowledged } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { toActivity } from '../publish/activity.ts'
import type { WritePath } from '../publish/write-path.ts'
import { alertsChannel } from './rule-events.ts'

/** Who acknowledges what. */
export interface Acknowledgement {
  tenantId: string
  alertId: string
  /** Name for people. */
  by: string
  note?: string | undefined
  actor: Actor
}

/**
 * Acknowledges an alert. Whoever comes second hears who was first.
 * @throws {Problem} `not_found` for an unknown alert
 */
export async function acknowledge({ database, writePath, now }: { database: Database, writePath: WritePath, now: () => number }, { tenantId, alertId, by, note, actor }: Acknowledgement): Promise<AlertAcknowledged> {
  const channel = alertsChannel(tenantId)
  const said = await database.inTenant(tenantId, tx => tx.selectFrom('events').select(['type', 'data']).where('channel', '=', channel.name)
    .where(({ eb, or, ref }) => or([eb('id', '=', alertId), eb(ref('data', '->>').key('alertId'), '=', alertId)])).orderBy('seq').execute())
  const alert = said.find(({ type }) => type === 'alert')
  if (!alert) throw new Problem('not_found', { detail: 'There is no such alert.' })
  const first = said.find(({ type }) => type === 'alert_acknowledged')
  if (first) return { id: alertId, ...toAcknowledgement(first.data) }
  const data = { alertId, by, at: new Date(now()).toISOString(), ...note !== undefined && { note } }
  return await writePath.write({
    tenantId, events: [{ channel, type: 'alert_acknowledged', data, actor }, toActivity({ tenantId, actor, action: 'alert.acknowledged', target: alertId })], answer: () => ({ id: alertId, ...toAcknowledgement(data) }),
    within: async tx => { await tx.updateTable('alert_rules').set({ is_acknowledged: true }).where('tenant_id', '=', tenantId).where('alert_id', '=', alertId).execute() },
    // One key for everybody: of two at once the second gets the first one's answer.
    key: { scope: `alerts/${alertId}/ack`, key: 'first', bodyHash: '' },
  }) as AlertAcknowledged
}

/** What the data of an `alert_acknowledged` says. */
export function toAcknowledgement(data: Record<string, unknown>): Omit<AlertAcknowledged, 'id'> {
  return { by: String(data['by']), time: String(data['at']), ...typeof data['note'] === 'string' && { note: data['note'] } }
}
