/** What people ask of rules: read them, put others in their place. */

import type { Actor, AlertRule, AlertRules } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { createActs } from '../publish/acts.ts'
import { untilAhead } from '../publish/overtaken.ts'
import type { WritePath } from '../publish/write-path.ts'
import { assertUnchanged, STALE_SECONDS } from './due.ts'
import { toRuleEvent } from './rule-events.ts'
import { readNewest, readRules, replaceRules, type StoredRule } from './rule-store.ts'

/** What commands on rules need. */
export interface RuleCommands {
  database: Database
  writePath: WritePath
  now: () => number
}

/** Changes of rules that meet samples' judgements are tried this often. */
const ATTEMPTS = 5

/** A tenant's rules, each with where it stands. */
export function listRules({ database, now }: Pick<RuleCommands, 'database' | 'now'>, tenantId: string): Promise<AlertRules> {
  return database.inTenant(tenantId, async tx => {
    const [newest] = await readNewest(tx, tenantId)
    const isStale = !newest || newest.at < now() / 1000 - STALE_SECONDS
    return { rules: (await readRules(tx, tenantId)).map(one => toAnswer(one, isStale)) }
  }, { snapshot: true })
}

function toAnswer({ rule, state }: StoredRule, isStale: boolean): AlertRules['rules'][number] {
  return {
    ...rule, state: isStale && state.state !== 'firing' ? 'no-data' : state.state,
    ...'since' in state && { since: new Date(state.since * 1000).toISOString() }, ...'alertId' in state && { alertId: state.alertId },
  }
}

/**
 * Puts rules in place of all there were. A rule that stays as it was stays where it stands; the alert of one that went away or
 * changed is over.
 * @throws {Problem} `unavailable` when samples keep changing the rules' states meanwhile
 */
export function putRules(commands: RuleCommands, asked: { tenantId: string, actor: Actor }, rules: readonly AlertRule[]): Promise<void> {
  return untilAhead(ATTEMPTS, () => tryPut(commands, asked, rules))
}

async function tryPut({ database, writePath, now }: RuleCommands, { tenantId, actor }: { tenantId: string, actor: Actor }, rules: readonly AlertRule[]): Promise<void> {
  const before = await database.inTenant(tenantId, tx => readRules(tx, tenantId))
  const kept = new Map(before.map(one => [identityOf(one.rule), one.state]))
  const after = rules.map((rule): StoredRule => ({ rule, state: kept.get(identityOf(rule)) ?? { state: 'ok' } }))
  const stay = new Set(after.flatMap(({ state }) => 'alertId' in state ? [state.alertId] : []))
  const events = before.flatMap(({ rule, state }) => 'alertId' in state && !stay.has(state.alertId)
    ? [toRuleEvent(tenantId, rule, { change: 'resolved', alertId: state.alertId })]
    : [])
  const run = async (tx: Tx): Promise<void> => {
    await assertUnchanged(tx, tenantId, before)
    await replaceRules(tx, tenantId, after)
  }
  await createActs({ writePath, now })({ tenantId, actor, action: 'alert_rules.replaced', target: tenantId, detail: { rules: rules.map(({ name }) => name) } }, { run, events })
}

/** The same text for the same rule, whatever the order its fields come in: a database keeps its own. */
function identityOf(rule: AlertRule): string {
  return JSON.stringify(Object.entries(rule).toSorted(([one], [other]) => one < other ? -1 : 1))
}
