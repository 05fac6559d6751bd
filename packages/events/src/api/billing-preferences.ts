/** HTTP contract: of what in billing a person is told, and how. */

import * as z from 'zod'
import type { NotificationType } from './billing.ts'
import { billingLanguageSchema, putBillingPreferencesSchema, wantedSchema } from '../catalog/billing-preferences.ts'

/** The category that a notification belongs to, by its type. */
export const billingCategories = {
  billing_invoice: 'invoices', billing_payment: 'payments', billing_plan_change: 'plan', billing_usage_alert: 'usage', billing_subscription: 'subscription',
} as const satisfies Record<NotificationType, string>

/** What of billing can be chosen alone. */
export type BillingCategory = (typeof billingCategories)[NotificationType]

/** GET …/billing/preferences: what holds for the caller on every device. */
export const billingPreferencesSchema = z.object({
  categories: z.record(z.enum(['invoices', 'payments', 'plan', 'usage', 'subscription']), wantedSchema),
  /** No e-mail between these times of day, `HH:MM` in `timeZone`; null is never quiet. */
  quietHours: putBillingPreferencesSchema.shape.quietHours.unwrap(),
  /** IANA name. */
  timeZone: z.string(),
  /** What e-mails are written in. */
  language: billingLanguageSchema,
  /** Whether this installation sends e-mail at all. */
  hasMail: z.boolean(),
})

/** See {@link billingPreferencesSchema}. */
export type BillingPreferences = z.infer<typeof billingPreferencesSchema>
