/** HTTP contract: the operator's tenants and announcements. */

import * as z from 'zod'
import { slugSchema } from '../catalog/deployments.ts'
import { announcement } from '../catalog/system.ts'
import { listQuerySchema, userCreatedSchema } from './users.ts'

const stateSchema = z.enum(['active', 'suspended', 'deleting'])

/** A tenant as the list shows it. `storedBytes` is what its log takes. */
const tenantSchema = z.object({
  id: z.string(), name: z.string(), state: stateSchema, createdAt: z.iso.datetime(), users: z.int().min(0), storedBytes: z.int().min(0),
})

/** See {@link tenantSchema}. */
export type Tenant = z.infer<typeof tenantSchema>

/** GET /v1/admin/tenants: by identifier; `q` is a part of identifier or name. */
export const tenantListQuerySchema = listQuerySchema.extend({
  state: stateSchema.optional(), limit: z.coerce.number().int().min(1).max(5000).default(100),
})

/** See {@link tenantListQuerySchema}. */
export type TenantListQuery = z.input<typeof tenantListQuerySchema>

/** `total` counts what the conditions hold for, on all pages. */
export const tenantListSchema = z.object({ tenants: z.array(tenantSchema), total: z.int().min(0), next: z.string().optional() })

/** See {@link tenantListSchema}. */
export type TenantList = z.infer<typeof tenantListSchema>

/** POST /v1/admin/tenants: with its first owner, or without. */
export const createTenantSchema = z.strictObject({
  id: slugSchema, name: z.string().trim().min(1).max(120),
  owner: z.strictObject({ email: z.email().max(254), name: z.string().trim().min(1).max(120) }).optional(),
})

/** See {@link createTenantSchema}. */
export type CreateTenant = z.infer<typeof createTenantSchema>

/** The owner's one-time password is shown this once. */
export const tenantCreatedSchema = z.object({ tenant: tenantSchema, owner: userCreatedSchema.optional() })

/** See {@link tenantCreatedSchema}. */
export type TenantCreated = z.infer<typeof tenantCreatedSchema>

/** POST /v1/admin/tenants/{t}/suspend */
export const suspendTenantSchema = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() })

/** See {@link suspendTenantSchema}. */
export type SuspendTenant = z.infer<typeof suspendTenantSchema>

const limit = z.int().min(1).max(Number.MAX_SAFE_INTEGER)

/** PUT /v1/admin/tenants/{t}/quotas: null is the installation's own limit. In force within 5 s. */
export const tenantQuotasSchema = z.strictObject({
  eventsPerSecond: z.int().min(1).max(2_147_483_647).nullable(), bytesPerSecond: limit.nullable(), storedBytes: limit.nullable(),
})

/** See {@link tenantQuotasSchema}. */
export type TenantQuotas = z.infer<typeof tenantQuotasSchema>

/** GET /v1/admin/tenants/{t} */
export const tenantDetailSchema = z.object({
  tenant: tenantSchema, quotas: tenantQuotasSchema,
  usage: z.object({ events: z.int().min(0), storedBytes: z.int().min(0), users: z.int().min(0), sessions: z.int().min(0), apiKeys: z.int().min(0), deployments: z.int().min(0) }),
})

/** See {@link tenantDetailSchema}. */
export type TenantDetail = z.infer<typeof tenantDetailSchema>

/** DELETE /v1/admin/tenants/{t}: rows removed and rows left, by table; left is 0 everywhere. */
export const tenantRemovedSchema = z.object({ tenantId: z.string(), removed: z.record(z.string(), z.int().min(0)), left: z.record(z.string(), z.int().min(0)) })

/** See {@link tenantRemovedSchema}. */
export type TenantRemoved = z.infer<typeof tenantRemovedSchema>

/** POST /v1/admin/announcements */
export const announceSchema = announcement.data

/** See {@link announceSchema}. */
export type Announce = z.infer<typeof announceSchema>

/** GET /v1/admin/announcements: newest first, those that were taken back too. */
export const announcementListSchema = z.object({ announcements: z.array(announceSchema.extend({ id: z.uuid(), time: z.iso.datetime(), withdrawnAt: z.iso.datetime().optional() })) })

/** See {@link announcementListSchema}. */
export type AnnouncementList = z.infer<typeof announcementListSchema>
