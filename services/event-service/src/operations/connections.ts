/** Who is connected and to what, and ending one connection. */

import { sql } from 'kysely'
import { USER_ID, type ConnectionList, type ConnectionQuery, type LiveChannelList, type LiveConnection } from '@neo-stack/events'
import { toAct, type Asked } from '../asked.ts'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import type { Realtime, RealtimeConnection } from '../realtime/realtime.ts'

/** What connections are read and ended by. */
export interface Connections {
  database: Database
  realtime: Pick<Realtime, 'inspect' | 'disconnect'>
  perform: Perform
}

/** Names one connection. */
export interface ConnectionPath {
  tenantId: string
  userId: string
  client: string
}

/** Lists connections, those longest connected first. Rejects when realtime cannot be asked. */
export async function listConnections({ database, realtime }: Connections, { q, tenantId, channel, limit }: ConnectionQuery & { limit: number }): Promise<ConnectionList> {
  if (!realtime.inspect) return { connections: [], total: 0, unsaid: ['connections'] }
  const { connections, unsaid } = await realtime.inspect.connections()
  const kept = connections.filter(one => (tenantId === undefined || one.tenantId === tenantId) && (channel === undefined || one.channels?.includes(channel) === true))
  return database.inSystem(async tx => {
    const found = q === undefined ? kept : await findConnections(tx, kept, q)
    const shown = await addNames(tx, found.toSorted(longestFirst).slice(0, limit))
    return { connections: shown.map(({ since, ...one }) => ({ ...one, ...since !== undefined && { since: new Date(since).toISOString() } })), total: found.length, unsaid: [...unsaid] }
  })
}

const longestFirst = (a: RealtimeConnection, b: RealtimeConnection): number => (a.since ?? 0) - (b.since ?? 0)

/** With more of them every name is looked through: that takes less than looking up so many. */
const MANY = 1000

/** Those whose user, tenant, name or e-mail has these words; the database knows the last two. */
async function findConnections(tx: Tx, connections: readonly RealtimeConnection[], q: string): Promise<RealtimeConnection[]> {
  const ids = idsOf(connections)
  const among = ids.length > MANY ? sql`` : sql`id = any(${ids}::uuid[]) and`
  const { rows } = await sql<{ id: string }>`select id from users where ${among} position(neo_plain(${q}) in plain) > 0
    union all select id from api_keys where ${among} position(neo_plain(${q}) in neo_plain(name)) > 0`.execute(tx)
  const named = new Set(rows.map(({ id }) => id))
  const word = q.toLowerCase()
  return connections.filter(({ userId, tenantId }) => named.has(userId) || userId.toLowerCase().includes(word) || tenantId.includes(word))
}

/** Not everybody who is connected is a person or a key: the canary has a name of its own. */
const idsOf = (connections: readonly RealtimeConnection[]): string[] => [...new Set(connections.map(({ userId }) => userId))].filter(id => USER_ID.test(id))

type Named = RealtimeConnection & Pick<LiveConnection, 'name' | 'isService'>

async function addNames(tx: Tx, connections: readonly RealtimeConnection[]): Promise<Named[]> {
  const ids = idsOf(connections)
  const { rows } = await sql<{ id: string, name: string, is_service: boolean }>`select id, name, false as is_service from users where id = any(${ids}::uuid[])
    union all select id, name, true from api_keys where id = any(${ids}::uuid[])`.execute(tx)
  const known = new Map(rows.map(row => [row.id, row]))
  return connections.map(one => {
    const row = known.get(one.userId)
    return { ...one, isService: row?.is_service === true, ...row && { name: row.name } }
  })
}

/** Lists channels with subscribers, most first. */
export async function listChannels({ realtime }: Pick<Connections, 'realtime'>, { q, limit }: { q?: string | undefined, limit: number }): Promise<LiveChannelList> {
  const all = await realtime.inspect?.channels() ?? []
  const found = all.filter(({ name }) => q === undefined || name.includes(q)).toSorted((a, b) => b.subscribers - a.subscribers || (a.name < b.name ? -1 : 1))
  return { channels: found.slice(0, limit), total: found.length }
}

/** Ends one connection; its client does not come back by itself, its person may. @throws {Problem} `not_found` */
export async function endConnection({ realtime, perform }: Connections, asked: Asked, { tenantId, userId, client }: ConnectionPath): Promise<void> {
  const { connections = [] } = await realtime.inspect?.connections() ?? {}
  const isThere = connections.some(one => one.client === client && one.tenantId === tenantId && one.userId === userId)
  if (!isThere) throw new Problem('not_found', { detail: 'There is no such connection.' })
  await perform({ ...toAct(asked), action: 'connection.ended', target: client, detail: { user: userId } }, { run: () => Promise.resolve() })
  await realtime.disconnect({ tenantId, userId, client }, 'ended by an operator')
}
