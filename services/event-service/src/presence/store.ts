/**
 * The presence store port: what presence is kept in. Contract suite: test/presence-contract.ts
 *
 * A user's record is changed as a whole by a pure function, so that processes that change one user at once follow each other.
 * Every record says when it is to be looked at again; whoever calls `takeDue` gets those whose time has come.
 */

import type { UserPresence } from '@neo-stack/events'
import type { PresenceRecord } from './record.ts'

/** Whose record. */
export interface UserKey {
  tenantId: string
  userId: string
}

/** Whose connection. */
export interface ConnectionKey extends UserKey {
  connectionId: string
}

/** Everybody of a tenant, and the version told last. */
export interface StoredTenant {
  records: readonly PresenceRecord[]
  version: number
}

/** A version and what is told under it. */
export interface Told {
  version: number
  users: readonly UserPresence[]
}

/** Keeps records. Times in milliseconds; a record is plain JSON and is never changed in place. */
export interface PresenceStore {
  /**
   * Changes a record. `change` gets what is kept (`undefined` for somebody unknown), is pure and may be called again when
   * another process was quicker. The same object as it got changes nothing, `undefined` forgets; what it throws rejects.
   * @returns what is kept now
   */
  change: (key: UserKey, change: (known: PresenceRecord | undefined) => PresenceRecord | undefined) => Promise<PresenceRecord | undefined>
  /** Takes those whose `lookAt` has come. Each is given to one caller; unless changed meanwhile it is given again after `LEASE_MS`. */
  takeDue: (now: number) => Promise<readonly UserKey[]>
  /**
   * Counts the tenant's version up and reads what those users' records have in `told`, both at once, so that a later version
   * never tells something older. The first version of a tenant is `start`.
   */
  tell: (tenantId: string, userIds: readonly string[], start: number) => Promise<Told>
  /** All records, read with the version or after it. The first version of a tenant is `start`. */
  list: (tenantId: string, start: number) => Promise<StoredTenant>
  /** Lets go of what is held open. Idempotent. */
  close: () => Promise<void>
}

/** How long a record taken by `takeDue` is left alone: whoever took it may have died. */
export const LEASE_MS = 5_000
