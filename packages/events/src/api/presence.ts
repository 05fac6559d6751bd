/** HTTP contract: presence. */

import * as z from 'zod'
import { userPresenceSchema } from '../catalog/presence.ts'

/** Name of one tab or device, chosen by the client and kept while it lives. */
export const connectionIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)

/** PUT …/presence/me/{connectionId}: a heartbeat, at least every 25 s; `until` ends a status of this connection. */
export const setPresenceSchema = z.strictObject({
  status: z.enum(['online', 'away', 'busy']).optional(),
  statusText: z.string().max(200).optional(),
  until: z.iso.datetime().optional(),
  currentPage: z.string().max(500).optional(),
  hidden: z.boolean().optional(),
  /** Seconds since the person last touched anything; 300 are away. */
  idleSeconds: z.int().min(0).max(86_400).optional(),
})

/** See {@link setPresenceSchema}. */
export type SetPresence = z.infer<typeof setPresenceSchema>

/** GET …/presence: everybody seen lately, and the version this list stands at. */
export const presenceListSchema = z.object({ users: z.array(userPresenceSchema), version: z.int().min(0) })

/** See {@link presenceListSchema}. */
export type PresenceList = z.infer<typeof presenceListSchema>

const busySchema = z.strictObject({ text: z.string().max(200).optional(), until: z.iso.datetime().optional() })

/** GET …/presence/me: what the user says on every device; `busy` null is not busy. */
export const presenceSettingsSchema = z.object({ hideLastSeen: z.boolean(), busy: busySchema.nullable() })

/** See {@link presenceSettingsSchema}. */
export type PresenceSettings = z.infer<typeof presenceSettingsSchema>

/** PUT …/presence/me; what is left out stays. */
export const setPresenceSettingsSchema = z.strictObject({ hideLastSeen: z.boolean().optional(), busy: busySchema.nullable().optional() })

/** See {@link setPresenceSettingsSchema}. */
export type SetPresenceSettings = z.infer<typeof setPresenceSettingsSchema>
