/** In-process control over connections and subscriptions of a user or a client. Source: PROTOCOL 2.2, 2.3. */
import type { Connection, Shared } from './connection.ts'
import type { Denials, Revocation } from './denials.ts'
import { DISCONNECTS, isDisconnect, reasonOf } from './disconnects.ts'
import type { Disconnect } from './disconnects.ts'
import { EngineError } from './errors.ts'
import { isPast } from './expiry.ts'
import type { ServerSubscription } from './hook-shapes.ts'
import { toPermit } from './identity.ts'
import { rulesFor } from './publishing.ts'
import type { Ports } from './session.ts'
import { NO_WISH } from './subscribing.ts'
import type { Making } from './subscribing.ts'
import { UNSUBSCRIBES } from './unsubscribes.ts'

/** Whom a call is about: everything given must fit. At least one. */
export interface Target {
  /** Opaque user id, compared as a whole. */
  readonly user?: string
  /** Client id. */
  readonly client?: string
  /** Session id of a connection over HTTP streaming or SSE. */
  readonly session?: string
}

/** Options of `disconnect`. */
export interface DisconnectTarget extends Target {
  /** 3000–4999; 3500–3999 and 4500–4999 keep clients away for good. @default 3503 */
  readonly code?: number
  /** At most 123 bytes. @default the table's for the code, 'disconnected by server' for others */
  readonly reason?: string
  /** Clients that stay. */
  readonly except?: readonly string[]
}

/** Options of `unsubscribe`. */
export interface UnsubscribeTarget extends Target {
  /** @default all channels */
  readonly channel?: string
  /** 2000–2999; from 2500 on clients subscribe again by themselves. @default 2000 */
  readonly code?: number
}

/** Options of `revoke`. */
export interface RevokeOptions extends Revocation {
  /** Given to connections that are cut. @default 3500; 3014 lets clients come back with new tokens */
  readonly code?: number
  /** @default the table's */
  readonly reason?: string
}

/** Options of `subscribe`. */
export interface SubscribeTarget extends Target, ServerSubscription {}

/** Options of `refresh`. */
export interface RefreshTarget extends Target {
  /** Ends the connections at once with 3005; clients come back with a new token. */
  readonly expired?: boolean
  /** New second of expiry since 1970; 0 or absent: never. */
  readonly expireAt?: number
}

/** Control without a connection. All of it is done when the call returns; an unknown user is no error. */
export interface Control {
  /** Cuts connections, also ones whose token is still being checked. Returns how many were cut at once. Throws `EngineError` 107. */
  disconnect(target: DisconnectTarget): number
  /** Ends subscriptions, also ones that are still being made. Throws `EngineError` 107. */
  unsubscribe(target: UnsubscribeTarget): void
  /**
   * Subscribes connections to a channel; ones that have it are told again. Resolves when all of them are. Rejects with `EngineError`
   * 102 or 107.
   */
  subscribe(target: SubscribeTarget): Promise<void>
  /**
   * Revokes tokens: those that present one are refused with 3500 (subscriptions 103), connections that live by one are disconnected
   * with the code (3500, unless given), subscriptions end with 2502. Returns how many connections were cut.
   */
  revoke(revocation: RevokeOptions): number
  /** Keeps a user out with 3507, connected or not, until a second since 1970. @default for good */
  blockUser(user: string, expireAt?: number): void
  /** Lets a blocked user in again. */
  unblockUser(user: string): void
  /** Moves or ends the expiry of connections and tells the clients. Throws `EngineError` 107. */
  refresh(target: RefreshTarget): void
}

