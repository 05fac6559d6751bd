/** Fires what is due although no further sample came: a rule's `for` ends by the clock, not by the next sample. */

import { sql } from 'kysely'
import type { Actor } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { lockChannels } from '../publish/log.ts'
import { Overtaken } from '../publish/overtaken.ts'
import type { WritePath } from '../publish/write-path.ts'
import { outsideTraces } from '../tracing/context.ts'
import { alertsChannel, toRuleEvent } from './rule-events.ts'
import { readNewest, readRules, saveState, type Sampled, type StoredRule } from './rule-store.ts'
import { absentSeconds, dueAt, fire, MIN_GRACE_SECONDS, toValue } from './rules.ts'
import { isSilenced } from './silences.ts'

/** A sample that comes on its second is waited for. */
const GRACE_MS = 500
/** Samples that come later than this are judged by their own clock only: more of them are on the way. */
const LATE_MS = 5000
/** A sample older than this says nothing of now, in seconds. */
export const STALE_SECONDS = 60

const actor: Actor = { type: 'system', id: 'alert-rules' }

/** What the timers need. */
export interface DueOptions {
  database: Database
  /** Called late: the write path is made after the watch. */
  writePath: () => Pick<WritePath, 'write'>
  now: () => number
  onFault: (error: unknown) => void
}

/** Timers of pending rules: one per tenant, in this process. After a restart the next sample takes over. */
export interface DueRules {
  /** Looks at a tenant's rules when they are due after a sample of the second `at`, both in seconds since the Unix epoch. */
  lookAt: (tenantId: string, times: { due: number, at: number }) => void
  /** Stops, once what is running has ended. */
  stop: () => Promise<void>
}

/** Creates the timers. */
export function createDueRules(options: DueOptions): DueRules {
  const timers = new Map<string, { due: number, timer: NodeJS.Timeout }>()
  const running = new Set<Promise<void>>()
  const look = (tenantId: string): void => {
    timers.delete(tenantId)
    const done = fireDue(options, tenantId).catch(options.onFault).finally(() => running.delete(done))
    running.add(done)
  }
  return {
    lookAt: (tenantId, { due, at }) => {
      if (at * 1000 < options.now() - LATE_MS) return
      const known = timers.get(tenantId)
      if (known && known.due <= due) return
      clearTimeout(known?.timer)
      const timer = setTimeout(() => { outsideTraces(() => { look(tenantId) }) }, Math.max(0, due * 1000 + GRACE_MS - options.now()))
      timers.set(tenantId, { due, timer })
    },
    stop: async () => {
      for (const { timer } of timers.values()) clearTimeout(timer)
      timers.clear()
      await Promise.all(running)
    },
  }
}

/** What {@link fireDue} needs. */
interface FireParts extends Pick<DueOptions, 'database' | 'writePath' | 'now'> {
  /** Since when this process judges absence, in seconds since the Unix epoch. @default it does not */
  lookingSince?: number
}

/** Fires what is due: rules whose `for` has ended, and those that miss samples. */
export async function fireDue({ database, writePath, now, lookingSince }: FireParts, tenantId: string): Promise<void> {
  const at = Math.floor(now() / 1000)
  const { rules, samples } = await database.inTenant(tenantId, async tx => ({ rules: await readRules(tx, tenantId), samples: await readNewest(tx, tenantId, 2) }), { snapshot: true })
  const due = rules.flatMap(one => {
    const value = valueWhenDue(one, samples, { at, lookingSince })
    return value === undefined ? [] : [{ ...one, value }]
  })
  if (due.length === 0) return
  const fired = due.map(({ rule, state, value }) => ({ rule, ...fire(state, { at, value, newId: () => crypto.randomUUID() }) }))
  const quiet = await database.inTenant(tenantId, async tx => await Promise.all(fired.map(({ rule }) => isSilenced(tx, tenantId, { rule: rule.name, at: now() }))))
  const events = fired.map(({ rule, ...change }, index) => ({ ...toRuleEvent(tenantId, rule, { ...change, isSilenced: quiet[index] ?? false }), actor }))
  const within = async (tx: Tx): Promise<void> => {
    await assertUnchanged(tx, tenantId, due.map(({ rule, state }) => ({ rule, state })))
    const [newest] = await readNewest(tx, tenantId)
    if (due.some(({ rule }) => rule.kind === 'absence') && newest?.at !== samples[0]?.at) throw new Overtaken()
    for (const one of fired) await saveState(tx, tenantId, one)
  }
  // Whoever was ahead judged later: theirs stands.
  await writePath().write({ tenantId, events, within }).catch((error: unknown) => { if (!(error instanceof Overtaken)) throw error })
}

/** What a rule found, if it is due to fire now: the figure, or for how many seconds there was no sample. */
function valueWhenDue({ rule, state }: StoredRule, [newest, before]: readonly Sampled[], { at, lookingSince }: { at: number, lookingSince: number | undefined }): number | undefined {
  if (rule.kind === 'absence') return state.state === 'firing' || lookingSince === undefined ? undefined : absentSeconds(rule, { at, newest: newest?.at, lookingSince })
  if (!newest || newest.at < at - STALE_SECONDS || state.state !== 'pending' || dueAt(rule, state.since) > at) return undefined
  return toValue(rule, { ...newest, before }) ?? 0
}

/** Tenants with rules that miss samples since long enough and do not fire yet; both in seconds since the Unix epoch. */
export async function listAbsent(database: Database, { at, lookingSince }: { at: number, lookingSince: number }): Promise<string[]> {
  if (at - lookingSince < MIN_GRACE_SECONDS) return []
  const { rows } = await database.inSystem(tx => sql<{ tenant_id: string }>`select distinct r.tenant_id from alert_rules r where r.absent_after <= ${at - lookingSince}::bigint and r.state <> 'firing'
    and not exists (select from metric_samples s where s.tenant_id = r.tenant_id and s.at > ${at}::bigint - r.absent_after)`.execute(tx))
  return rows.map(row => row.tenant_id)
}

/**
 * Holds the rules still and checks that they stand where they were read.
 * @throws {Overtaken}
 */
export async function assertUnchanged(tx: Tx, tenantId: string, expected: readonly StoredRule[]): Promise<void> {
  await lockChannels(tx, tenantId, [alertsChannel(tenantId).name])
  const rules = new Map((await readRules(tx, tenantId)).map(one => [one.rule.name, one]))
  for (const one of expected) if (JSON.stringify(rules.get(one.rule.name)) !== JSON.stringify(one)) throw new Overtaken()
}
