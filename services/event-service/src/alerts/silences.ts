/** Silences: for a while nobody is bothered by a rule's alerts, or by any. One that begins later is a maintenance window. */

import type { Actor, AlertSilence, MakeSilence } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'

/** What changes silences. */
export interface SilenceParts {
  database: Database
  perform: Perform
  now: () => number
}

/** The longest silence: what is quiet for longer is a rule to take away. */
const MAX_DAYS = 30

/** Silences that run or will, the next to end first. */
export function listSilences({ database, now }: SilenceParts, tenantId: string): Promise<AlertSilence[]> {
  return database.inTenant(tenantId, async tx => {
    const rows = await tx.selectFrom('alert_silences').selectAll().where('tenant_id', '=', tenantId).where('ends_at', '>', new Date(now())).orderBy('ends_at').orderBy('id').execute()
    return rows.map(row => ({ id: row.id, rule: row.rule, from: row.starts_at.toISOString(), until: row.ends_at.toISOString(), note: row.note, by: row.made_by }))
  })
}

/**
 * Makes a silence.
 * @throws {Problem} `invalid_request` for one that ends before it begins, is over already, or lasts longer than 30 days
 */
export async function makeSilence({ perform, now }: SilenceParts, { tenantId, actor, by }: { tenantId: string, actor: Actor, by: string }, { rule, from: given, until, note }: MakeSilence): Promise<AlertSilence> {
  const from = given ?? new Date(now()).toISOString()
  const [start, end] = [Date.parse(from), Date.parse(until)]
  if (end <= Math.max(start, now()) || end - start > MAX_DAYS * 86_400_000) throw new Problem('invalid_request', { errors: [{ path: 'until', message: `must be later, and at most ${MAX_DAYS} days after it begins` }] })
  const silence: AlertSilence = { id: crypto.randomUUID(), rule, from, until, note, by }
  const run = async (tx: Tx): Promise<void> => {
    await tx.insertInto('alert_silences').values({ tenant_id: tenantId, id: silence.id, rule, starts_at: from, ends_at: until, note, made_by: by }).execute()
  }
  await perform({ tenantId, actor, action: 'alert_silence.made', target: rule ?? tenantId, detail: { until, note } }, { run })
  return silence
}

/**
 * Ends a silence at once.
 * @throws {Problem} `not_found`
 */
export async function endSilence({ perform }: SilenceParts, { tenantId, actor }: { tenantId: string, actor: Actor }, id: string): Promise<void> {
  const run = async (tx: Tx): Promise<void> => {
    const { numDeletedRows } = await tx.deleteFrom('alert_silences').where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirstOrThrow()
    if (numDeletedRows === 0n) throw new Problem('not_found', { detail: 'There is no such silence.' })
  }
  await perform({ tenantId, actor, action: 'alert_silence.ended', target: id, detail: {} }, { run })
}

/** Whether a rule's alerts bother nobody now; `at` in milliseconds. */
export async function isSilenced(tx: Tx, tenantId: string, { rule, at }: { rule: string, at: number }): Promise<boolean> {
  const row = await tx.selectFrom('alert_silences').select('id').where('tenant_id', '=', tenantId).where('starts_at', '<=', new Date(at)).where('ends_at', '>', new Date(at))
    .where(({ or, eb }) => or([eb('rule', 'is', null), eb('rule', '=', rule)])).limit(1).executeTakeFirst()
  return row !== undefined
}
