/**
 * Messages to channels. What a channel is to be told is written in the transaction of the alert itself; alerts of one group that come
 * within seconds of each other are one message. A message is held while it is sent, so that of several processes one sends it.
 */

import { sql } from 'kysely'
import * as z from 'zod'
import { alertRuleSchema, PLATFORM_TENANT, severitySchema, toldAlertSchema, type AlertDelivery, type Severity, type ToldAlert } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { perTransaction } from '../database/per-transaction.ts'
import { PREPARED } from '../database/prepared.ts'
import { Problem } from '../errors.ts'
import type { PendingEvent, Projection } from '../publish/projection.ts'
import type { ChannelOwner, ChannelParts } from './channels.ts'

/** Milliseconds that a message waits for others of its group. */
const GROUP_MS = 5000
/** Alerts of one message at most. */
const MAX_ALERTS = 100
/** Messages of one channel that wait at most: a receiver that is away for long is not told of all of it at once. */
const MAX_WAITING = 1000
/** Milliseconds a process has to send a message before another takes it over: longer than any receiver is waited for. */
const HELD_MS = 60_000
/** Attempts until a message is given up: their eleven waits take from 51 to 103 minutes, as chance has it. */
const MAX_ATTEMPTS = 12
const LISTED = 50

const ranks: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 }

/** What rules say in parameters. Whoever publishes an alert may use the same names for anything: what does not fit is not told. */
const paramsSchema = z.object({
  group: z.string().catch(''), rule: toldAlertSchema.shape.rule.catch(undefined), metric: toldAlertSchema.shape.metric.catch(undefined),
  value: toldAlertSchema.shape.value.catch(undefined), runbook: alertRuleSchema.shape.runbook.catch(undefined),
  tenantId: toldAlertSchema.shape.tenantId.catch(undefined),
})

/** An event that may be told. */
export type Tellable = Pick<PendingEvent, 'id' | 'type' | 'time' | 'channel' | 'data'>

/** The projection of alerts that are published, not derived: channels are told of those as well. */
export const deliveryProjection: Projection = {
  types: ['alert', 'alert_resolved'],
  apply: async (tx, event) => {
    await queueAlert(tx, event)
    return undefined
  },
  // Most tenants have no channel: nothing of an alert needs to be read then.
  applyAll: async (tx, events) => {
    const channels = await channelsOf(tx, events[0]?.channel.tenantId ?? '')
    return channels.length === 0 ? events.map(() => ({})) : undefined
  },
}

/** Writes down what channels are to be told of an alert. What a silence holds is told to nobody. */
export async function queueAlert(tx: Tx, { id, type, time, channel: { tenantId }, data }: Tellable): Promise<void> {
  const severity = severitySchema.safeParse(data['severity'])
  if (data['isSilenced'] === true || !severity.success) return
  const channels = await channelsOf(tx, tenantId)
  if (channels.length === 0) return
  const { group, tenantId: about, ...params } = paramsSchema.parse(data['params'] ?? {})
  const listening = channels.filter(one => ranks[one.severity] <= ranks[severity.data] && (one.group_name === null || one.group_name === group))
  if (listening.length === 0) return
  const told: ToldAlert = toldAlertSchema.parse({ ...params, ...tenantId === PLATFORM_TENANT && { tenantId: about }, alertId: data['alertId'] ?? id, change: changeOf(type, data['messageKey']), severity: severity.data, message: data['message'], time })
  for (const { id: channelId } of listening) await addToMessage(tx, { tenantId, channelId, group, told })
}

const channelsOf = perTransaction(async (tx, tenantId) => {
  const { rows } = await sql<{ id: string, severity: Severity, group_name: string | null }>`${PREPARED} select id, severity, group_name from alert_channels where tenant_id = ${tenantId}`.execute(tx)
  return rows
})

function changeOf(type: string, messageKey: unknown): ToldAlert['change'] {
  if (type === 'alert_resolved') return 'resolved'
  if (messageKey === 'rule_flapping' || messageKey === 'rule_absence_flapping') return 'flapping'
  return messageKey === 'rule_repeated' || messageKey === 'rule_still_absent' ? 'repeated' : 'fired'
}

