/** Stripe's events in our words (docs.stripe.com/api/events). Pure. What a tenant's people need not hear of is left out. */

import * as z from 'zod'
import { decimalsOf, type BillingStatus } from '@neo-stack/events'
import { parseBody, type Mapped, type MappedEvent } from './mapping.ts'

const reference = z.union([z.string(), z.looseObject({ id: z.string() })]).nullish()
const seconds = z.int().min(0).max(253_402_300_799)
const eventSchema = z.looseObject({
  id: z.string().min(1).max(200),
  type: z.string().max(200),
  created: seconds,
  data: z.looseObject({ object: z.looseObject({ customer: reference }), previous_attributes: z.looseObject({}).nullish() }),
})
type StripeEvent = z.infer<typeof eventSchema>

const money = { currency: z.string().length(3) }
const invoiceSchema = z.looseObject({ id: z.string(), ...money, amount_due: z.int(), amount_paid: z.int().optional(), due_date: seconds.nullish(), number: z.string().nullish() })
const paymentSchema = z.looseObject({
  id: z.string(), ...money, amount: z.int(), invoice: reference, last_payment_error: z.looseObject({ message: z.string().optional() }).nullish(),
})
const priceSchema = z.looseObject({ id: z.string(), nickname: z.string().nullish(), lookup_key: z.string().nullish(), unit_amount: z.int().nullish(), currency: z.string().length(3) })
const itemsSchema = z.looseObject({ data: z.array(z.looseObject({ price: priceSchema, current_period_end: seconds.optional() })) })
const subscriptionSchema = z.looseObject({ id: z.string(), status: z.string(), current_period_end: seconds.optional(), items: itemsSchema })

/** Reads one of Stripe's events. @throws {Problem} `invalid_request` with the paths */
export function mapStripe(body: unknown): Mapped {
  const event = parseBody(eventSchema, body)
  const base = { occurredAt: toTime(event.created), sourceEventId: event.id }
  const events = toEvents(event).map(({ type, data }) => ({ type, data: { ...data, ...base } }))
  return { eventId: event.id, customer: toId(event.data.object.customer), events }
}

const invoiceStatus: Readonly<Record<string, { status: BillingStatus, toMessage: (id: string) => string }>> = {
  'invoice.finalized': { status: 'pending', toMessage: id => `Nova fatura ${id} disponível` },
  'invoice.paid': { status: 'completed', toMessage: id => `Fatura ${id} paga` },
  'invoice.payment_failed': { status: 'failed', toMessage: id => `A cobrança da fatura ${id} falhou` },
  'invoice.voided': { status: 'cancelled', toMessage: id => `Fatura ${id} cancelada` },
  'invoice.marked_uncollectible': { status: 'cancelled', toMessage: id => `Fatura ${id} cancelada` },
}

const paymentStatus: Readonly<Record<string, { status: BillingStatus, message: string }>> = {
  'payment_intent.processing': { status: 'pending', message: 'Pagamento em processamento' },
  'payment_intent.succeeded': { status: 'completed', message: 'Pagamento recebido' },
  'payment_intent.payment_failed': { status: 'failed', message: 'O pagamento foi recusado' },
  'payment_intent.canceled': { status: 'cancelled', message: 'Pagamento cancelado' },
}

const subscriptionEvents = new Set(['customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.deleted'])

function toEvents(event: StripeEvent): MappedEvent[] {
  if (Object.hasOwn(invoiceStatus, event.type)) return [toInvoice(event)]
  if (Object.hasOwn(paymentStatus, event.type)) return [toPayment(event)]
  return subscriptionEvents.has(event.type) ? toSubscription(event) : []
}

function toInvoice({ type, data: { object } }: StripeEvent): MappedEvent {
  const { id, currency, amount_due: due, amount_paid: paid, due_date: dueDate, number } = parseBody(invoiceSchema, object)
  const { status, toMessage } = invoiceStatus[type] ?? { status: 'pending', toMessage: String }
  const amount = status === 'completed' ? paid ?? due : due
  return {
    type: 'billing_invoice',
    data: { invoiceId: id, status, message: toMessage(number ?? id), ...toMoney(amount, currency), ...typeof dueDate === 'number' && { dueAt: toTime(dueDate) } },
  }
}

function toPayment({ type, data: { object } }: StripeEvent): MappedEvent {
  const { id, currency, amount, invoice, last_payment_error: fault } = parseBody(paymentSchema, object)
  const { status = 'pending', message = '' } = paymentStatus[type] ?? {}
  const invoiceId = toId(invoice)
  return {
    type: 'billing_payment',
    data: {
      paymentId: id, status, message, messageKey: 'payment_status', ...toMoney(amount, currency), ...invoiceId !== undefined && { invoiceId },
      ...status === 'failed' && fault?.message !== undefined && { metadata: { reason: fault.message.slice(0, 500) } },
    },
  }
}

const subscriptionStatus: Readonly<Record<string, BillingStatus>> = {
  active: 'completed', trialing: 'completed', incomplete: 'pending', past_due: 'failed', unpaid: 'failed', paused: 'cancelled', canceled: 'cancelled', incomplete_expired: 'cancelled',
}

const subscriptionSentences: Readonly<Record<BillingStatus, string>> = {
  pending: 'Assinatura aguarda o primeiro pagamento', completed: 'Assinatura ativa', failed: 'Assinatura com pagamento em atraso', cancelled: 'Assinatura encerrada',
}

/** A price that changed is a change of plan besides. */
function toSubscription({ data: { object, previous_attributes: previous } }: StripeEvent): MappedEvent[] {
  const { id, status: stripeStatus, current_period_end: end, items } = parseBody(subscriptionSchema, object)
  const [item] = items.data
  const status = subscriptionStatus[stripeStatus] ?? 'pending'
  const renews = end ?? item?.current_period_end
  const planName = item && toPlan(item.price)
  const subscription: MappedEvent = {
    type: 'billing_subscription',
    data: {
      subscriptionId: id, status, message: subscriptionSentences[status], messageKey: 'subscription_status', ...planName !== undefined && { planName },
      ...typeof item?.price.unit_amount === 'number' && toMoney(item.price.unit_amount, item.price.currency), ...renews !== undefined && { renewsAt: toTime(renews) },
    },
  }
  const before = itemsSchema.safeParse(previous?.['items']).data?.data[0]
  if (!item || !before || before.price.id === item.price.id || planName === undefined) return [subscription]
  const change = { planName, previousPlan: toPlan(before.price), status: 'completed', message: `Plano alterado para ${planName}` }
  return [subscription, { type: 'billing_plan_change', data: change }]
}

const toPlan = ({ nickname, lookup_key: key, id }: z.infer<typeof priceSchema>): string => (nickname || key || id).slice(0, 120)

const toId = (value: z.infer<typeof reference>): string | undefined => typeof value === 'string' ? value : value?.id

const toTime = (at: number): string => new Date(at * 1000).toISOString()

/** Stripe's own decimals where they are not ISO 4217's two (docs.stripe.com/currencies): it writes ISK and UGX with two, MGA with none. */
const stripeDecimals: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ').map(code => [code, 0] as const),
  ...'BHD JOD KWD OMR TND'.split(' ').map(code => [code, 3] as const),
])

function toMoney(amount: number, code: string): { amountMinor: number, currency: string } {
  const currency = code.toUpperCase()
  return { amountMinor: Math.round(amount * 10 ** (decimalsOf(currency) - (stripeDecimals.get(currency) ?? 2))), currency }
}
