/** HTTP contract: the billing inbox and usage. */

import * as z from 'zod'
import { billingStatusSchema, crossingStateSchema, daySchema, inboxStateSchema, thresholdUnitSchema } from '../catalog/billing.ts'

/** Where a notification is for one user. */
export type InboxState = z.infer<typeof inboxStateSchema>

/** POST …/billing/notifications/{id}/{verb}: the verb that puts a notification into a state. */
export const inboxVerbs = { read: 'read', unread: 'unread', archived: 'archive' } as const satisfies Record<InboxState, string>

/** Types of event that become a notification. */
export const notificationTypeSchema = z.enum(['billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_usage_alert', 'billing_subscription'])

/** See {@link notificationTypeSchema}. */
export type NotificationType = z.infer<typeof notificationTypeSchema>

/** GET …/billing/notifications: newest first by when it happened; without `state` everything that is not archived. */
export const notificationQuerySchema = z.strictObject({
  state: inboxStateSchema.optional(),
  /** `id` of the last notification of the page before. */
  before: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Words that stand in the sentence or in the identifiers, in any case. */
  q: z.string().max(200).regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters').optional(),
  type: notificationTypeSchema.optional(),
})

/** One notification as a user sees it; `id` is the event's. */
export const notificationSchema = z.object({
  id: z.uuid(),
  type: z.string(),
  status: billingStatusSchema,
  message: z.string(),
  amountMinor: z.int().optional(),
  currency: z.string().optional(),
  read: z.boolean(),
  state: inboxStateSchema,
  time: z.iso.datetime(),
  /** The event's data: identifiers, due date, usage, message key and parameters. */
  data: z.record(z.string(), z.unknown()),
})

/** See {@link notificationSchema}. */
export type Notification = z.infer<typeof notificationSchema>

/** A page of the inbox; `unread` counts the whole inbox of this user, `next` is there when more follows. */
export const notificationPageSchema = z.object({ items: z.array(notificationSchema), unread: z.int().min(0), next: z.uuid().optional() })

/** See {@link notificationPageSchema}. */
export type NotificationPage = z.infer<typeof notificationPageSchema>

/** What marking answers: the user's counter afterwards. */
export const inboxCountSchema = z.object({ unread: z.int().min(0) })

/** See {@link inboxCountSchema}. */
export type InboxCount = z.infer<typeof inboxCountSchema>

/** What marking all answers; `mark` names it for undoing. */
export const readAllSchema = inboxCountSchema.extend({ mark: z.uuid() })

/** See {@link readAllSchema}. */
export type ReadAll = z.infer<typeof readAllSchema>

/** What names a resource or a period: up to 64 characters that a person can see. */
const nameSchema = z.string().min(1).max(64).regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters')

/** POST …/usage: how much of a limit is used in a period (for example `2026-11`), both in the resource's own unit. */
export const reportUsageSchema = z.strictObject({
  resource: nameSchema,
  used: z.number().min(0),
  limit: z.number().positive(),
  period: nameSchema,
})

/** See {@link reportUsageSchema}. */
export type ReportUsage = z.infer<typeof reportUsageSchema>

/** What a report of usage led to: percent of the limit, and each threshold that was crossed. */
export const usageReportedSchema = z.object({
  percentage: z.number().min(0),
  crossed: z.array(z.object({ threshold: z.number(), unit: thresholdUnitSchema, state: crossingStateSchema })),
})

/** See {@link usageReportedSchema}. */
export type UsageReported = z.infer<typeof usageReportedSchema>

/** A threshold: percent of the limit, or an amount in the resource's own unit. */
export const usageStepSchema = z.strictObject({ unit: thresholdUnitSchema, value: z.number().positive().max(1e15) })

/** See {@link usageStepSchema}. */
export type UsageStep = z.infer<typeof usageStepSchema>

const hasNoRepeat = (names: readonly string[]): boolean => new Set(names).size === names.length
const stepsSchema = z.array(usageStepSchema).max(20).refine(steps => hasNoRepeat(steps.map(({ unit, value }) => `${value} ${unit}`)), 'a threshold stands once')

/** PUT …/billing/thresholds: in place of all there were; without `resource` for every resource that has none of its own. */
export const putThresholdsSchema = z.strictObject({
  thresholds: z.array(z.strictObject({ resource: nameSchema.optional(), steps: stepsSchema })).max(100)
    .refine(list => hasNoRepeat(list.map(({ resource }) => resource ?? '')), 'a resource stands once'),
})

/** GET …/billing/thresholds: what the tenant chose, and `defaults` where nothing was chosen. */
export const usageThresholdsSchema = putThresholdsSchema.extend({ defaults: stepsSchema })

/** See {@link usageThresholdsSchema}. */
export type UsageThresholds = z.infer<typeof usageThresholdsSchema>

/** An invoice, a payment, a subscription or a change of plan as it stands; `id` is the billing system's. */
export const billingRecordSchema = z.object({
  id: z.string(),
  status: billingStatusSchema,
  /** When it came to stand like this. */
  time: z.iso.datetime(),
  message: z.string().optional(),
  amountMinor: z.int().optional(),
  currency: z.string().optional(),
  invoiceId: z.string().optional(),
  planName: z.string().optional(),
  previousPlan: z.string().optional(),
  dueAt: daySchema.optional(),
  effectiveAt: daySchema.optional(),
  renewsAt: daySchema.optional(),
  /** Part of the demonstration: nobody owes this. */
  demo: z.boolean().optional(),
})

/** See {@link billingRecordSchema}. */
export type BillingRecord = z.infer<typeof billingRecordSchema>

/** GET …/billing/records: each list newest first, up to 100. */
export const billingRecordsSchema = z.object({
  /** Name of the current plan. */
  plan: z.string().optional(),
  planChanges: z.array(billingRecordSchema),
  subscriptions: z.array(billingRecordSchema),
  /** Invoices, whatever became of them. */
  invoices: z.array(billingRecordSchema),
  /** Invoices that are neither paid nor cancelled. */
  openInvoices: z.array(billingRecordSchema),
  payments: z.array(billingRecordSchema),
  /** The newest period of each resource; `fullAt` is when the limit will be reached, by the last seven days. */
  usage: z.array(z.object({
    resource: z.string(), period: z.string(), used: z.number(), limit: z.number(), percentage: z.number(), fullAt: z.iso.datetime().optional(),
  })),
})

/** See {@link billingRecordsSchema}. */
export type BillingRecords = z.infer<typeof billingRecordsSchema>
