/** What a user does to the inbox, carried out in the transaction that tells the user's other devices. */

import type { InboxState } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Projection } from '../publish/projection.ts'
import { countUnread, lastNumber, readView, type InboxUser } from './inbox-rows.ts'

/** Single notifications put into a state; or, by a mark, everything read (`read`) and that taken back (`unread`). */
export type InboxChange = { state: InboxState, ids: string[] } | { state: 'read' | 'unread', mark: string }

/** A change is logged with the counter it led to, so that other devices show it without asking. */
export const inboxProjection: Projection = {
  types: ['inbox_changed'],
  apply: async (tx, { channel: { tenantId, userId = '' }, data }) => {
    const unread = await applyChange(tx, { tenantId, userId }, data as unknown as InboxChange)
    return { data: { ...data, unread } }
  },
}

/**
 * Carries a change out.
 * @returns how many notifications are unread afterwards
 * @throws {Problem} `not_found` for what is no notification, `unprocessable` for a mark that is not the last one
 */
export async function applyChange(tx: Tx, user: InboxUser, change: InboxChange): Promise<number> {
  if ('ids' in change) for (const id of change.ids) await setState(tx, user, { id, state: change.state })
  else if (change.state === 'read') await readAll(tx, user, change.mark)
  else await undoReadAll(tx, user, change.mark)
  return countUnread(tx, user, await readView(tx, user))
}

async function setState(tx: Tx, { tenantId, userId }: InboxUser, { id, state }: { id: string, state: InboxState }): Promise<void> {
  const found = await tx.selectFrom('billing_notifications').select('id').where('id', '=', id).executeTakeFirst()
  if (!found) throw new Problem('not_found', { detail: 'There is no such notification.' })
  await tx.insertInto('billing_states').values({ tenant_id: tenantId, user_id: userId, notification_id: id, state })
    .onConflict(conflict => conflict.columns(['tenant_id', 'user_id', 'notification_id']).doUpdateSet({ state, superseded_by: null })).execute()
}

/** States that the mark makes pointless are set aside under it; those that an earlier mark set aside are forgotten. */
async function readAll(tx: Tx, { tenantId, userId }: InboxUser, mark: string): Promise<void> {
  const n = await lastNumber(tx, tenantId)
  const before = await tx.selectFrom('billing_marks').select('n').where('user_id', '=', userId).executeTakeFirst()
  const values = { n, id: mark, previous_n: Number(before?.n ?? 0) }
  await tx.insertInto('billing_marks').values({ tenant_id: tenantId, user_id: userId, ...values })
    .onConflict(conflict => conflict.columns(['tenant_id', 'user_id']).doUpdateSet(values)).execute()
  await tx.deleteFrom('billing_states').where('user_id', '=', userId).where('superseded_by', 'is not', null).execute()
  await tx.updateTable('billing_states').set({ superseded_by: mark }).where('user_id', '=', userId).where('state', '<>', 'archived').execute()
}

async function undoReadAll(tx: Tx, { userId }: InboxUser, mark: string): Promise<void> {
  const marked = await tx.selectFrom('billing_marks').select('previous_n').where('user_id', '=', userId).where('id', '=', mark).executeTakeFirst()
  if (!marked) throw new Problem('unprocessable', { detail: 'Only the last marking of all notifications can be undone.' })
  await tx.updateTable('billing_marks').set({ n: Number(marked.previous_n ?? 0), id: null, previous_n: null }).where('user_id', '=', userId).execute()
  await tx.updateTable('billing_states').set({ superseded_by: null }).where('user_id', '=', userId).where('superseded_by', '=', mark).execute()
}
