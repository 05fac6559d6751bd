/** The presence store of one process. */

import type { PresenceConnection } from './status.ts'
import type { PresenceStore } from './store.ts'

interface MemoryUser {
  userId: string
  userName: string
  connections: Map<string, PresenceConnection>
}

/** Creates an empty store. */
export function createMemoryStore(): PresenceStore {
  const tenants = new Map<string, Map<string, MemoryUser>>()
  const find = (tenantId: string, userId: string): MemoryUser | undefined => tenants.get(tenantId)?.get(userId)
  return {
    find,
    put: ({ tenantId, userId, connectionId }, userName, connection) => {
      const users = tenants.get(tenantId) ?? new Map<string, MemoryUser>()
      tenants.set(tenantId, users)
      const user = users.get(userId) ?? { userId, userName, connections: new Map<string, PresenceConnection>() }
      users.set(userId, user)
      user.connections.set(connectionId, connection)
    },
    drop: ({ tenantId, userId, connectionId }) => { find(tenantId, userId)?.connections.delete(connectionId) },
    forget: (tenantId, userId) => {
      const users = tenants.get(tenantId)
      users?.delete(userId)
      if (users?.size === 0) tenants.delete(tenantId)
    },
    users: tenantId => [...tenants.get(tenantId)?.values() ?? []],
    tenants: () => [...tenants.keys()],
  }
}
