/**
 * Judges a tenant's rules by each sample, in the sample's own transaction: what fires is logged with it or not at all. The lock on
 * the alerts' channel makes one judge at a time, whichever process has the sample.
 */

import type { Metrics } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import type { Projected } from '../publish/projection.ts'
import { alertsChannel, toRuleEvent } from './rule-events.ts'
import { readRules, saveState } from './rule-store.ts'
import { dueAt, judge } from './rules.ts'

/** A sample on its way into the store. */
export interface WatchedSample {
  tenantId: string
  /** Seconds since the Unix epoch. */
  at: number
  metrics: Metrics
}

/** Watches samples. */
export interface SampleWatch {
  /** The channel that `apply` may derive events on. */
  channel: (tenantId: string) => string
  /** Takes the newest sample of a tenant. @returns what fired and what is over */
  apply: (tx: Tx, sample: WatchedSample) => Promise<Required<Projected>['derived']>
}

/** How rules are watched. */
export interface RuleWatchOptions {
  newId?: () => string
  /** Told when a rule will be due without another sample, and of which second this one is: both in seconds since the Unix epoch. */
  onPending: (tenantId: string, times: { due: number, at: number }) => void
}

/** Creates the watch. */
export function createRuleWatch({ newId = () => crypto.randomUUID(), onPending }: RuleWatchOptions): SampleWatch {
  return {
    channel: tenantId => alertsChannel(tenantId).name,
    apply: async (tx, { tenantId, at, metrics }) => {
      const events: Required<Projected>['derived'][number][] = []
      for (const { rule, state: before } of await readRules(tx, tenantId)) {
        const { state, change, alertId, value } = judge(rule, before, { at, metrics, newId })
        if (state.state === 'pending') onPending(tenantId, { due: dueAt(rule, state.since), at })
        if (state.state !== before.state) await saveState(tx, tenantId, { rule, state })
        if (change && alertId !== undefined && value !== undefined) events.push(toRuleEvent(tenantId, rule, { change, alertId, value }))
      }
      return events
    },
  }
}
