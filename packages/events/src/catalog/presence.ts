/** Events of the presence family (specification case 4). */

import * as z from 'zod'
import { defineEvent } from './define.ts'

/** How present somebody is. */
export const presenceStatusSchema = z.enum(['online', 'away', 'busy', 'offline'])

/** See {@link presenceStatusSchema}. */
export type PresenceStatus = z.infer<typeof presenceStatusSchema>

/** One user as the tenant sees them, over all their connections. */
export const userPresenceSchema = z.strictObject({
  userId: z.uuid(),
  userName: z.string().max(200),
  status: presenceStatusSchema,
  /** When the user last did something; absent where the user hides it. */
  lastSeen: z.iso.datetime().optional(),
  statusText: z.string().max(200).optional(),
  currentPage: z.string().max(500).optional(),
  /** All pages that are looked at, where there is more than the current one. */
  pages: z.array(z.string().max(500)).max(8).optional(),
})

/** See {@link userPresenceSchema}. */
export type UserPresence = z.infer<typeof userPresenceSchema>

export const presenceUpdate = defineEvent({
  type: 'presence_update',
  families: ['presence'],
  doc: 'Who changed since the version before; a version that is missing means: fetch the list',
  data: z.strictObject({ users: z.array(userPresenceSchema), version: z.int().min(0) }),
})