/** Control over an engine's connections. */
export function createControl({ roster, ports }: Pick<Shared, 'roster' | 'ports'>): Control {
  const find = (target: Target): Connection[] => {
    if ([target.user, target.client, target.session].every(part => part === undefined)) throw new EngineError('badRequest', 'user, client or session is required')
    return roster.find(target)
  }

  /** Whoever is between `connect` and its reply has no user yet; a client id is known from the start. */
  const findUnverified = ({ client, session }: Target): Connection[] => [...roster.open].filter(member => !roster.connected.has(member.client)
    && (client === undefined || member.client === client) && (session === undefined || member.sessionId === session))

  return {
    disconnect(target) {
      const { user, except = [] } = target
      const disconnect = toDisconnect(target)
      const found = find(target).filter(({ client }) => !except.includes(client))
      for (const connection of found) connection.disconnect(disconnect)
      for (const connection of findUnverified(target).filter(({ client }) => !except.includes(client))) {
        if (user === undefined) connection.disconnect(disconnect)
        else connection.warn({ user, disconnect })
      }
      return found.length
    },
    unsubscribe({ channel, code = UNSUBSCRIBES.server.code, ...target }) {
      if (channel === '') throw new EngineError('badRequest', 'channel must not be empty')
      if (!Number.isInteger(code) || code < 2000 || code > 2999) throw new EngineError('badRequest', 'code must be 2000–2999')
      const reason = Object.values(UNSUBSCRIBES).find(entry => entry.code === code)?.reason ?? ''
      for (const connection of find(target)) connection.unsubscribe(channel, { code, reason })
    },
    revoke({ code = DISCONNECTS.invalidToken.code, reason, ...revocation }) {
      const disconnect = toDisconnect({ code, ...reason !== undefined && { reason } })
      ports.denials.revoke(toRevocation(revocation))
      return cut(roster.connected.values(), disconnect, ports.denials)
    },
    blockUser(user, expireAt) {
      if (user === '') throw new EngineError('badRequest', 'user is required')
      ports.denials.block(user, expireAt)
      for (const connection of roster.find({ user })) connection.disconnect(DISCONNECTS.permissionDenied)
    },
    unblockUser: user => { ports.denials.unblock(user) },
    async subscribe(target) {
      const found = find(target)
      const making = toMaking(target, ports)
      await Promise.all(found.map(connection => connection.subscribe(making)))
    },
    refresh({ expired = false, expireAt = 0, ...target }) {
      const isOver = expired || isPast(expireAt, ports.now())
      for (const connection of find(target)) {
        if (isOver) connection.disconnect(DISCONNECTS.expired)
        else connection.expireAt(expireAt)
      }
    },
  }
}

function toRevocation(revocation: Revocation): Revocation {
  const { user, session, tokenId, issuedBefore } = revocation
  const named = [user, session, tokenId].filter(part => part !== undefined)
  if (named.length > 1 || named.includes('')) throw new EngineError('badRequest', 'one of user, session and tokenId may be given, and not empty')
  if (named.length === 0 && issuedBefore === undefined) throw new EngineError('badRequest', 'user, session, tokenId or issuedBefore is required')
  return revocation
}

/** Whoever is still connecting is refused at the door. */
function cut(connections: Iterable<Connection>, disconnect: Disconnect, denials: Denials): number {
  let count = 0
  for (const connection of [...connections]) {
    if (denials.isRevoked(connection.session.token)) {
      connection.disconnect(disconnect)
      count++
    } else {
      for (const { channel, token } of [...connection.session.subscriptions.values()]) {
        if (token && denials.isRevoked(token)) connection.unsubscribe(channel, UNSUBSCRIBES.stateInvalidated)
      }
    }
  }
  return count
}

function toMaking(target: SubscribeTarget, { config, now }: Ports): Making {
  const { channel, recoverSince } = target
  const rules = rulesFor(config, channel)
  const permit = toPermit(target)
  if (isPast(permit.expireAt, now())) throw new EngineError('badRequest', 'expireAt has passed')
  const wish = recoverSince ? { ...NO_WISH, recover: true, ...recoverSince } : NO_WISH
  return { channel, source: 'api', rules, permit, wish }
}

function toDisconnect({ code = DISCONNECTS.forceDisconnect.code, reason }: DisconnectTarget): Disconnect {
  const disconnect = { code, reason: reason ?? reasonOf(code) }
  if (!isDisconnect(disconnect)) throw new EngineError('badRequest', 'code must be 3000–4999 and reason at most 123 bytes')
  return disconnect
}
