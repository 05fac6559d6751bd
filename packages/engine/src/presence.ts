/** Port: who is subscribed to which channel. Adapters: `presence-memory.ts`. */
import type { ClientInfo } from './publication.ts'

/** Entries by channel and client id. No method throws. */
export interface PresenceStore {
  add(channel: string, info: ClientInfo): void
  remove(channel: string, client: string): void
  /** Entries by client id; must not be changed by the caller. */
  list(channel: string): ReadonlyMap<string, ClientInfo>
  close(): void
}

/** Numbers of clients and of distinct users; an anonymous user counts as one. */
export interface PresenceStats {
  readonly clients: number
  readonly users: number
}

/** Counts what a channel's presence holds. */
export function countPresence(entries: ReadonlyMap<string, ClientInfo>): PresenceStats {
  const users = new Set<string>()
  for (const { user } of entries.values()) users.add(user)
  return { clients: entries.size, users: users.size }
}
