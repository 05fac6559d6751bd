/**
 * The inbox of one user over the tenant's notifications. What a user did is kept as a mark (everything up to it was read at once)
 * and as states of single notifications, which win over the mark; the counter is counted, never kept, so it cannot drift.
 */

import { sql, type RawBuilder } from 'kysely'
import { channelOf, type Actor, type BillingStatus, type InboxState, type Notification, type NotificationPage, type NotificationType } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { DraftEvent, WritePath } from '../publish/write-path.ts'
import { lastNumber } from './projection.ts'

/** Whose inbox: `tenantId` the tenant's notifications, `userTenantId` where the user belongs (operators: the platform). */
export interface InboxOwner {
  tenantId: string
  userId: string
  userTenantId: string
  actor: Actor
}

/** Which page. */
export interface InboxQuery {
  state?: InboxState | undefined
  before?: string | undefined
  limit: number
  /** Words of which each must stand in the sentence or in the data. */
  q?: string | undefined
  type?: NotificationType | undefined
}

/** See {@link createInbox}. */
export interface Inbox {
  /** @throws {Problem} `invalid_request` for a `before` that is no notification of this tenant */
  list: (owner: InboxOwner, query: InboxQuery) => Promise<NotificationPage>
  /** Puts one notification into a state. @returns the counter @throws {Problem} `not_found` */
  mark: (owner: InboxOwner, id: string, state: InboxState) => Promise<number>
  /** Everything unread becomes read; what is archived stays. @returns the counter */
  readAll: (owner: InboxOwner) => Promise<number>
}

/** Creates the inbox service. */
export function createInbox({ database, writePath }: { database: Database, writePath: WritePath }): Inbox {
  return {
    list: (owner, query) => database.inTenant(owner.tenantId, async tx => {
      const mark = await readMark(tx, owner)
      const items = await select(tx, owner, { ...query, mark })
      const page = items.slice(0, query.limit)
      const last = page.at(-1)
      return { items: page, unread: await countUnread(tx, owner, mark), ...last && items.length > page.length && { next: last.id } }
    }, { snapshot: true }),
    mark: (owner, id, state) => change({ database, writePath }, owner, {
      state, ids: [id],
      apply: async tx => {
        const found = await tx.selectFrom('billing_notifications').select('id').where('id', '=', id).executeTakeFirst()
        if (!found) throw new Problem('not_found', { detail: 'There is no such notification.' })
        await tx.insertInto('billing_states').values({ tenant_id: owner.tenantId, user_id: owner.userId, notification_id: id, state })
          .onConflict(conflict => conflict.columns(['tenant_id', 'user_id', 'notification_id']).doUpdateSet({ state })).execute()
      },
    }),
    readAll: owner => change({ database, writePath }, owner, {
      state: 'read',
      apply: async tx => {
        const n = await lastNumber(tx, owner.tenantId)
        await tx.insertInto('billing_marks').values({ tenant_id: owner.tenantId, user_id: owner.userId, n })
          .onConflict(conflict => conflict.columns(['tenant_id', 'user_id']).doUpdateSet({ n })).execute()
        await tx.deleteFrom('billing_states').where('user_id', '=', owner.userId).where('state', '<>', 'archived').execute()
      },
    }),
  }
}

interface Change {
  state: InboxState
  ids?: string[]
  apply: (tx: Tx) => Promise<void>
}

/** Changes the inbox and tells the user's other devices, both or neither. The user's channel lies in the user's own tenant. */
async function change({ database, writePath }: { database: Database, writePath: WritePath }, owner: InboxOwner, { state, ids, apply }: Change): Promise<number> {
  const { tenantId, userTenantId, actor } = owner
  let unread = 0
  const within = async (tx: Tx): Promise<void> => {
    await apply(tx)
    unread = await countUnread(tx, owner, await readMark(tx, owner))
  }
  if (userTenantId !== tenantId) await database.inTenant(tenantId, within)
  else {
    const event: DraftEvent = { channel: channelOf('user', owner), type: 'inbox_changed', actor, data: { inbox: 'billing', state, ...ids && { ids } } }
    await writePath.write({ tenantId, events: [event], within })
  }
  return unread
}

async function readMark(tx: Tx, { userId }: InboxOwner): Promise<number> {
  const row = await tx.selectFrom('billing_marks').select('n').where('user_id', '=', userId).executeTakeFirst()
  return Number(row?.n ?? 0)
}

/** A state of its own, else read up to the mark and unread beyond it. */
function stateOf(mark: number): RawBuilder<string> {
  return sql<string>`coalesce(s.state, case when billing_notifications.n <= ${mark} then 'read' else 'unread' end)`
}

/** Every notification of the tenant beside what this user did with it. */
const joined = (tx: Tx, userId: string) => tx.selectFrom('billing_notifications')
  .leftJoin('billing_states as s', join => join.onRef('s.notification_id', '=', 'billing_notifications.id').on('s.user_id', '=', userId))

async function countUnread(tx: Tx, { userId }: InboxOwner, mark: number): Promise<number> {
  const row = await joined(tx, userId).where(stateOf(mark), '=', 'unread').select(eb => eb.fn.countAll<string | number>().as('count')).executeTakeFirst()
  return Number(row?.count ?? 0)
}

async function select(tx: Tx, { userId }: InboxOwner, { state, before, limit, q, type, mark }: InboxQuery & { mark: number }): Promise<Notification[]> {
  const from = before === undefined ? undefined : await numberOf(tx, before)
  const rows = await joined(tx, userId).selectAll('billing_notifications').select(stateOf(mark).as('state'))
    .where(stateOf(mark), state === undefined ? '<>' : '=', state ?? 'archived')
    .$if(from !== undefined, query => query.where('n', '<', from ?? 0))
    .$if(type !== undefined, query => query.where('billing_notifications.type', '=', type ?? ''))
    .where(eb => eb.and(toWords(q).map(word => sql<boolean>`billing_notifications.words like ${word}`)))
    .orderBy('n', 'desc').limit(limit + 1).execute()
  return rows.map(row => ({
    id: row.id, type: row.type, status: row.status as BillingStatus, message: row.message,
    ...row.amount_minor !== null && { amountMinor: Number(row.amount_minor) }, ...row.currency !== null && { currency: row.currency },
    read: row.state !== 'unread', state: row.state as InboxState, time: row.time.toISOString(), data: row.data,
  }))
}

/** Patterns that find each word anywhere; what means something in a pattern means itself. */
function toWords(q = ''): string[] {
  return q.toLowerCase().split(/\s+/).filter(Boolean).map(word => `%${word.replace(/[\\%_]/g, '\\$&')}%`)
}

async function numberOf(tx: Tx, id: string): Promise<number> {
  const row = await tx.selectFrom('billing_notifications').select('n').where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('invalid_request', { errors: [{ path: 'before', message: 'is no notification of this inbox' }] })
  return Number(row.n)
}