async function addToMessage(tx: Tx, { tenantId, channelId, group, told }: { tenantId: string, channelId: string, group: string, told: ToldAlert }): Promise<void> {
  const { numAffectedRows: added = 0n } = await sql`update alert_deliveries set alerts = alerts || ${JSON.stringify([told])}::jsonb where tenant_id = ${tenantId} and id = (
    select id from alert_deliveries where tenant_id = ${tenantId} and channel_id = ${channelId} and group_name = ${group} and is_collecting
      and jsonb_array_length(alerts) < ${MAX_ALERTS} order by created_at desc limit 1 for update)`.execute(tx)
  if (added > 0n) return
  const at = Date.parse(told.time)
  const isFull = await hasTooMany(tx, { tenantId, channelId })
  await tx.insertInto('alert_deliveries').values({
    tenant_id: tenantId, id: crypto.randomUUID(), channel_id: channelId, group_name: group, alerts: JSON.stringify([told]), created_at: new Date(at), due_at: new Date(at + GROUP_MS),
    ...isFull ? { state: 'dead', error: `${MAX_WAITING} messages wait for this channel` } : { is_collecting: true },
  }).execute()
}

async function hasTooMany(tx: Tx, { tenantId, channelId }: { tenantId: string, channelId: string }): Promise<boolean> {
  const last = await tx.selectFrom('alert_deliveries').select('id').where('tenant_id', '=', tenantId).where('channel_id', '=', channelId).where('state', '=', 'waiting').offset(MAX_WAITING - 1).limit(1).executeTakeFirst()
  return last !== undefined
}

/** A message that this process alone is to send. */
export interface Held {
  tenantId: string
  id: string
  group: string
  alerts: ToldAlert[]
  attempts: number
  /** Tells this hold from a later one of another process. */
  hold: string
  channel: { kind: 'email' | 'webhook', name: string, target: string, secret: string | null, language: 'pt-BR' | 'es' | 'en' }
}

/** Takes up to `limit` messages that are due: of each tenant its oldest, then of each the next one, so that nobody's many hold up another's few. */
export async function holdDue(database: Database, limit: number, now: number): Promise<Held[]> {
  const hold = crypto.randomUUID()
  const isFree = sql`state = 'waiting' and due_at <= ${new Date(now)} and (held_until is null or held_until <= ${new Date(now)})`
  return database.inSystem(async tx => {
    const { rows } = await sql<{ tenant_id: string, id: string }>`with turns as (
        select tenant_id, id, due_at, row_number() over (partition by tenant_id order by due_at, id) as turn from alert_deliveries where ${isFree}),
      taken as materialized (select tenant_id, id from alert_deliveries where ${isFree} and (tenant_id, id) in (select tenant_id, id from turns order by turn, due_at limit ${limit}) for update skip locked)
      update alert_deliveries d set held_until = ${new Date(now + HELD_MS)}, hold = ${hold}, is_collecting = false from taken where d.tenant_id = taken.tenant_id and d.id = taken.id
      returning d.tenant_id, d.id`.execute(tx)
    if (rows.length === 0) return []
    const found = await tx.selectFrom('alert_deliveries as d').innerJoin('alert_channels as c', join => join.onRef('c.tenant_id', '=', 'd.tenant_id').onRef('c.id', '=', 'd.channel_id'))
      .select(['d.tenant_id', 'd.id', 'd.group_name', 'd.alerts', 'd.attempts', 'c.kind', 'c.name', 'c.target', 'c.secret', 'c.language']).where('d.id', 'in', rows.map(({ id }) => id)).execute()
    return found.map(({ tenant_id: tenantId, id, group_name: group, alerts, attempts, ...channel }) => ({ tenantId, id, group, alerts, attempts, hold, channel }))
  })
}

/** How an attempt ended: `error` is why it did not succeed, `isFinal` that none of a later one would. */
export interface Attempt {
  error?: string
  isFinal?: boolean
}

