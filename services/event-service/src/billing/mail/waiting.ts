/** Who waits for which letter: SQL over the marks of each user. What was read, seen, settled or overtaken is not sent. */

import { sql, type RawBuilder } from 'kysely'
import { PLATFORM_TENANT, permissionsOf } from '@neo-stack/events'
import type { Database, Tx } from '../../database/database.ts'
import { lastNumber, readView, type InboxUser } from '../inbox-rows.ts'
import type { Occasion, Unseen } from './letter.ts'
import { isQuiet } from './quiet-hours.ts'

/** Notifications that a letter names; of the others it tells how many there are. */
const NAMED = 20

/** Milliseconds that a process has for a letter before another may take it over: longer than any mail server is waited for. */
const LEASE_MS = 180_000

/** A letter that this process alone is to send. */
export interface Claimed extends Omit<Occasion, 'link'> {
  address: string
  /** Number after which this letter begins and the one up to which it goes. */
  after: number
  upTo: number
  /** Until when no other process takes it, milliseconds since the Unix epoch. */
  until: number
}

/** Users with something to be told that came before `ripeAt` (milliseconds since the Unix epoch), whose hours are not quiet. */
export async function listWaiting(database: Database, { now, ripeAt }: { now: number, ripeAt: number }): Promise<InboxUser[]> {
  const { rows } = await database.inSystem(tx => sql<{ tenant_id: string, user_id: string, quiet_from: string | null, quiet_to: string | null, time_zone: string }>`
    select p.tenant_id, p.user_id, p.quiet_from, p.quiet_to, p.time_zone from billing_preferences p
    left join billing_marks m on m.tenant_id = p.tenant_id and m.user_id = p.user_id
    where p.mailed <> '{}' and (m.mailing_until is null or m.mailing_until <= ${new Date(now)}) and exists (select 1 from billing_notifications n
      where n.tenant_id = p.tenant_id and n.n > coalesce(m.mailed_n, 0) and n.n > coalesce((p.mailed_after ->> n.type)::bigint, 0) and n.time <= ${new Date(ripeAt)} and n.type = any(p.mailed))`.execute(tx))
  return rows.filter(row => !isQuiet(now, toHours(row), row.time_zone)).map(row => ({ tenantId: row.tenant_id, userId: row.user_id }))
}

/** Takes a user's letter, unless another process has it, nothing is left to tell, or the user may not be told (any more, or just now). */
export function claimLetter(database: Database, user: InboxUser, { now, ripeAt }: { now: number, ripeAt: number }): Promise<Claimed | undefined> {
  return database.inTenant(user.tenantId, async tx => {
    await tx.insertInto('billing_marks').values({ tenant_id: user.tenantId, user_id: user.userId, n: 0 }).onConflict(conflict => conflict.doNothing()).execute()
    const marks = await tx.selectFrom('billing_marks').select(['mailed_n', 'seen_n', 'mailing_until']).where('user_id', '=', user.userId).forUpdate().executeTakeFirstOrThrow()
    if (marks.mailing_until && marks.mailing_until.getTime() > now) return undefined
    const person = await readReader(tx, user)
    if (!person) {
      // Passed over for good: else the same would be found in each round, and be told late to whoever comes back.
      await setMarks(tx, user, { mailed_n: await lastNumber(tx, user.tenantId), mailing_until: null })
      return undefined
    }
    if (isQuiet(now, toHours(person), person.time_zone)) return undefined
    const after = Number(marks.mailed_n)
    const { upTo, count, notifications } = await readUnseen(tx, user, { after, seen: Number(marks.seen_n), ripeAt, mailed: person.mailed, mailedAfter: person.mailed_after })
    if (count === 0) await setMarks(tx, user, { mailed_n: Math.max(after, upTo), mailing_until: null })
    const until = now + LEASE_MS
    if (count > 0) await setMarks(tx, user, { mailing_until: new Date(until) })
    return count === 0 ? undefined : {
      until, after, upTo, count, notifications, address: person.email, name: person.name, language: person.language as Claimed['language'], timeZone: person.time_zone,
    }
  })
}

/**
 * Notes how a letter ended: `done`, or to be tried again. One that took longer than its lease neither moves back what another process
 * noted nor takes the letter from it.
 */
