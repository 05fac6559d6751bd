/** HTTP contract: people of a tenant, their sessions, and API keys; the operator's lists of all tenants. */

import * as z from 'zod'
import { permissions, rolePermissions, type Permission, type Role } from '../access.ts'
import { PLATFORM_TENANT, USER_ID } from '../channel.ts'
import { slugSchema } from '../catalog/deployments.ts'

const userIdSchema = z.string().regex(USER_ID, 'a user\'s identifier: a lowercase UUID')
const roleSchema = z.enum(Object.keys(rolePermissions) as [Role, ...Role[]])
const rolesSchema = z.array(roleSchema).min(1).max(5)
const nameSchema = z.string().trim().min(1).max(120)

/** A person with an account. `isPasswordTemporary`: the one-time password was not replaced yet. */
export const accountSchema = z.object({
  id: z.uuid(), tenantId: z.string(), email: z.string(), name: z.string(), roles: z.array(z.string()), state: z.enum(['active', 'disabled']),
  isPasswordTemporary: z.boolean(), createdAt: z.iso.datetime(), lastSeenAt: z.iso.datetime().optional(),
})

/** See {@link accountSchema}. */
export type Account = z.infer<typeof accountSchema>

/** GET /v1/tenants/{t}/users, GET /v1/admin/users: by name. */
export const accountListSchema = z.object({ users: z.array(accountSchema), next: z.string().optional() })

/** See {@link accountListSchema}. */
export type AccountList = z.infer<typeof accountListSchema>

/** Which rows of a list: `q` is a part of a name, case and accents don't matter. */
export const listQuerySchema = z.strictObject({
  q: z.string().trim().min(1).max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** `next` of the page before. */
  cursor: z.string().max(300).optional(),
})

/** See {@link listQuerySchema}. */
export type ListQuery = z.input<typeof listQuerySchema>

/** The same over all tenants, or one of them. */
export const adminListQuerySchema = listQuerySchema.extend({ tenantId: slugSchema.optional() })

/** See {@link adminListQuerySchema}. */
export type AdminListQuery = z.input<typeof adminListQuerySchema>

/** POST /v1/tenants/{t}/users: `admin` is the operators' role and for the tenant `platform` alone. */
export const createUserSchema = z.strictObject({ email: z.email().max(254), name: nameSchema, roles: rolesSchema })

/** See {@link createUserSchema}. */
export type CreateUser = z.infer<typeof createUserSchema>

/** POST /v1/admin/users: of any tenant, by an operator. */
export const adminCreateUserSchema = createUserSchema.extend({ tenantId: slugSchema.default(PLATFORM_TENANT) })

/** See {@link adminCreateUserSchema}. */
export type AdminCreateUser = z.input<typeof adminCreateUserSchema>

/** A new account, or one with a new password. `password` is shown this once: a repeat under the same idempotency key does not have it. */
export const userCreatedSchema = z.object({ user: accountSchema, password: z.string().optional() })

/** See {@link userCreatedSchema}. */
export type UserCreated = z.infer<typeof userCreatedSchema>

/** PUT /v1/tenants/{t}/users/{u}/roles: in place of those there were; the user's sessions end. */
export const putRolesSchema = z.strictObject({ roles: rolesSchema })

/** See {@link putRolesSchema}. */
export type PutRoles = z.infer<typeof putRolesSchema>

/** POST /v1/tenants/{t}/users/me/password: other sessions of the user end. */
export const changePasswordSchema = z.strictObject({ current: z.string().min(1).max(256), next: z.string().min(12, 'at least 12 characters').max(256) })

/** See {@link changePasswordSchema}. */
export type ChangePassword = z.infer<typeof changePasswordSchema>

/** A session as lists show it: those that can still be used. */
const openSessionSchema = z.object({
  id: z.uuid(), tenantId: z.string(), userId: z.uuid(), email: z.string(), name: z.string(), portal: z.string(), address: z.string().optional(), userAgent: z.string().optional(),
  createdAt: z.iso.datetime(), lastUsedAt: z.iso.datetime(), expiresAt: z.iso.datetime(),
  /** Whether it is the one that asks. */
  isCurrent: z.boolean(),
})

/** See {@link openSessionSchema}. */
export type OpenSession = z.infer<typeof openSessionSchema>

/** GET …/sessions: last used first. */
export const sessionListSchema = z.object({ sessions: z.array(openSessionSchema), next: z.string().optional() })

/** See {@link sessionListSchema}. */
export type SessionList = z.infer<typeof sessionListSchema>

/** How many sessions were ended. */
export const sessionsEndedSchema = z.object({ ended: z.int().min(0) })

/** See {@link sessionsEndedSchema}. */
export type SessionsEnded = z.infer<typeof sessionsEndedSchema>

/** An API key without its secret. */
const apiKeySchema = z.object({
  id: z.uuid(), tenantId: z.string(), name: z.string(), prefix: z.string(), permissions: z.array(z.string()), createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(), lastUsedAt: z.iso.datetime().optional(), revokedAt: z.iso.datetime().optional(),
})

/** See {@link apiKeySchema}. */
export type ApiKey = z.infer<typeof apiKeySchema>

/** GET …/api-keys: newest first. */
export const apiKeyListSchema = z.object({ apiKeys: z.array(apiKeySchema), next: z.string().optional() })

/** See {@link apiKeyListSchema}. */
export type ApiKeyList = z.infer<typeof apiKeyListSchema>

/** POST /v1/tenants/{t}/api-keys: nobody grants what they may not do themselves; only an owner grants what services alone do. */
export const createApiKeySchema = z.strictObject({
  name: nameSchema, permissions: z.array(z.enum(permissions as unknown as [Permission, ...Permission[]])).min(1).max(permissions.length),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
})

/** See {@link createApiKeySchema}. */
export type CreateApiKey = z.infer<typeof createApiKeySchema>

/** POST /v1/admin/api-keys: of any tenant, by an operator. */
export const adminCreateApiKeySchema = createApiKeySchema.extend({ tenantId: slugSchema.default(PLATFORM_TENANT) })

/** See {@link adminCreateApiKeySchema}. */
export type AdminCreateApiKey = z.input<typeof adminCreateApiKeySchema>

/** `key` is shown this once: a repeat under the same idempotency key does not have it. */
export const apiKeyCreatedSchema = z.object({ apiKey: apiKeySchema, key: z.string().optional() })

/** See {@link apiKeyCreatedSchema}. */
export type ApiKeyCreated = z.infer<typeof apiKeyCreatedSchema>

/** Path of a user; `me` is the one who asks. */
export const userPathSchema = z.object({ tenantId: slugSchema, userId: z.union([z.literal('me'), userIdSchema]) })
