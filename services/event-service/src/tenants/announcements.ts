/** What operators tell everybody: an event on a channel that every signed-in person may read. */

import { sql } from 'kysely'
import { channelOf, PLATFORM_TENANT, type Announce, type AnnouncementList, type Published } from '@neo-stack/events'
import { toAct, toKey, type Asked } from '../asked.ts'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { encodeData } from '../publish/encoded.ts'
import { toStorableData } from '../publish/storable.ts'

/** More announcements than this are found in the history of their channel. */
const MAX_ANNOUNCEMENTS = 100

const channel = channelOf('announcements')

/** The newest announcements. */
export async function listAnnouncements(database: Database): Promise<AnnouncementList> {
  return database.inTenant(PLATFORM_TENANT, async tx => {
    const rows = await tx.selectFrom('events').select(['id', 'time', 'data'])
      .where('channel', '=', channel.name).where('type', '=', 'announcement').orderBy('seq', 'desc').limit(MAX_ANNOUNCEMENTS).execute()
    const withdrawals = await findWithdrawals(tx, rows.map(({ id }) => id))
    return {
      announcements: rows.map(({ id, time, data }) => {
        const withdrawnAt = withdrawals.get(id)
        return { ...data as Announce, id, time: time.toISOString(), ...withdrawnAt && { withdrawnAt: withdrawnAt.toISOString() } }
      }),
    }
  })
}

async function findWithdrawals(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const rows = await tx.selectFrom('events').select(['time', 'data']).where('channel', '=', channel.name).where('type', '=', 'announcement_withdrawn')
    .where(sql<boolean>`data ->> 'announcementId' = any(${ids}::text[])`).execute()
  return new Map(rows.map(({ time, data }) => [(data as { announcementId: string }).announcementId, time]))
}

/** Takes an announcement back: whoever sees it sees it no more. Again it changes nothing. @throws {Problem} `not_found` */
export async function withdrawAnnouncement(perform: Perform, { asked, database }: { asked: Asked, database: Database }, id: string): Promise<void> {
  const isDone = await database.inTenant(PLATFORM_TENANT, async tx => {
    const known = await tx.selectFrom('events').select('id').where('channel', '=', channel.name).where('type', '=', 'announcement').where('id', '=', id).executeTakeFirst()
    if (!known) throw new Problem('not_found', { detail: 'There is no such announcement.' })
    return (await findWithdrawals(tx, [id])).size > 0
  })
  if (isDone) return
  await perform({ ...toAct(asked), action: 'announcement.withdrawn', target: id }, {
    events: [{ channel, type: 'announcement_withdrawn', data: { announcementId: id } }], run: () => Promise.resolve(),
    // One key for everybody: of two at once only one is carried out.
    key: { scope: 'announcement-withdrawals', key: id, bodyHash: '' },
  })
}

/** Tells everybody. */
export async function announce(perform: Perform, asked: Asked, announcement: Announce): Promise<Published> {
  const { result } = await perform<Published>({ ...toAct(asked), action: 'announcement.made', target: channel.name }, {
    events: [{ channel, type: 'announcement', data: toStorableData(announcement, encodeData(announcement)) }],
    run: (_tx, events) => {
      const told = events.find(({ type }) => type === 'announcement')
      if (!told) throw new Problem('internal')
      return Promise.resolve({ id: told.id, ...told.seq !== undefined && { seq: told.seq }, time: told.time })
    },
    key: toKey(asked, 'announcements', announcement),
  })
  return result
}
