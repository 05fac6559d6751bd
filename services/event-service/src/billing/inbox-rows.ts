/** The inbox's SQL: the view of one user, a page, the counter, and search. */

import { sql, type RawBuilder } from 'kysely'
import type { BillingStatus, InboxState, Notification, NotificationType } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { hasPart } from '../database/like.ts'
import { Problem } from '../errors.ts'

/** A user of a tenant's inbox. */
export interface InboxUser {
  tenantId: string
  userId: string
}

/** What decides over the state of notifications that have none of their own. */
export interface InboxView {
  /** Everything up to this number was read at once. */
  mark: number
  /** Types that this user does not want to be told of: they count as read. */
  muted: readonly string[]
}

/** Which page of which notifications. */
export interface PageQuery {
  state?: InboxState | undefined
  before?: string | undefined
  limit: number
  q?: string | undefined
  type?: NotificationType | undefined
  view: InboxView
}

/** Number of the tenant's newest notification; 0 when there is none. Numbers have no hole, so it is also how many there are. */
export async function lastNumber(tx: Tx, tenantId: string): Promise<number> {
  const row = await tx.selectFrom('billing_numbers').select('last').where('tenant_id', '=', tenantId).executeTakeFirst()
  return Number(row?.last ?? 0)
}

/** Reads a user's mark and preferences. */
export async function readView(tx: Tx, { userId }: InboxUser): Promise<InboxView> {
  const { rows: [row] } = await sql<{ n: string | null, muted: string[] | null }>`select
    (select n from billing_marks where user_id = ${userId}) as n, (select muted from billing_preferences where user_id = ${userId}) as muted`.execute(tx)
  return { mark: Number(row?.n ?? 0), muted: row?.muted ?? [] }
}

/**
 * Counts what is unread: what came after the mark (numbers have no hole), less what was dealt with or made good, and what was made
 * unread again. Nothing of it grows with the inbox but what a user did since the mark, and what is muted or settled.
 */
export async function countUnread(tx: Tx, { tenantId, userId }: InboxUser, { mark, muted }: InboxView): Promise<number> {
  const isNew = sql`n.n > ${mark} and not n.settled and n.type <> all(${muted}::text[])`
  const { rows: [row] } = await sql<{ count: string | number }>`select
    (select coalesce(max(last), ${mark}) - ${mark} from billing_numbers where tenant_id = ${tenantId})
    - (select count(*) from billing_notifications where tenant_id = ${tenantId} and n > ${mark} and settled)
    - ${muted.length === 0 ? sql`0` : sql`(select count(*) from billing_notifications where tenant_id = ${tenantId} and n > ${mark} and not settled and type = any(${muted}::text[]))`}
    + (select coalesce(sum(case when s.state = 'unread' then 1 else 0 end - case when ${isNew} then 1 else 0 end), 0)
      from billing_states s join billing_notifications n on n.tenant_id = s.tenant_id and n.id = s.notification_id
      where s.tenant_id = ${tenantId} and s.user_id = ${userId} and s.superseded_by is null) as count`.execute(tx)
  return Number(row?.count ?? 0)
}

/** A page in the order of what happened, newest first; one more than the limit where there is more. */
export async function selectPage(tx: Tx, user: InboxUser, query: PageQuery): Promise<Notification[]> {
  const words = toConditions(query.q)
  const conditions = await conditionsOf(tx, user, query)
  const rows = words.length === 0
    ? await readRows(tx, user, { ...query, where: conditions })
    : await readRows(tx, user, { ...query, where: [sql<boolean>`n.id = any(${await findIds(tx, user, { ...query, words, where: conditions })}::uuid[])`] })
  return rows.map(toNotification)
}

/** A state of its own, else read up to the mark or when it is settled or muted, and unread beyond it. */
function stateOf({ mark, muted }: InboxView): RawBuilder<InboxState> {
  return sql<InboxState>`coalesce(s.state, case when n.n <= ${mark} or n.settled or n.type = any(${muted}::text[]) then 'read' else 'unread' end)`
}

type Condition = RawBuilder<boolean>

