/**
 * Judges a tenant's rules by each sample, in the sample's own transaction: what fires is logged with it or not at all. The lock on
 * the alerts' channel makes one judge at a time, whichever process has the sample; who has no rules is not locked.
 */

import type { Metrics } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import type { Projected, Projection } from '../publish/projection.ts'
import { perTransaction } from '../database/per-transaction.ts'
import { queueAlert } from './deliveries.ts'
import { alertsChannel, toRuleEvent } from './rule-events.ts'
import { hasRules, readNewest, readRules, saveState } from './rule-store.ts'
import { dueAt, judge, type RuleState } from './rules.ts'
import { isSilenced } from './silences.ts'

/** How rules are watched. */
export interface RuleWatchOptions {
  newId?: () => string
  /** Told when a rule will be due without another sample, and of which second this one is: both in seconds since the Unix epoch. */
  onPending: (tenantId: string, times: { due: number, at: number }) => void
}

/** See {@link createRuleWatch}. */
export interface RuleWatch extends Pick<Projection, 'derives' | 'apply'> {
  /** Whether a tenant has no rules. */
  isIdle: (tx: Tx, tenantId: string) => Promise<boolean>
}

/** Creates the watch: to stand behind the projection that keeps the samples. A sample that comes after a newer one says nothing. */
export function createRuleWatch({ newId = () => crypto.randomUUID(), onPending }: RuleWatchOptions): RuleWatch {
  // What is asked before the lock decides for the whole transaction: a rule that is put meanwhile judges the next sample.
  const isWatched = perTransaction(hasRules)
  return {
    isIdle: async (tx, tenantId) => !await isWatched(tx, tenantId),
    derives: async ({ channel: { tenantId } }, tx) => await isWatched(tx, tenantId) ? [alertsChannel(tenantId).name] : [],
    apply: async (tx, { channel: { tenantId }, data, time }) => {
      if (!await isWatched(tx, tenantId)) return undefined
      const at = Number(data['at'])
      const rules = await readRules(tx, tenantId)
      const [newest, previous] = await readNewest(tx, tenantId, 2)
      if (!newest || newest.at > at) return undefined
      const derived: Required<Projected>['derived'][number][] = []
      for (const { rule, state: before } of rules) {
        const { state, change, alertId, value } = judge(rule, before, { at, metrics: data as unknown as Metrics, before: previous, newId })
        if (state.state === 'pending') onPending(tenantId, { due: dueAt(rule, state.since), at })
        if (!isSame(state, before)) await saveState(tx, tenantId, { rule, state })
        if (change && alertId !== undefined && value !== undefined) {
          const isQuiet = await isSilenced(tx, tenantId, { rule: rule.name, at: Date.parse(time) })
          const event = toRuleEvent(tenantId, rule, { change, alertId, value, isSilenced: isQuiet })
          derived.push(event)
          await queueAlert(tx, { ...event, id: alertId, time })
        }
      }
      return { derived }
    },
  }
}

/** Whether a state is as it was: the same kind, and as calm. */
function isSame(one: RuleState, other: RuleState): boolean {
  const calm = (state: RuleState): unknown => state.state === 'firing' && [state.isFlapping, state.calmSince]
  return one.state === other.state && JSON.stringify(calm(one)) === JSON.stringify(calm(other))
}
