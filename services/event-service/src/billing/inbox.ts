/**
 * The inbox of one user over the tenant's notifications. What a user did is kept as a mark (everything up to it was read at once)
 * and as states of single notifications, which win over the mark; the counter is counted, never kept, so it cannot drift.
 */

import type { Actor, InboxCount, InboxState, NotificationPage, NotificationType, ReadAll } from '@neo-stack/events'
import { channelOf } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import type { DraftEvent, WritePath } from '../publish/write-path.ts'
import { applyChange, type InboxChange } from './inbox-changes.ts'
import { countUnread, lastNumber, readView, selectPage, type InboxUser } from './inbox-rows.ts'

/** Whose inbox: `tenantId` the tenant's notifications, `userTenantId` where the user belongs (operators: the platform). */
export interface InboxOwner extends InboxUser {
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
  /** Puts one notification into a state. @throws {Problem} `not_found` */
  mark: (owner: InboxOwner, id: string, state: InboxState) => Promise<InboxCount>
  /** Everything unread becomes read; what is archived stays. */
  readAll: (owner: InboxOwner) => Promise<ReadAll>
  /** Takes the last `readAll` back; what was marked since stays as it is. @throws {Problem} `unprocessable` for any other */
  undoReadAll: (owner: InboxOwner, mark: string) => Promise<InboxCount>
  /** Notes that the user saw everything that is there now, read or not: nothing of it is sent by e-mail. */
  see: (owner: InboxOwner) => Promise<void>
}

/** Creates the inbox service. */
export function createInbox(services: { database: Database, writePath: WritePath }): Inbox {
  const { database } = services
  return {
    list: (owner, query) => database.inTenant(owner.tenantId, async tx => {
      const view = await readView(tx, owner)
      const items = await selectPage(tx, owner, { ...query, view })
      const page = items.slice(0, query.limit)
      const last = page.at(-1)
      return { items: page, unread: await countUnread(tx, owner, view), ...last && items.length > page.length && { next: last.id } }
    }, { snapshot: true }),
    mark: (owner, id, state) => change(services, owner, { state, ids: [id] }),
    readAll: async owner => {
      const mark = crypto.randomUUID()
      return { ...await change(services, owner, { state: 'read', mark }), mark }
    },
    undoReadAll: (owner, mark) => change(services, owner, { state: 'unread', mark }),
    see: ({ tenantId, userId }) => database.inTenant(tenantId, async tx => {
      const seen = await lastNumber(tx, tenantId)
      await tx.insertInto('billing_marks').values({ tenant_id: tenantId, user_id: userId, n: 0, seen_n: seen })
        .onConflict(conflict => conflict.columns(['tenant_id', 'user_id']).doUpdateSet({ seen_n: seen })).execute()
    }),
  }
}

/** Changes the inbox and tells the user's other devices, both or neither. The user's channel lies in the user's own tenant. */
async function change({ database, writePath }: { database: Database, writePath: WritePath }, owner: InboxOwner, asked: InboxChange): Promise<InboxCount> {
  const { tenantId, userTenantId, actor } = owner
  if (userTenantId !== tenantId) return { unread: await database.inTenant(tenantId, (tx: Tx) => applyChange(tx, owner, asked)) }
  const event: DraftEvent = { channel: channelOf('user', owner), type: 'inbox_changed', actor, data: { inbox: 'billing', ...asked } }
  return await writePath.write({ tenantId, events: [event], answer: ([changed]) => ({ unread: Number(changed?.data['unread']) }) }) as InboxCount
}
