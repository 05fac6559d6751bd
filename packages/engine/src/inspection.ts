/** In-process reading: presence, history, channels, connections, figures. Source: PROTOCOL 2.2. */
import { keepsHistory } from './broker.ts'
import type { HistoryFilter } from './broker.ts'
import type { ChannelRules } from './config.ts'
import type { Shared } from './connection.ts'
import { EngineError } from './errors.ts'
import type { Gauges } from './meters.ts'
import { countPresence } from './presence.ts'
import type { PresenceStats } from './presence.ts'
import type { ClientInfo, Position, Publication } from './publication.ts'
import { rulesFor } from './publishing.ts'
import type { EngineStats } from './stats.ts'

/** A kept publication with its data parsed. */
export interface HistoryEntry extends Omit<Publication, 'data'> {
  readonly data: unknown
}

/** A slice of a stream and its top. */
export interface HistorySlice extends Position {
  readonly publications: readonly HistoryEntry[]
}

/** One connected client. */
export interface ConnectionInfo {
  readonly client: string
  readonly user: string
  /** Millisecond of the connect reply since 1970. */
  readonly since: number
  readonly channels: readonly string[]
  /** `meta` of the connection's token. */
  readonly meta: unknown
}

/** Reading without a connection. */
export interface Inspection {
  /** Who is subscribed, by client id. Throws `EngineError` 102, 107 or 108 (presence off). */
  presence(channel: string): ReadonlyMap<string, ClientInfo>
  /** Throws as `presence`. */
  presenceStats(channel: string): PresenceStats
  /** `limit` 0 (default) reads the position only, −1 all. Rejects with `EngineError` 102, 107, 108 (no history) or 112 (other epoch). */
  history(channel: string, filter?: Partial<HistoryFilter>): Promise<HistorySlice>
  /** Forgets what is kept; the position stays. Throws as `history` rejects. */
  removeHistory(channel: string): void
  /** Channels that have subscribers, with their number. */
  channels(): ReadonlyMap<string, number>
  /** Connected clients, all of them or those of one user. */
  connections(user?: string): ConnectionInfo[]
  /** Prometheus text with Centrifugo's metric names. */
  metrics(): string
  /** Plain numbers for a metrics exporter; a copy. */
  stats(): EngineStats
}

/** Reading of an engine's structures. */
export function createInspection({ ports, hub, roster, counters }: Shared): Inspection {
  const entries = (channel: string): ReadonlyMap<string, ClientInfo> => {
    if (!rulesFor(ports.config, channel).presence) throw new EngineError('notAvailable', `presence is off for ${channel}`)
    return ports.presence.list(channel)
  }
  const keeping = (channel: string): ChannelRules => {
    const rules = rulesFor(ports.config, channel)
    if (!keepsHistory(rules)) throw new EngineError('notAvailable', `history is off for ${channel}`)
    return rules
  }
  const gauges = (): Gauges => ({ connections: roster.connected.size, users: roster.users, subscriptions: hub.subscriptions, channels: hub.channels })
  return {
    metrics: () => ports.meters.text(gauges()),
    presence: entries,
    presenceStats: channel => countPresence(entries(channel)),
    async history(channel, { limit = 0, ...filter } = {}) {
      const slice = await ports.broker.history(channel, { ...filter, limit }, keeping(channel))
      if (slice.isOtherEpoch) throw new EngineError('unrecoverablePosition', `${channel} has another epoch`)
      const publications = slice.publications.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) as unknown }))
      return { publications, offset: slice.offset, epoch: slice.epoch }
    },
    removeHistory(channel) {
      keeping(channel)
      ports.broker.removeHistory(channel)
    },
    channels: () => new Map(hub.entries()),
    connections: user => (user === undefined ? [...roster.connected.values()] : roster.find({ user })).map(({ session: { client, user, since, subscriptions, meta } }) =>
      ({ client, user, since, channels: [...subscriptions.keys()], meta })),
    stats: () => ({
      ...structuredClone(counters),
      sockets: roster.open.size,
      ...gauges(),
    }),
  }
}
