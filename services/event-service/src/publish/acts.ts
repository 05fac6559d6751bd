/**
 * Acts: what a person or a key does to a tenant, its accounts or its things. What it changes, its row in the audit trail and its
 * `activity` event are one transaction: none of them is ever found without the others.
 */

import { channelOf, PLATFORM_TENANT, type Actor, type Channel, type Envelope } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { withAllTenants } from '../database/transact.ts'
import { appendAudit } from '../plugins/audit.ts'
import type { DraftEvent, Submission, WritePath } from './write-path.ts'

/** One act. */
export interface Act {
  /** Whose trail it stands in: the tenant that is acted on. */
  tenantId: string
  actor: Actor
  /** A stable word such as `user.created`. */
  action: string
  /** What is acted on: an identifier, never a secret. */
  target: string
  /** Where the request came from. */
  address?: string | undefined
  /** What the trail and the event say besides. */
  detail?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
  /** An operator acts on a tenant: the event goes to the operators, and the transaction reaches every tenant's rows. @default false */
  isOperators?: boolean
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

/** The event that tells of an act. */
export function toActivity({ tenantId, actor, action, target, detail, isOperators = false }: Act): DraftEvent {
  const data = { action, target, ...detail && { detail: { ...detail, ...isOperators && { tenant: tenantId } } } }
  return { channel: activityChannel(isOperators ? PLATFORM_TENANT : tenantId), type: 'activity', data, actor }
}

function activityChannel(tenantId: string): Channel {
  return tenantId === PLATFORM_TENANT ? channelOf('admin-activity') : channelOf('activity', { tenantId })
}
