/** HTTP contract: billing systems whose webhooks are taken in, and the webhooks themselves. */

import * as z from 'zod'
import { slugSchema } from '../catalog/deployments.ts'
import { notificationTypeSchema } from './billing.ts'

/** `standard`: Standard Webhooks with the documented JSON; `stripe`: Stripe's signature and events. */
export const sourceKindSchema = z.enum(['standard', 'stripe'])

/** A secret as its system gives it; Standard Webhooks' are `whsec_` and base64 of 24 to 64 bytes. */
const secretSchema = z.string().min(16).max(200).regex(/^[\x21-\x7e]+$/, 'printable characters only')

/** POST …/billing/sources. Without a secret one is made, which Stripe's own cannot be. */
export const createSourceSchema = z.strictObject({
  name: z.string().min(1).max(80).regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters'),
  kind: sourceKindSchema,
  secret: secretSchema.optional(),
}).refine(({ kind, secret }) => kind !== 'stripe' || secret !== undefined, { path: ['secret'], message: 'Stripe shows the secret of its endpoint: give it here' })

/** See {@link createSourceSchema}. */
export type CreateSource = z.infer<typeof createSourceSchema>

/** A billing system whose webhooks are taken in at `path`; secrets are shown by their last characters. */
export const sourceSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: sourceKindSchema,
  path: z.string(),
  createdAt: z.iso.datetime(),
  /** Which of its customers is which tenant; only an operator's source has them. */
  customers: z.array(z.object({ customer: z.string(), tenantId: z.string() })).optional(),
  /** Those that are accepted now, newest first. */
  secrets: z.array(z.object({ id: z.uuid(), hint: z.string(), createdAt: z.iso.datetime(), expiresAt: z.iso.datetime().optional() })),
})

/** See {@link sourceSchema}. */
export type BillingSource = z.infer<typeof sourceSchema>

/** GET …/billing/sources. */
export const sourceListSchema = z.object({ sources: z.array(sourceSchema) })

/** What creating and rotating answer: the only time that the secret is shown. */
export const sourceSecretSchema = z.object({ source: sourceSchema, secret: z.string() })

/** See {@link sourceSecretSchema}. */
export type SourceSecret = z.infer<typeof sourceSecretSchema>

/** POST …/billing/sources/{id}/rotate: a new secret; the older ones are accepted for a while longer. */
export const rotateSecretSchema = z.strictObject({
  secret: secretSchema.optional(),
  /** Seconds that older secrets are accepted. */
  overlapSeconds: z.int().min(0).max(604_800).default(86_400),
})

/** PUT /v1/admin/billing-sources/{id}/customers: in place of all there were. */
export const putCustomersSchema = z.strictObject({ customers: z.array(z.strictObject({ customer: z.string().min(1).max(200), tenantId: slugSchema })).max(10_000) })

/** The documented JSON of a `standard` source; `data` is the event's own, what it leaves out is filled in. */
export const genericWebhookSchema = z.strictObject({
  type: notificationTypeSchema,
  /** When it happened. */
  timestamp: z.iso.datetime({ offset: true }),
  /** Whom it concerns, where the source maps customers to tenants. */
  customer: z.string().min(1).max(200).optional(),
  /** Accepted when it is the tenant of the source. */
  tenantId: z.string().max(63).optional(),
  data: z.record(z.string(), z.unknown()),
})

/** What a webhook is answered after it is stored: `ignored` says that this kind of event is not kept. */
export const webhookAnswerSchema = z.object({ status: z.enum(['accepted', 'duplicate', 'ignored']), ids: z.array(z.uuid()) })

/** See {@link webhookAnswerSchema}. */
export type WebhookAnswer = z.infer<typeof webhookAnswerSchema>
