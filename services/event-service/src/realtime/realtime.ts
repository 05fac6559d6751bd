/** The realtime port: what event-service needs of the engine or of Centrifugo. Contract suite: test/realtime-contract.ts */

import type { Server } from 'node:http'
import type { Envelope } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'

/** Live figures of the engine in this process, or of all Centrifugo nodes. */
export interface RealtimeStats {
  connections: number
  users: number
  channels: number
  subscriptions: number
}

/** Whose connections to end: one session's, a user's (`{tenantId}/{userId}`), or a whole tenant's. */
export interface RealtimeTarget {
  tenantId: string
  userId?: string
  /** Only those of this session of the user. */
  sessionId?: string | undefined
  /** Only this connection of the user. */
  client?: string | undefined
}

/** One open connection; what is missing cannot be said there. */
export interface RealtimeConnection {
  client: string
  tenantId: string
  userId: string
  /** Milliseconds since 1970. */
  since?: number
  channels?: string[]
}

/** Looking into realtime. Every method rejects when there is nobody to ask. */
export interface RealtimeInspection {
  /** `unsaid` names what cannot be said there: of a connection since when it is and on which channels, or connections of services at all. */
  connections: () => Promise<{ connections: RealtimeConnection[], unsaid: readonly ('since' | 'channels' | 'services')[] }>
  /** Channels of people with their number of subscribers. */
  channels: () => Promise<{ name: string, subscribers: number }[]>
}

/** A presence connection that a client named when it connected. */
export interface RealtimeSocket {
  tenantId: string
  userId: string
  connectionId: string
}

/** Told when a presence connection gets a socket, and when it has lost its last one. Must not throw. */
export type SocketListener = (socket: RealtimeSocket, isOpen: boolean) => void

/** Delivers events to whoever is subscribed. */
export interface Realtime {
  /**
   * Where delivery is part of the transaction that logs events: takes those that a log keeps, in the order of `seq`. What it took is
   * not handed to `deliver`. @default `deliver` gets them after the commit
   */
  enqueue?: (tx: Tx, events: readonly Envelope[]) => Promise<void>
  /**
   * Hands over committed events, in the order of the array; per channel that is the order of `seq`. Never rejects: readers
   * find what was missed through `seq`.
   */
  deliver: (events: readonly Envelope[]) => Promise<void>
  /** Where connections of a session can only be found by a channel of theirs: its name, for their connection tokens. */
  sessionChannel?: (sessionId: string) => string
  /** Ends connections for good: clients don't come back by themselves. */
  disconnect: (target: RealtimeTarget, reason: string) => Promise<void>
  /** Who is connected, to what. @default it cannot be looked into */
  inspect?: RealtimeInspection
  /** Rejects when there is nobody to ask. */
  stats: () => Promise<RealtimeStats>
  /** Metrics of the engine in this process in the Prometheus text format; elsewhere Centrifugo is asked itself. */
  metrics?: () => string
  /** Tells of sockets where the engine is in process; elsewhere their end shows by the heartbeats that stay out. */
  onSocket?: (listener: SocketListener) => void
  /** Serves sockets on this server where the engine is in process. */
  attach?: (server: Server) => void
  /** Stops; an engine in this process tells all its clients to reconnect. */
  close: () => Promise<void>
}
