/** What is kept of one user, and what may happen to it. Pure: time is an argument, in milliseconds. */

import type { SetPresence, UserPresence } from '@neo-stack/events'
import { heartbeat, isAlive, mergeConnections, nextChange, type Busy, type PresenceConnection } from './status.ts'

/** How long somebody offline stays in the list. */
const KEEP_OFFLINE_MS = 86_400_000

/** What the user's account says: read when a connection is new. */
export interface Person {
  userName: string
  /** Others are not told when this user was seen last. */
  hideLastSeen: boolean
  busy?: Busy
}

/** One user with all connections. Plain JSON. */
export interface PresenceRecord extends Person {
  userId: string
  connections: Readonly<Record<string, PresenceConnection>>
  /** When the user last did something, or was heard from for the first time. */
  activeAt: number
  /** What others were told last. */
  told?: UserPresence
  /** When to look at this record again although nothing is said. */
  lookAt: number
}

/** A record of somebody who was not here before. */
export const createRecord = (userId: string, person: Person, now: number): PresenceRecord => ({ userId, ...person, connections: {}, activeAt: now, lookAt: now })

/** Takes a heartbeat of one connection. */
export function beat(record: PresenceRecord, connectionId: string, { said, now }: { said: SetPresence, now: number }): PresenceRecord {
  const connection = heartbeat(record.connections[connectionId], said, now)
  const { hiddenSince, idleSince = now } = connection
  const activeAt = hiddenSince === undefined ? Math.max(record.activeAt, idleSince) : record.activeAt
  return schedule({ ...record, activeAt, connections: { ...record.connections, [connectionId]: connection } }, now)
}

/** A connection left: what it was doing until now counts. */
export function leave(record: PresenceRecord, connectionId: string, now: number): PresenceRecord {
  const connection = record.connections[connectionId]
  if (connection?.leftAt !== undefined || !connection) return record
  const wasActive = connection.hiddenSince === undefined && connection.idleSince === undefined
  const connections = { ...record.connections, [connectionId]: { ...connection, leftAt: now } }
  return schedule({ ...record, connections, activeAt: wasActive ? now : record.activeAt }, now)
}

/** A connection that was lost is there again. */
export function resume(record: PresenceRecord, connectionId: string, now: number): PresenceRecord {
  const { leftAt, ...connection } = record.connections[connectionId] ?? {}
  if (leftAt === undefined || !('seenAt' in connection)) return record
  return schedule({ ...record, connections: { ...record.connections, [connectionId]: { ...connection, seenAt: now } } }, now)
}

/** What the account says has changed. */
export const describe = ({ busy: _busy, ...record }: PresenceRecord, person: Person, now: number): PresenceRecord => schedule({ ...record, ...person }, now)

/** Looks at a record whose time has come: drops what is dead, notes what is told. @returns `undefined` when it is to be forgotten */
export function look(record: PresenceRecord, now: number): PresenceRecord | undefined {
  const told = toPresence(record, now)
  if (told.status === 'offline' && now - record.activeAt > KEEP_OFFLINE_MS) return undefined
  const connections = Object.fromEntries(Object.entries(record.connections).filter(([, connection]) => isAlive(connection, now)))
  return schedule({ ...record, connections, told: isSame(record.told, told) && record.told ? record.told : told }, now)
}

/** How many connections of a user have ended by now, and how many of them without a goodbye. */
export interface PresenceEnds {
  all: number
  silent: number
}

/** Connections that {@link look} would drop now. */
export function countEnds({ connections }: PresenceRecord, now: number): PresenceEnds {
  const ended = Object.values(connections).filter(connection => !isAlive(connection, now))
  return { all: ended.length, silent: ended.filter(({ leftAt }) => leftAt === undefined).length }
}

/** The user as others see them. */
export function toPresence({ userId, userName, hideLastSeen, busy, connections, activeAt }: PresenceRecord, now: number): UserPresence {
  const lastSeen = hideLastSeen ? {} : { lastSeen: new Date(activeAt).toISOString() }
  return { userId, userName, ...lastSeen, ...mergeConnections(Object.values(connections), now, busy) }
}

/** Whether others would see no difference. A later `lastSeen` alone is none. */
function isSame(a: UserPresence | undefined, b: UserPresence): boolean {
  return a?.status === b.status && a.statusText === b.statusText && a.currentPage === b.currentPage && a.userName === b.userName
    && a.pages?.join('\n') === b.pages?.join('\n') && (a.lastSeen === undefined) === (b.lastSeen === undefined)
}

function schedule(record: PresenceRecord, now: number): PresenceRecord {
  const presence = toPresence(record, now)
  if (!isSame(record.told, presence)) return { ...record, lookAt: now }
  const next = nextChange(Object.values(record.connections), now, record.busy)
  return { ...record, lookAt: presence.status === 'offline' ? record.activeAt + KEEP_OFFLINE_MS + 1 : next }
}
