/**
 * The state of an invoice, a payment, a subscription or a change of plan out of its events, in whatever order and however often they
 * arrive. Pure: each field keeps the value of the greatest key, so that the outcome depends on the set of events alone.
 */

/** What a field was last said to be, and the key it was said under. */
export type Fields = Readonly<Record<string, { value: unknown, key: string }>>

/** Kinds of record. */
export type RecordKind = 'invoice' | 'payment' | 'subscription' | 'plan'

/** An event as a record sees it. */
export interface Said {
  id: string
  type: string
  /** When the service took it. */
  time: string
  data: Readonly<Record<string, unknown>>
}

const kinds: Readonly<Record<string, { kind: RecordKind, idField?: string }>> = {
  billing_invoice: { kind: 'invoice', idField: 'invoiceId' },
  billing_payment: { kind: 'payment', idField: 'paymentId' },
  billing_subscription: { kind: 'subscription', idField: 'subscriptionId' },
  billing_plan_change: { kind: 'plan' },
}

/** Which record an event speaks of; each change of plan is one of its own. */
export function recordOf({ id, type, data }: Pick<Said, 'id' | 'type' | 'data'>): { kind: RecordKind, id: string } | undefined {
  const found = kinds[type]
  return found && { kind: found.kind, id: found.idField === undefined ? id : String(data[found.idField]) }
}

/** When it happened: as the event says, else when it came. */
export function occurredAt({ time, data }: Pick<Said, 'time' | 'data'>): string {
  return typeof data['occurredAt'] === 'string' ? new Date(data['occurredAt']).toISOString() : time
}

/** What happens in one moment happens in this order: billing systems count whole seconds. */
const ranks: Readonly<Record<string, number>> = { pending: 0, failed: 1, completed: 2, cancelled: 3 }

/** What an event is compared by with others of the same record: the greatest says how things stand. */
function keyOf(said: Said): string {
  const isPaid = said.data['status'] === 'completed' && said.type !== 'billing_subscription'
  const { status, sourceEventId } = said.data
  return `${isPaid ? 1 : 0} ${occurredAt(said)} ${ranks[String(status)] ?? 0} ${typeof sourceEventId === 'string' ? sourceEventId : said.id}`
}

/** Whether newer word of the same thing was taken in already: nobody needs to be told of this one. */
export function isOvertaken(fields: Fields, said: Said): boolean {
  return (fields['status']?.key ?? '') > keyOf(said)
}

/** Takes an event into a record. What is paid stays paid: a `failed` that comes late, or happened later, does not undo it. */
export function mergeFields(fields: Fields, said: Said): Fields {
  const key = keyOf(said)
  const news = Object.entries({ ...said.data, time: occurredAt(said) })
    .filter(([name, value]) => value !== undefined && (fields[name]?.key ?? '') < key)
    .map(([name, value]) => [name, { value, key }] as const)
  return { ...fields, ...Object.fromEntries(news) }
}
