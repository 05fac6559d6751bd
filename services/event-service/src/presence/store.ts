/** The presence store port: what presence is kept in. */

import type { PresenceConnection } from './status.ts'

/** Whose connection. */
export interface ConnectionKey {
  tenantId: string
  userId: string
  connectionId: string
}

/** A user with all known connections. */
export interface StoredUser {
  userId: string
  userName: string
  connections: ReadonlyMap<string, PresenceConnection>
}

/** Keeps connections. */
export interface PresenceStore {
  /** The user's name and connections, `undefined` for somebody unknown. */
  find: (tenantId: string, userId: string) => StoredUser | undefined
  put: (key: ConnectionKey, userName: string, connection: PresenceConnection) => void
  /** Forgets a connection; its user stays, to be shown as offline. */
  drop: (key: ConnectionKey) => void
  /** Forgets a user. */
  forget: (tenantId: string, userId: string) => void
  users: (tenantId: string) => readonly StoredUser[]
  tenants: () => readonly string[]
}
