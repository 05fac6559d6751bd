/** What a user's account says of their presence: name, and what they set by hand on whatever device. */

import type { PresenceSettings, SetPresenceSettings } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import type { Person } from './record.ts'
import type { UserKey } from './store.ts'

/** Reads and keeps presence settings. */
export interface PresenceSettingsStore {
  read: (key: UserKey) => Promise<PresenceSettings>
  /** Changes what is given. */
  write: (key: UserKey, settings: SetPresenceSettings) => Promise<PresenceSettings>
  /** What presence needs to know of a user. */
  readPerson: (key: UserKey) => Promise<Person>
}

/** Creates it over a database. */
export function createPresenceSettings(database: Database): PresenceSettingsStore {
  const read: PresenceSettingsStore['read'] = ({ tenantId, userId }) => database.inTenant(tenantId, async tx => {
    const row = await tx.selectFrom('presence_settings').select(['hide_last_seen', 'busy']).where('user_id', '=', userId).executeTakeFirst()
    return { hideLastSeen: row?.hide_last_seen ?? false, busy: row?.busy ?? null }
  })
  return {
    read,
    write: async (key, said) => {
      const known = await read(key)
      const { hideLastSeen = known.hideLastSeen, busy = known.busy } = said
      const row = { hide_last_seen: hideLastSeen, busy: JSON.stringify(busy) }
      await database.inTenant(key.tenantId, tx => tx.insertInto('presence_settings').values({ tenant_id: key.tenantId, user_id: key.userId, ...row })
        .onConflict(conflict => conflict.columns(['tenant_id', 'user_id']).doUpdateSet(row)).execute())
      return { hideLastSeen, busy }
    },
    readPerson: async key => {
      const user = await database.inTenant(key.tenantId, tx => tx.selectFrom('users').select('name').where('id', '=', key.userId).executeTakeFirst())
      return toPerson(user?.name ?? '', await read(key))
    },
  }
}

function toPerson(userName: string, { hideLastSeen, busy }: PresenceSettings): Person {
  if (!busy) return { userName, hideLastSeen }
  const { text, until } = busy
  return { userName, hideLastSeen, busy: { ...text !== undefined && { text }, ...until !== undefined && { until: Date.parse(until) } } }
}
