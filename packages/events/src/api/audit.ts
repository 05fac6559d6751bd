/** HTTP contract: the audit trail of a tenant and of all of them. */

import * as z from 'zod'
import { actorSchema } from '../envelope.ts'
import { slugSchema } from '../catalog/deployments.ts'

/** GET /v1/tenants/{t}/audit: newest first; every given condition holds. */
export const auditQuerySchema = z.strictObject({
  /** Words that all occur in action, target, actor, address or detail; case and accents don't matter. */
  q: z.string().trim().min(1).max(200).optional(),
  action: z.string().min(1).max(64).optional(),
  /** `reads` are what operators looked at in tenants, `acts` everything else. */
  kind: z.enum(['acts', 'reads']).optional(),
  /** Identifier of who acted. */
  actor: z.string().min(1).max(200).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next` of the page before. */
  cursor: z.string().max(64).optional(),
})

/** See {@link auditQuerySchema}. */
export type AuditQuery = z.input<typeof auditQuerySchema>

/** GET /v1/admin/audit: of all tenants, or of one. */
export const adminAuditQuerySchema = auditQuerySchema.extend({ tenantId: slugSchema.optional() })

/** See {@link adminAuditQuerySchema}. */
export type AdminAuditQuery = z.input<typeof adminAuditQuerySchema>

/** One act. `n` counts 1,2,3… per tenant; `hash` covers the entry and the hash before it. */
const auditEntrySchema = z.object({
  tenantId: z.string(), n: z.int().positive(), id: z.uuid(), time: z.iso.datetime(), actor: actorSchema,
  /** Absent when the actor is no account of that tenant, or not any more. */
  actorName: z.string().optional(),
  action: z.string(), target: z.string(), address: z.string().optional(), detail: z.record(z.string(), z.unknown()), hash: z.string(),
})

/** See {@link auditEntrySchema}. */
export type AuditEntry = z.infer<typeof auditEntrySchema>

/** A page of the trail. */
export const auditPageSchema = z.object({ entries: z.array(auditEntrySchema), next: z.string().optional() })

/** See {@link auditPageSchema}. */
export type AuditPage = z.infer<typeof auditPageSchema>

/** GET …/audit/verification: `brokenAt` is the number of the first entry that is missing, was changed or does not follow the one before. */
export const auditVerificationSchema = z.object({ tenantId: z.string(), entries: z.int().min(0), isWhole: z.boolean(), brokenAt: z.int().positive().optional() })

/** See {@link auditVerificationSchema}. */
export type AuditVerification = z.infer<typeof auditVerificationSchema>

/** GET /v1/admin/audit/verification: every chain. */
export const auditVerificationsSchema = z.object({ isWhole: z.boolean(), chains: z.array(auditVerificationSchema) })

/** See {@link auditVerificationsSchema}. */
export type AuditVerifications = z.infer<typeof auditVerificationsSchema>
