/** Events that tell what people do: in a tenant, and as operators with tenants. */

import * as z from 'zod'
import { defineEvent } from './define.ts'

/** A stable word for an act: `deployment.created`, `user.roles_changed` … */
const actionSchema = z.string().max(64).regex(/^[a-z_]+\.[a-z_]+$/, 'an act such as deployment.created')

const detailSchema = z.record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean(), z.null(), z.array(z.string().max(200)).max(100)]))

export const activity = defineEvent({
  type: 'activity',
  families: ['activity', 'admin-activity'],
  doc: 'Somebody did something: a command, or an act of administration',
  data: z.strictObject({
    action: actionSchema,
    /** What was acted on: an identifier. */
    target: z.string().max(200),
    /** Name of who did it, at that time. */
    actorName: z.string().max(200).optional(),
    detail: detailSchema.optional(),
  }),
})

/** `tenant` because the envelope's `tenantId` is the operators'. */
const subject = { tenant: z.string().max(63), name: z.string().max(120) }

export const tenantCreated = defineEvent({
  type: 'tenant_created', families: ['admin-tenants'], doc: 'A tenant was created', data: z.strictObject(subject),
})

export const tenantSuspended = defineEvent({
  type: 'tenant_suspended', families: ['admin-tenants'], doc: 'A tenant was suspended: every door is shut', data: z.strictObject({ ...subject, reason: z.string().max(500).optional() }),
})

export const tenantResumed = defineEvent({
  type: 'tenant_resumed', families: ['admin-tenants'], doc: 'A suspended tenant may work again', data: z.strictObject(subject),
})

export const tenantDeleted = defineEvent({
  type: 'tenant_deleted', families: ['admin-tenants'], doc: 'A tenant and everything of it is gone; rows removed, by table',
  data: z.strictObject({ ...subject, removed: z.record(z.string(), z.int().min(0)) }),
})
