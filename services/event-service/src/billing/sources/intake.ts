/** Takes webhooks in: signature, mapping, tenant, and one durable write per event however often it is sent. */

import { channelOf, parseEvent, PLATFORM_TENANT, type Envelope, type WebhookAnswer } from '@neo-stack/events'
import type { Database, Tx } from '../../database/database.ts'
import { Problem } from '../../errors.ts'
import { encodeData } from '../../publish/encoded.ts'
import type { Quotas } from '../../publish/quotas.ts'
import { toStorableData } from '../../publish/storable.ts'
import type { DraftEvent, WritePath } from '../../publish/write-path.ts'
import { mapGeneric, type Mapped, type MappedEvent } from './mapping.ts'
import { verifyStandard, verifyStripe, type Signed } from './signature.ts'
import type { OpenedSource, Sources } from './sources.ts'
import { mapStripe } from './stripe.ts'

/** What the intake needs. */
export interface IntakeOptions {
  database: Database
  writePath: WritePath
  sources: Pick<Sources, 'open' | 'tenantOf'>
  now: () => number
  quotas: Quotas
}

/** Days that an event is known by its identifier: senders try for days, Stripe's may be sent again for 30. */
const KNOWN_DAYS = 40

/** This event of this source was stored before. */
class Repeated extends Error {
  override readonly name = 'Repeated'
}

/**
 * Takes one webhook; resolves after it is stored.
 * @throws {Problem} `not_found` for a source, or a tenant other than the source's, `invalid_signature`, `signature_expired`,
 * `invalid_json`, `invalid_request` with the paths, `unknown_customer`,
 * `rate_limited`: senders come again
 */
export async function takeWebhook(options: IntakeOptions, sourceId: string, signed: Signed): Promise<WebhookAnswer> {
  const source = await options.sources.open(sourceId)
  if (!source) throw new Problem('not_found', { detail: 'There is no such source.' })
  verify(source, signed, options.now())
  const mapped = map(source, signed)
  const tenantId = await toTenant(options, source, mapped)
  if (mapped.events.length === 0) return { status: 'ignored', ids: [] }
  await options.quotas.take(tenantId, { events: mapped.events.length, bytes: Buffer.byteLength(signed.body) })
  const events = mapped.events.map((event, index) => toDraft({ tenantId, sourceId }, event, mapped.events.length > 1 ? `events.${index}.` : ''))
  return store(options, { tenantId, sourceId, eventId: mapped.eventId }, events)
}

function verify({ kind, secrets }: OpenedSource, signed: Signed, now: number): void {
  const verdict = (kind === 'stripe' ? verifyStripe : verifyStandard)(signed, { secrets, now })
  if (verdict !== 'valid') throw new Problem(verdict === 'expired' ? 'signature_expired' : 'invalid_signature')
}

function map({ kind }: OpenedSource, { headers, body }: Signed): Mapped {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch (cause) {
    throw new Problem('invalid_json', { cause })
  }
  const mapped = kind === 'stripe' ? mapStripe(json) : mapGeneric(json, String(headers['webhook-id']))
  if (mapped.eventId.length > 200) throw new Problem('invalid_request', { errors: [{ path: 'webhook-id', message: 'at most 200 characters' }] })
  return mapped
}

async function toTenant({ sources }: IntakeOptions, source: OpenedSource, { customer, tenantId }: Mapped): Promise<string> {
  const own = source.tenantId === PLATFORM_TENANT ? await sources.tenantOf(source.id, customer ?? '') : source.tenantId
  if (own === undefined) throw new Problem('unknown_customer')
  if (tenantId !== undefined && tenantId !== own) throw new Problem('not_found', { detail: 'The event names a tenant that this source is not for.' })
  return own
}

function toDraft({ tenantId, sourceId }: { tenantId: string, sourceId: string }, { type, data }: MappedEvent, path: string): DraftEvent {
  const channel = channelOf('billing', { tenantId })
  const parsed = parseEvent(channel, type, data)
  if (!parsed.ok) throw new Problem(parsed.code, { errors: parsed.faults.map(fault => ({ ...fault, path: `${path}data${fault.path === '' ? '' : `.${fault.path.replace(/^data\./, '')}`}` })) })
  return { channel, type: parsed.type, data: toStorableData(parsed.data, encodeData(parsed.data)), actor: { type: 'service', id: sourceId } }
}

async function store({ database, writePath, now }: IntakeOptions, { tenantId, sourceId, eventId }: { tenantId: string, sourceId: string, eventId: string }, events: readonly DraftEvent[]): Promise<WebhookAnswer> {
  const isKnown = await database.inTenant(tenantId, async tx =>
    await tx.selectFrom('billing_source_events').select('event_id').where('source_id', '=', sourceId).where('event_id', '=', eventId).executeTakeFirst() !== undefined)
  if (isKnown) return { status: 'duplicate', ids: [] }
  // Of two at once the second meets the first's row, and nothing of it stays.
  const within = async (tx: Tx): Promise<void> => {
    const kept = await tx.insertInto('billing_source_events').values({ source_id: sourceId, event_id: eventId, tenant_id: tenantId, received_at: new Date(now()) })
      .onConflict(conflict => conflict.doNothing()).returning('event_id').executeTakeFirst()
    if (!kept) throw new Repeated()
  }
  try {
    const ids = await writePath.write({ tenantId, events, within, answer: (written: readonly Envelope[]) => written.map(({ id }) => id) }) as string[]
    return { status: 'accepted', ids }
  } catch (error) {
    if (error instanceof Repeated) return { status: 'duplicate', ids: [] }
    throw error
  }
}

/** Forgets identifiers that no sender repeats any more. */
export async function purgeSourceEvents(tx: Tx, batch: number, now: number): Promise<number> {
  const old = tx.selectFrom('billing_source_events').select(['source_id', 'event_id']).where('received_at', '<', new Date(now - KNOWN_DAYS * 86_400_000)).limit(batch)
  const { numDeletedRows } = await tx.deleteFrom('billing_source_events').where(eb => eb(eb.refTuple('source_id', 'event_id'), 'in', old.$asTuple('source_id', 'event_id'))).executeTakeFirst()
  return Number(numDeletedRows)
}