async function conditionsOf(tx: Tx, { tenantId }: InboxUser, { before, type }: PageQuery): Promise<Condition[]> {
  return [
    sql<boolean>`n.tenant_id = ${tenantId}`,
    ...type === undefined ? [] : [sql<boolean>`n.type = ${type}`],
    ...before === undefined ? [] : [await beyond(tx, before)],
  ]
}

async function beyond(tx: Tx, id: string): Promise<Condition> {
  const row = await tx.selectFrom('billing_notifications').select(['occurred_at', 'n']).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('invalid_request', { errors: [{ path: 'before', message: 'is no notification of this inbox' }] })
  return sql<boolean>`(n.occurred_at, n.n) < (${row.occurred_at}, ${row.n})`
}

interface Row {
  id: string
  type: string
  status: string
  message: string
  amount_minor: string | number | null
  currency: string | null
  time: Date
  data: Record<string, unknown>
  state: InboxState
}

const inState = ({ state, view }: Pick<PageQuery, 'state' | 'view'>): Condition =>
  state === undefined ? sql<boolean>`${stateOf(view)} <> 'archived'` : sql<boolean>`${stateOf(view)} = ${state}`

const joined = ({ userId }: InboxUser, from: RawBuilder<unknown> = sql`billing_notifications`): RawBuilder<unknown> => sql`${from} n
  left join billing_states s on s.tenant_id = n.tenant_id and s.user_id = ${userId} and s.notification_id = n.id and s.superseded_by is null`

async function readRows(tx: Tx, user: InboxUser, query: PageQuery & { where: readonly Condition[] }): Promise<Row[]> {
  const { rows } = await sql<Row>`select n.id, n.type, n.status, n.message, n.amount_minor, n.currency, n.time, n.data, ${stateOf(query.view)} as state
    from ${joined(user)} where ${sql.join([...query.where, inState(query)], sql` and `)}
    order by n.occurred_at desc, n.n desc limit ${query.limit + 1}`.execute(tx)
  return rows
}

/** Notifications looked through before the index is asked: common words are found among the newest. */
const NEWEST = 2000

/**
 * Identifiers of notifications with these words, newest first. Found as `neo_search` (see the migration), which names tenant and user
 * itself; the rows are then read under the policy.
 */
async function findIds(tx: Tx, user: InboxUser, query: PageQuery & { words: readonly Condition[], where: readonly Condition[] }): Promise<string[]> {
  const { where, limit } = query
  await sql`set local role neo_search`.execute(tx)
  const near = await find(tx, user, { ...query, from: sql`(select * from billing_notifications n where ${sql.join(where, sql` and `)} order by n.occurred_at desc, n.n desc limit ${NEWEST})` })
  const ids = near.length > limit ? near : await find(tx, user, { ...query, from: sql`billing_notifications` })
  await sql`set local role neo_app`.execute(tx)
  return ids
}

async function find(tx: Tx, user: InboxUser, query: PageQuery & { words: readonly Condition[], where: readonly Condition[], from: RawBuilder<unknown> }): Promise<string[]> {
  const { where, words, from, limit } = query
  // Without `materialized` the planner may walk the order of the inbox instead of using the index of words.
  const { rows } = await sql<{ id: string }>`with found as materialized (select n.tenant_id, n.id, n.n, n.type, n.settled, n.occurred_at from ${from} n where ${sql.join([...where, ...words], sql` and `)})
    select n.id from ${joined(user, sql`found`)} where ${inState(query)} order by n.occurred_at desc, n.n desc limit ${limit + 1}`.execute(tx)
  return rows.map(({ id }) => id)
}

/**
 * That each word stands somewhere; what means something in a pattern means itself. A word of one or two characters has no trigram: the
 * index would be read as a whole, so it is not offered.
 */
function toConditions(q = ''): Condition[] {
  return q.split(/\s+/).filter(Boolean).map(word => [...word].length < 3
    ? sql<boolean>`position(neo_plain(${word}) in n.words) > 0`
    : hasPart(sql.ref('n.words'), word))
}

function toNotification(row: Row): Notification {
  return {
    id: row.id, type: row.type, status: row.status as BillingStatus, message: row.message,
    ...row.amount_minor !== null && { amountMinor: Number(row.amount_minor) }, ...row.currency !== null && { currency: row.currency },
    read: row.state !== 'unread', state: row.state, time: row.time.toISOString(), data: row.data,
  }
}
