/** Of what in billing a user is told, and how: kept as the types that are muted in the portals and those that are sent. */

import { billingCategories, type BillingCategory, type BillingPreferences, type NotificationType, type PutBillingPreferences } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import type { Projection } from '../publish/projection.ts'
import type { WritePath } from '../publish/write-path.ts'
import { channelOf } from '@neo-stack/events'
import { countUnread, lastNumber, readView, type InboxUser } from './inbox-rows.ts'
import type { InboxOwner } from './inbox.ts'

/** What a user chose, without what the installation adds. */
export type Chosen = Omit<BillingPreferences, 'hasMail'>

const types = Object.keys(billingCategories) as NotificationType[]

/** Everything in the portals, nothing by e-mail: a mailbox is only written to when its owner asked for it. */
const DEFAULTS: Chosen = { categories: toCategories([], []), quietHours: null, timeZone: 'America/Sao_Paulo', language: 'pt-BR' }

/** What holds for a user. */
export function readPreferences(database: Database, user: InboxUser): Promise<Chosen> {
  return database.inTenant(user.tenantId, async tx => toChosen(await readRow(tx, user)))
}

/** Changes what is given and tells the user's other devices, both or neither. */
export async function putPreferences(services: { database: Database, writePath: WritePath }, { tenantId, userId, actor }: InboxOwner, changed: PutBillingPreferences): Promise<Chosen> {
  const event = { channel: channelOf('user', { tenantId, userId }), type: 'billing_preferences_changed', actor, data: { changed } } as const
  await services.writePath.write({ tenantId, events: [event] })
  return readPreferences(services.database, { tenantId, userId })
}

/** A change is logged with the counter it led to: what is muted does not count. */
export const preferencesProjection: Projection = {
  types: ['billing_preferences_changed'],
  apply: async (tx, { channel: { tenantId, userId = '' }, data }) => {
    const user = { tenantId, userId }
    await keep(tx, user, data['changed'] as PutBillingPreferences)
    return { data: { ...data, unread: await countUnread(tx, user, await readView(tx, user)) } }
  },
}

const readRow = (tx: Tx, { userId }: InboxUser) => tx.selectFrom('billing_preferences').selectAll().where('user_id', '=', userId).executeTakeFirst()

type Row = Awaited<ReturnType<typeof readRow>>

function toChosen(row: Row): Chosen {
  if (!row) return DEFAULTS
  return {
    categories: toCategories(row.muted, row.mailed),
    quietHours: row.quiet_from !== null && row.quiet_to !== null ? { from: row.quiet_from, to: row.quiet_to } : null,
    timeZone: row.time_zone, language: row.language as Chosen['language'],
  }
}

async function keep(tx: Tx, user: InboxUser, { categories = {}, ...rest }: PutBillingPreferences): Promise<void> {
  const row = await readRow(tx, user)
  const known = toChosen(row)
  const chosen = Object.fromEntries(Object.entries(known.categories).map(([name, wanted]) => [name, { ...wanted, ...categories[name as BillingCategory] }])) as Chosen['categories']
  const { quietHours, timeZone, language } = { ...known, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) } as Chosen
  const mailed = types.filter(type => chosen[billingCategories[type]].email)
  const values = {
    muted: types.filter(type => !chosen[billingCategories[type]].app), mailed, mailed_after: JSON.stringify(await startsOf(tx, user, { row, mailed })),
    quiet_from: quietHours?.from ?? null, quiet_to: quietHours?.to ?? null, time_zone: timeZone, language,
  }
  await tx.insertInto('billing_preferences').values({ tenant_id: user.tenantId, user_id: user.userId, ...values })
    .onConflict(conflict => conflict.columns(['tenant_id', 'user_id']).doUpdateSet(values)).execute()
}

/** What came before somebody asked for a type by e-mail is not sent; what waits of other types still is. */
async function startsOf(tx: Tx, { tenantId }: InboxUser, { row, mailed }: { row: Row, mailed: readonly NotificationType[] }): Promise<Record<string, number>> {
  const last = await lastNumber(tx, tenantId)
  return Object.fromEntries(mailed.map(type => [type, row?.mailed.includes(type) ? row.mailed_after[type] ?? 0 : last]))
}

function toCategories(muted: readonly string[], mailed: readonly string[]): Chosen['categories'] {
  return Object.fromEntries(types.map(type => [billingCategories[type], { app: !muted.includes(type), email: mailed.includes(type) }])) as Chosen['categories']
}
