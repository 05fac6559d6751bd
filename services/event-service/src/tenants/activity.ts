/** Projection of `activity`: who did it gets a name, as it is at that time. */

import { USER_ID } from '@neo-stack/events'
import type { Projection } from '../publish/projection.ts'

/** See the head of this file. A name that the event claims is not believed. */
export const activityProjection: Projection = {
  types: ['activity'],
  apply: async (tx, { actor, channel, data: { actorName: _, ...data } }) => {
    if ((actor.type !== 'user' && actor.type !== 'service') || !USER_ID.test(actor.id)) return { data }
    const table = actor.type === 'user' ? 'users' : 'api_keys'
    const row = await tx.selectFrom(table).select('name').where('id', '=', actor.id).where('tenant_id', '=', channel.tenantId).executeTakeFirst()
    return { data: row ? { ...data, actorName: row.name.slice(0, 200) } : data }
  },
}
