/** What a user chose for the notices of billing; other devices of the user are told. */

import * as z from 'zod'
import { defineEvent } from './define.ts'

/** Languages that e-mails are written in. */
export const billingLanguageSchema = z.enum(['pt-BR', 'en', 'es'])

/** How a category is wanted: `app` counts and tells it in the portals, `email` sends it. */
export const wantedSchema = z.strictObject({ app: z.boolean(), email: z.boolean() })

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time like 22:00')

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** PUT …/billing/preferences; what is left out stays. */
export const putBillingPreferencesSchema = z.strictObject({
  categories: z.partialRecord(z.enum(['invoices', 'payments', 'plan', 'usage', 'subscription']), wantedSchema.partial()).optional(),
  quietHours: z.strictObject({ from: timeOfDay, to: timeOfDay }).refine(({ from, to }) => from !== to, { path: ['to'], message: 'must differ from the beginning' }).nullable().optional(),
  timeZone: z.string().max(64).refine(isTimeZone, 'an IANA time zone like America/Sao_Paulo').optional(),
  language: billingLanguageSchema.optional(),
})

/** See {@link putBillingPreferencesSchema}. */
export type PutBillingPreferences = z.infer<typeof putBillingPreferencesSchema>

export const billingPreferencesChanged = defineEvent({
  type: 'billing_preferences_changed',
  families: ['user'],
  doc: 'This user chose on another device what of billing to be told of',
  data: z.strictObject({
    changed: putBillingPreferencesSchema,
    /** How many notifications are unread afterwards. */
    unread: z.int().min(0).optional(),
  }),
})
