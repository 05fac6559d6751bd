/** Events of the platform itself. */

import * as z from 'zod'
import { defineEvent } from './define.ts'

export const announcement = defineEvent({
  type: 'announcement',
  families: ['announcements'],
  doc: 'A message of the operators to everybody',
  data: z.strictObject({ message: z.string().min(1).max(2000), until: z.iso.datetime().optional(), url: z.url().max(2000).optional() }),
})

export const announcementWithdrawn = defineEvent({
  type: 'announcement_withdrawn',
  families: ['announcements'],
  doc: 'An announcement was taken back: it is shown to nobody any more',
  data: z.strictObject({ announcementId: z.uuid() }),
})

export const sessionRevoked = defineEvent({
  type: 'session_revoked',
  families: ['user'],
  doc: 'A session of this user was ended from elsewhere',
  data: z.strictObject({ sessionId: z.uuid(), reason: z.string().max(200).optional() }),
})
