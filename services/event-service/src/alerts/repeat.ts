/** Tells channels again of what still fires and nobody has seen to, as often as its rule asks for. */

import { sql } from 'kysely'
import { keptAlertRuleSchema, type Actor, type AlertRule } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { lockChannels } from '../publish/log.ts'
import { Overtaken } from '../publish/overtaken.ts'
import type { WritePath } from '../publish/write-path.ts'
import { alertsChannel, toRuleEvent } from './rule-events.ts'
import { readNewest } from './rule-store.ts'
import { repeatAfter } from './rules.ts'
import { isSilenced } from './silences.ts'

const actor: Actor = { type: 'system', id: 'alert-rules' }

/** What repeating needs. */
export interface RepeatParts {
  database: Database
  writePath: Pick<WritePath, 'write'>
  now: () => number
  /** Told of a rule that could not be repeated; the others are. */
  onFault: (error: unknown) => void
}

interface Firing { tenant_id: string, rule: AlertRule, alert_id: string, since: number | string, told_at: Date | null }

/** Repeats what is due. */
export async function repeatDue(parts: RepeatParts): Promise<void> {
  const { rows } = await parts.database.inSystem(tx => sql<Firing>`select tenant_id, rule, alert_id, since, told_at from alert_rules
    where state = 'firing' and not is_acknowledged and rule ->> 'repeat' is not null`.execute(tx))
  for (const row of rows) await repeat(parts, row).catch(parts.onFault)
}

async function repeat({ database, writePath, now }: RepeatParts, { tenant_id: tenantId, alert_id: alertId, ...row }: Firing): Promise<void> {
  const rule = keptAlertRuleSchema.parse(row.rule)
  const last = row.told_at?.getTime() ?? Number(row.since) * 1000
  if (last + (repeatAfter(rule) ?? Number.POSITIVE_INFINITY) * 1000 > now()) return
  const { isQuiet, newest } = await database.inTenant(tenantId, async tx => ({ isQuiet: await isSilenced(tx, tenantId, { rule: rule.name, at: now() }), newest: (await readNewest(tx, tenantId))[0] }))
  if (isQuiet) return
  const value = rule.kind === 'threshold' ? newest?.metrics[rule.metric] : undefined
  const within = async (tx: Tx): Promise<void> => {
    await lockChannels(tx, tenantId, [alertsChannel(tenantId).name])
    const { numUpdatedRows } = await tx.updateTable('alert_rules').set({ told_at: new Date(now()) })
      .where('tenant_id', '=', tenantId).where('name', '=', rule.name).where('alert_id', '=', alertId).where('is_acknowledged', '=', false).executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n) throw new Overtaken()
  }
  const event = toRuleEvent(tenantId, rule, { change: 'repeated', alertId, ...value !== undefined && { value } })
  await writePath.write({ tenantId, events: [{ ...event, actor }], within }).catch((error: unknown) => { if (!(error instanceof Overtaken)) throw error })
}
