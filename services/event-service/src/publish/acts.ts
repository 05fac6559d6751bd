/**
 * Acts: what a person or a key does to a tenant, its accounts or its things. What it changes, its row in the audit trail and its
 * `activity` event are one transaction: none of them is ever found without the others.
 */

import { PLATFORM_TENANT, type Envelope } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { withAllTenants } from '../database/transact.ts'
import { appendAudit } from '../plugins/audit.ts'
import { toActivity, type Told } from './activity.ts'
import type { DraftEvent, Submission, WritePath } from './write-path.ts'

/** One act. */
export interface Act extends Told {
  /** Where the request came from. */
  address?: string | undefined
}

/** What an act does besides being written down. */
export interface Performance<T> {
  /** Changes rows; `events` are the activity and then those of `events`, numbered. Throws a Problem to refuse: nothing of the act stays then. */
  run: (tx: Tx, events: readonly Envelope[]) => Promise<T>
  /** More events of the same transaction; of the tenant itself, or of the operators where they act. */
  events?: readonly Omit<DraftEvent, 'actor'>[]
  /** What only the trail says, when it is known after `run`. */
  auditDetail?: (result: T) => Readonly<Record<string, unknown>>
  /** Repeats under this key answer the first result, which must be JSON and hold no secret. */
  key?: Submission['key'] | undefined
}

/** What an act led to; `isRepeat` when it was carried out before, under the same idempotency key. */
export interface Performed<T> {
  result: T
  isRepeat: boolean
}

/** Carries out acts; resolves after the commit. */
export type Perform = <T>(act: Act, performance: Performance<T>) => Promise<Performed<T>>

/** Creates the performer of acts. */
export function createActs({ writePath, now }: { writePath: Pick<WritePath, 'write'>, now: () => number }): Perform {
  return async <T>(act: Act, { run, events = [], auditDetail, key }: Performance<T>): Promise<Performed<T>> => {
    let ran: { result: T } | undefined
    const within = async (tx: Tx, written: readonly Envelope[]): Promise<void> => {
      const change = async (): Promise<void> => {
        const result = await run(tx, written)
        await appendAudit(tx, { ...act, detail: { ...act.detail, ...auditDetail?.(result) } }, now())
        ran = { result }
      }
      await (act.isOperators ? withAllTenants(tx, change) : change())
    }
    const answer = await writePath.write({
      tenantId: act.isOperators ? PLATFORM_TENANT : act.tenantId, within, answer: () => ran?.result ?? null,
      events: [toActivity(act), ...events.map(event => ({ ...event, actor: act.actor }))], ...key && { key },
    })
    return ran ? { ...ran, isRepeat: false } : { result: answer as T, isRepeat: true }
  }
}
