/** PresenceService (specification 4.1): who is here, merged over connections and told in batches. */

import { randomBytes } from 'node:crypto'
import { formatChannel, uuidv7, type PresenceList, type SetPresence, type UserPresence } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import type { Realtime } from '../realtime/realtime.ts'
import { createMemoryStore } from './memory.ts'
import { heartbeat, isAlive, mergeConnections } from './status.ts'
import type { ConnectionKey, PresenceStore, StoredUser } from './store.ts'

/** Connections of one user, and how long somebody offline stays in the list. */
const MAX_CONNECTIONS = 50
const KEEP_OFFLINE_MS = 86_400_000

/** What the service needs. */
export interface PresenceOptions {
  realtime: Pick<Realtime, 'deliver'>
  store?: PresenceStore
  now?: () => number
  /** Changes are gathered this long, in milliseconds. @default 250 */
  batchMs?: number
  onFault?: (error: unknown) => void
}

/** What a tenant was told last; `version` counts the batches. */
interface Told {
  version: number
  users: Map<string, UserPresence>
}

/** Who is here, per tenant. */
export class PresenceService {
  readonly #options: Required<PresenceOptions>
  readonly #told = new Map<string, Told>()
  readonly #timer: NodeJS.Timeout

  constructor(options: PresenceOptions) {
    this.#options = { store: createMemoryStore(), now: Date.now, batchMs: 250, onFault: () => undefined, ...options }
    this.#timer = setInterval(() => { for (const tenantId of this.#options.store.tenants()) this.#tell(tenantId) }, this.#options.batchMs).unref()
  }

  /** Takes a heartbeat of one connection. @throws {Problem} `unprocessable` for too many connections of one user */
  updatePresence(key: ConnectionKey, userName: string, said: SetPresence): UserPresence {
    const { store, now } = this.#options
    const known = store.find(key.tenantId, key.userId)?.connections
    if (known && !known.has(key.connectionId) && known.size >= MAX_CONNECTIONS) throw new Problem('unprocessable', { detail: 'This user has too many connections.' })
    store.put(key, userName, heartbeat(known?.get(key.connectionId), said, now()))
    return toPresence(store.find(key.tenantId, key.userId) ?? { userId: key.userId, userName, connections: new Map() }, now())
  }

  /** One connection left; its user is offline when no other is alive after the grace. */
  setOffline(key: ConnectionKey): void {
    const { store, now } = this.#options
    const user = store.find(key.tenantId, key.userId)
    const connection = user?.connections.get(key.connectionId)
    if (user && connection) store.put(key, user.userName, { ...connection, leftAt: connection.leftAt ?? now() })
  }

  /** Everybody seen lately, and the version the list stands at: what came before is in it, what comes after is not. */
  getPresenceList(tenantId: string): PresenceList {
    this.#tell(tenantId)
    const { users, version } = this.#of(tenantId)
    return { users: [...users.values()], version }
  }

  /** The known name of a user. */
  nameOf(tenantId: string, userId: string): string | undefined {
    return this.#options.store.find(tenantId, userId)?.userName
  }

  /** Stops telling. Idempotent. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** A version starts at the clock, so that a restart shows as a gap. */
  #of(tenantId: string): Told {
    const told = this.#told.get(tenantId) ?? { version: this.#options.now(), users: new Map<string, UserPresence>() }
    this.#told.set(tenantId, told)
    return told
  }

  #tell(tenantId: string): void {
    const told = this.#of(tenantId)
    const changed = this.#options.store.users(tenantId).flatMap(user => this.#refresh(tenantId, user) ?? [])
    if (changed.length === 0) return
    told.version++
    this.#deliver(tenantId, changed, told.version)
  }

  /** Forgets what is over. @returns the user when others see a change */
  #refresh(tenantId: string, user: StoredUser): UserPresence | undefined {
    const { store, now } = this.#options
    const { users } = this.#of(tenantId)
    const presence = toPresence(user, now())
    const before = users.get(user.userId)
    if (presence.status === 'offline' && now() - Date.parse(presence.lastSeen) > KEEP_OFFLINE_MS) {
      store.forget(tenantId, user.userId)
      users.delete(user.userId)
      return undefined
    }
    for (const connectionId of deadOf(user, now())) store.drop({ tenantId, userId: user.userId, connectionId })
    users.set(user.userId, presence)
    return isSame(before, presence) ? undefined : presence
  }

  #deliver(tenantId: string, users: UserPresence[], version: number): void {
    const { now, realtime, onFault } = this.#options
    const time = now()
    realtime.deliver([{
      id: uuidv7(time, randomBytes(10)), type: 'presence_update', channel: formatChannel('presence', { tenantId }), tenantId,
      time: new Date(time).toISOString(), actor: { type: 'system', id: 'presence' }, data: { users, version },
    }]).catch(onFault)
  }
}

function toPresence({ userId, userName, connections }: StoredUser, now: number): UserPresence {
  const lastSeen = Math.max(0, ...[...connections.values()].map(({ seenAt }) => seenAt))
  return { userId, userName, lastSeen: new Date(lastSeen).toISOString(), ...mergeConnections(connections.values(), now) }
}

/** The dead connections but the one heard last: it says when the user was seen. */
function deadOf({ connections }: StoredUser, now: number): string[] {
  const newest = [...connections].reduce<[string, number]>((best, [id, { seenAt }]) => seenAt >= best[1] ? [id, seenAt] : best, ['', -1])[0]
  return [...connections].filter(([id, one]) => id !== newest && !isAlive(one, now)).map(([id]) => id)
}

function isSame(a: UserPresence | undefined, b: UserPresence): boolean {
  return a?.status === b.status && a.statusText === b.statusText && a.currentPage === b.currentPage && a.userName === b.userName
}
