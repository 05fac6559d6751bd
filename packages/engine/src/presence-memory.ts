/** Adapter of `presence.ts`: entries in this process's memory, gone with their connections. */
import type { PresenceStore } from './presence.ts'
import type { ClientInfo } from './publication.ts'

const NOBODY: ReadonlyMap<string, ClientInfo> = new Map()

/** An empty store. */
export function createMemoryPresence(): PresenceStore {
  const channels = new Map<string, Map<string, ClientInfo>>()
  return {
    add(channel, info) {
      const entries = channels.get(channel)
      if (entries) entries.set(info.client, info)
      else channels.set(channel, new Map([[info.client, info]]))
    },
    remove(channel, client) {
      const entries = channels.get(channel)
      if (entries?.delete(client) && entries.size === 0) channels.delete(channel)
    },
    list: channel => channels.get(channel) ?? NOBODY,
    close() {
      channels.clear()
    },
  }
}
