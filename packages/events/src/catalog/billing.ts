/** Events of the billing family (specification case 2), and what tells a user's own devices that the inbox changed. */

import * as z from 'zod'
import { paramsSchema } from './deployments.ts'
import { defineEvent } from './define.ts'

/** Where an invoice, a payment or a change is. */
export const billingStatusSchema = z.enum(['pending', 'completed', 'failed', 'cancelled'])

/** See {@link billingStatusSchema}. */
export type BillingStatus = z.infer<typeof billingStatusSchema>

/** Where a notification is for one user. */
export const inboxStateSchema = z.enum(['unread', 'read', 'archived'])

/** What a threshold counts: percent of the limit, or the resource's own unit. */
export const thresholdUnitSchema = z.enum(['percent', 'absolute'])

/** Whether usage has reached a threshold or has fallen clearly below it again. */
export const crossingStateSchema = z.enum(['triggered', 'resolved'])

const identifier = z.string().min(1).max(200)
const planName = z.string().min(1).max(120)

/** Money is an integer of the currency's smallest unit and an ISO 4217 code: 1990 BRL is R$ 19,90; 1990 JPY is ¥1,990. */
const money = { amountMinor: z.int(), currency: z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code of three capital letters') }
const maybeMoney = { amountMinor: money.amountMinor.optional(), currency: money.currency.optional() }

/** A moment, or a day that is the same everywhere: `2026-12-01`. */
export const daySchema = z.union([z.iso.datetime(), z.iso.date()])

const shared = {
  /** The sentence in Portuguese; `messageKey` and `params` are for other languages. */
  message: z.string().min(1).max(2000),
  messageKey: z.string().max(64).optional(),
  params: paramsSchema.optional(),
  planName: planName.optional(),
  /** When it happened in the billing system; events that come late are put in this order. */
  occurredAt: z.iso.datetime().optional(),
  /** The billing system's own identifier of this event. */
  sourceEventId: identifier.optional(),
  /** Newer word of the same thing is known already, so that nobody is told of this one. Set by the service. */
  overtaken: z.boolean().optional(),
  metadata: z.record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean(), z.null()])).optional(),
}

/** An amount says nothing without its currency, nor a currency without an amount. */
const isWhole = ({ amountMinor, currency }: { amountMinor?: number | undefined, currency?: string | undefined }): boolean =>
  (amountMinor === undefined) === (currency === undefined)
const wholeMoney = { path: ['currency'], message: 'amountMinor and currency come together' }

export const billingInvoice = defineEvent({
  type: 'billing_invoice',
  families: ['billing'],
  doc: 'An invoice was issued or changed',
  data: z.strictObject({ ...shared, ...money, invoiceId: identifier, status: billingStatusSchema.default('pending'), dueAt: daySchema.optional() }),
})

export const billingPayment = defineEvent({
  type: 'billing_payment',
  families: ['billing'],
  doc: 'A payment went through or did not',
  data: z.strictObject({ ...shared, ...maybeMoney, paymentId: identifier, invoiceId: identifier.optional(), status: billingStatusSchema }).refine(isWhole, wholeMoney),
})

export const billingPlanChange = defineEvent({
  type: 'billing_plan_change',
  families: ['billing'],
  doc: 'The plan was changed or will be',
  data: z.strictObject({
    ...shared, ...maybeMoney, planName, previousPlan: planName.optional(),
    effectiveAt: daySchema.optional(), status: billingStatusSchema.default('completed'),
  }).refine(isWhole, wholeMoney),
})

export const billingSubscription = defineEvent({
  type: 'billing_subscription',
  families: ['billing'],
  doc: 'A subscription began, was renewed or ended',
  data: z.strictObject({ ...shared, ...maybeMoney, subscriptionId: identifier, status: billingStatusSchema, renewsAt: daySchema.optional() }).refine(isWhole, wholeMoney),
})

export const billingUsageAlert = defineEvent({
  type: 'billing_usage_alert',
  families: ['billing'],
  doc: 'Usage crossed a threshold of its limit, upwards or back',
  data: z.strictObject({
    ...shared, status: billingStatusSchema.default('pending'), resource: z.string().min(1).max(64).optional(),
    usage: z.number().min(0).optional(), limit: z.number().positive().optional(), percentage: z.number().min(0).optional(),
    threshold: z.number().positive().optional(),
    /** What `threshold` counts: percent of the limit, or the resource's own unit. @default percent */
    thresholdUnit: thresholdUnitSchema.optional(), state: crossingStateSchema.optional(), period: z.string().min(1).max(64).optional(),
  }),
})

export const inboxChanged = defineEvent({
  type: 'inbox_changed',
  families: ['user'],
  doc: 'This user read, archived or took up notifications on another device',
  data: z.strictObject({
    inbox: z.literal('billing'), state: inboxStateSchema, ids: z.array(z.uuid()).max(100).optional(),
    /** Everything up to now was read under this name, or that was taken back. */
    mark: z.uuid().optional(),
    /** How many are unread afterwards. */
    unread: z.int().min(0).optional(),
  }),
})
