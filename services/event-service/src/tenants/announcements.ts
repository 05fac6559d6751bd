/** What operators tell everybody: an event on a channel that every signed-in person may read. */

import { channelOf, PLATFORM_TENANT, type Announce, type AnnouncementList, type Published } from '@neo-stack/events'
import { toAct, toKey, type Asked } from '../asked.ts'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { toStorableData } from '../publish/storable.ts'

/** More announcements than this are found in the history of their channel. */
const MAX_ANNOUNCEMENTS = 100

const channel = channelOf('announcements')

/** The newest announcements. */
export async function listAnnouncements(database: Database): Promise<AnnouncementList> {
  const rows = await database.inTenant(PLATFORM_TENANT, tx => tx.selectFrom('events').select(['id', 'time', 'data'])
    .where('channel', '=', channel.name).where('type', '=', 'announcement').orderBy('seq', 'desc').limit(MAX_ANNOUNCEMENTS).execute())
  return { announcements: rows.map(({ id, time, data }) => ({ ...data as Announce, id, time: time.toISOString() })) }
}

/** Tells everybody. */
export async function announce(perform: Perform, asked: Asked, announcement: Announce): Promise<Published> {
  const { result } = await perform<Published>({ ...toAct(asked), action: 'announcement.made', target: channel.name }, {
    events: [{ channel, type: 'announcement', data: toStorableData(announcement) }],
    run: (_tx, events) => {
      const told = events.find(({ type }) => type === 'announcement')
      if (!told) throw new Problem('internal')
      return Promise.resolve({ id: told.id, ...told.seq !== undefined && { seq: told.seq }, time: told.time })
    },
    key: toKey(asked, 'announcements', announcement),
  })
  return result
}
