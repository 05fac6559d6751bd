/** Who is connected and to what, and ending one connection. */

import * as z from 'zod'
import type { ConnectionList, ConnectionQuery, LiveChannelList, LiveConnection } from '@neo-stack/events'
import { toAct, type Asked } from '../asked.ts'
import type { Database } from '../database/database.ts'
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
  // Names are read for those that may be shown: all of them only where somebody is looked for.
  const shown = q === undefined ? kept.toSorted(longestFirst).slice(0, limit) : kept
  const named = await addNames(database, shown)
  const found = q === undefined ? named : named.filter(one => [one.name, one.userId, one.tenantId].some(word => word?.toLowerCase().includes(q.toLowerCase())))
  return { connections: found.toSorted(longestFirst).slice(0, limit).map(({ since, ...one }) => ({ ...one, ...since !== undefined && { since: new Date(since).toISOString() } })), total: q === undefined ? kept.length : found.length, unsaid: [...unsaid] }
}

const longestFirst = (a: RealtimeConnection, b: RealtimeConnection): number => (a.since ?? 0) - (b.since ?? 0)

type Named = RealtimeConnection & Pick<LiveConnection, 'name' | 'isService'>

async function addNames(database: Database, connections: readonly RealtimeConnection[]): Promise<Named[]> {
  // Not everybody who is connected is a person or a key: the canary has a name of its own.
  const ids = [...new Set(connections.map(({ userId }) => userId))].filter(id => z.uuid().safeParse(id).success)
  if (ids.length === 0) return connections.map(one => ({ ...one, isService: false }))
  const [people, keys] = await database.inSystem(async tx => [
    await tx.selectFrom('users').select(['id', 'name']).where('id', 'in', ids).execute(),
    await tx.selectFrom('api_keys').select(['id', 'name']).where('id', 'in', ids).execute(),
  ] as const)
  const names = new Map([...people, ...keys].map(({ id, name }) => [id, name]))
  const services = new Set(keys.map(({ id }) => id))
  return connections.map(one => {
    const name = names.get(one.userId)
    return { ...one, isService: services.has(one.userId), ...name !== undefined && { name } }
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