/**
 * Notes an attempt; one that failed is tried again later and later, each time at a random moment, and given up in the end. One that took
 * so long that another process took over says nothing. `random` is from 0 to 1.
 * @returns how it ended, `undefined` when another process took over
 */
export async function endAttempt(database: Database, { tenantId, id, attempts, hold }: Held, { error, isFinal = false }: Attempt, { now, random }: { now: number, random: number }): Promise<'sent' | 'failed' | 'given_up' | undefined> {
  const isDead = error !== undefined && (isFinal || attempts + 1 >= MAX_ATTEMPTS)
  const state = error === undefined ? 'sent' : isDead ? 'dead' : 'waiting'
  const { numUpdatedRows } = await database.inTenant(tenantId, tx => tx.updateTable('alert_deliveries')
    .set({ state, attempts: attempts + 1, held_until: null, hold: null, error: error?.slice(0, 500) ?? null, ...state === 'waiting' && { due_at: new Date(now + toDelay(attempts, random)) } })
    .where('tenant_id', '=', tenantId).where('id', '=', id).where('hold', '=', hold).executeTakeFirst())
  if (numUpdatedRows === 0n) return undefined
  return state === 'sent' ? 'sent' : isDead ? 'given_up' : 'failed'
}

/** Milliseconds until the next attempt: 5 s, doubled each time up to half an hour, of which the second half is left to chance. */
export function toDelay(attempts: number, random: number): number {
  return Math.min(1_800_000, 5000 * 2 ** attempts) * (0.5 + random / 2)
}

/** The newest messages of a tenant. */
export function listDeliveries(database: Database, tenantId: string, state?: AlertDelivery['state']): Promise<AlertDelivery[]> {
  return database.inTenant(tenantId, async tx => {
    const rows = await tx.selectFrom('alert_deliveries as d').innerJoin('alert_channels as c', join => join.onRef('c.tenant_id', '=', 'd.tenant_id').onRef('c.id', '=', 'd.channel_id'))
      .select(['d.id', 'd.channel_id', 'c.name', 'c.kind', 'd.state', 'd.attempts', 'd.alerts', 'd.created_at', 'd.due_at', 'd.error']).where('d.tenant_id', '=', tenantId)
      .$if(state !== undefined, query => query.where('d.state', '=', state ?? 'dead')).orderBy('d.created_at', 'desc').orderBy('d.id').limit(LISTED).execute()
    return rows.map(row => ({
      id: row.id, channelId: row.channel_id, channel: row.name, kind: row.kind, state: row.state, attempts: row.attempts, alerts: row.alerts,
      createdAt: row.created_at.toISOString(), dueAt: row.due_at.toISOString(), ...row.error !== null && { error: row.error },
    }))
  })
}

/**
 * Sends a message again, now, under the identifier it had. One that waits is tried now.
 * @throws {Problem} `not_found`
 */
export async function redeliver({ perform, now }: Pick<ChannelParts, 'perform' | 'now'>, { tenantId, actor }: ChannelOwner, id: string): Promise<void> {
  const run = async (tx: Tx): Promise<{ channel: string }> => {
    const again = await tx.updateTable('alert_deliveries').set({ state: 'waiting', attempts: 0, due_at: new Date(now()), error: null, is_collecting: false })
      .where('tenant_id', '=', tenantId).where('id', '=', id).returning('channel_id').executeTakeFirst()
    if (!again) throw new Problem('not_found', { detail: 'There is no such message.' })
    return { channel: again.channel_id }
  }
  await perform({ tenantId, actor, action: 'alert_delivery.redelivered', target: id, detail: {} }, { run, auditDetail: trail => trail })
}

const KEPT_DAYS = 30

/** Removes messages that are older than a month. @returns how many were removed */
export async function purgeDeliveries(tx: Tx, batch: number, now: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`delete from alert_deliveries where (tenant_id, id) in (
    select tenant_id, id from alert_deliveries where created_at < ${new Date(now - KEPT_DAYS * 86_400_000)} limit ${batch})`.execute(tx)
  return Number(numAffectedRows)
}