export async function endLetter(database: Database, user: InboxUser, { upTo, until, isDone }: Pick<Claimed, 'upTo' | 'until'> & { isDone: boolean }): Promise<void> {
  const isOurs = sql`mailing_until = ${new Date(until)}`
  await database.inTenant(user.tenantId, tx => setMarks(tx, user, {
    mailing_until: sql<Date | null>`case when ${isOurs} then null else mailing_until end`, ...isDone && { mailed_n: sql<number>`greatest(mailed_n, ${upTo})` },
  }))
}

async function setMarks(tx: Tx, { userId }: InboxUser, values: { mailed_n?: number | RawBuilder<number>, mailing_until: Date | null | RawBuilder<Date | null> }): Promise<void> {
  await tx.updateTable('billing_marks').set(values).where('user_id', '=', userId).execute()
}

const toHours = ({ quiet_from: from, quiet_to: to }: { quiet_from: string | null, quiet_to: string | null }): { from: string, to: string } | null =>
  from === null || to === null ? null : { from, to }

interface Reader {
  email: string
  name: string
  mailed: string[]
  mailed_after: Record<string, number>
  quiet_from: string | null
  quiet_to: string | null
  time_zone: string
  language: string
}

/** Somebody who may read billing now, whatever was true when they asked for letters. */
async function readReader(tx: Tx, { tenantId, userId }: InboxUser): Promise<Reader | undefined> {
  const found = await tx.selectFrom('billing_preferences as p')
    .innerJoin('users as u', join => join.onRef('u.id', '=', 'p.user_id').onRef('u.tenant_id', '=', 'p.tenant_id')).innerJoin('tenants as t', 't.id', 'p.tenant_id')
    .select(['u.email', 'u.name', 'u.roles', 'p.mailed', 'p.mailed_after', 'p.quiet_from', 'p.quiet_to', 'p.time_zone', 'p.language'])
    .where('p.user_id', '=', userId).where('u.state', '=', 'active').where('t.state', '=', 'active').executeTakeFirst()
  const granted = permissionsOf(found?.roles ?? [])
  return granted.includes('billing:read') || (tenantId === PLATFORM_TENANT && granted.includes('admin:*')) ? found : undefined
}

interface Range {
  after: number
  seen: number
  ripeAt: number
  mailed: readonly string[]
  /** Number after which each of them is sent. @default 0 */
  mailedAfter: Readonly<Record<string, number>>
}

/** What is unread although the portals may be muted for it, and still the newest word on what it speaks of. */
async function readUnseen(tx: Tx, user: InboxUser, { after, seen, ripeAt, mailed, mailedAfter }: Range): Promise<{ upTo: number, count: number, notifications: Unseen[] }> {
  const { mark } = await readView(tx, user)
  // Up to the first that is not ripe yet: numbers follow the order of arrival, times nearly do.
  const { rows: [range] } = await sql<{ up_to: string | number | null }>`select coalesce(
    (select min(n) - 1 from billing_notifications where tenant_id = ${user.tenantId} and n > ${after} and time > ${new Date(ripeAt)}),
    (select last from billing_numbers where tenant_id = ${user.tenantId})) as up_to`.execute(tx)
  const upTo = Number(range?.up_to ?? after)
  const { rows } = await sql<{ type: string, status: Unseen['status'], message: string, amount_minor: string | number | null, currency: string | null, time: Date, data: Unseen['data'], total: string | number }>`
    select n.type, n.status, n.message, n.amount_minor, n.currency, n.time, n.data, count(*) over () as total from billing_notifications n
    left join billing_states s on s.tenant_id = n.tenant_id and s.user_id = ${user.userId} and s.notification_id = n.id and s.superseded_by is null
    where n.tenant_id = ${user.tenantId} and n.n > ${Math.max(after, seen)} and n.n <= ${upTo} and n.type = any(${[...mailed]}::text[])
      and n.n > coalesce((${JSON.stringify(mailedAfter)}::jsonb ->> n.type)::bigint, 0)
      and coalesce(s.state, case when n.n <= ${mark} or n.settled then 'read' else 'unread' end) = 'unread'
      and not exists (select 1 from billing_notifications newer where newer.tenant_id = n.tenant_id and newer.subject = n.subject and newer.occurred_at > n.occurred_at)
    order by n.occurred_at desc, n.n desc limit ${NAMED}`.execute(tx)
  return {
    upTo, count: Number(rows[0]?.total ?? 0),
    notifications: rows.map(({ amount_minor: amount, currency, total: _, ...row }) => ({ ...row, ...amount !== null && { amountMinor: Number(amount) }, ...currency !== null && { currency } })),
  }
}
