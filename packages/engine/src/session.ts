/**
 * State of one connection, as plain data. Commands (`commands/*.ts`) decide on it, `deadlines.ts` says what its time brings,
 * `connection.ts` performs. Modes: new → connecting → connected → closed, and new → connecting → refused → closed. See SPEC.md.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Broker } from './broker.ts'
import type { HookRequest } from './hook-shapes.ts'
import type { Codec, Message } from './codec.ts'
import type { ChannelRules, EngineConfig } from './config.ts'
import type { Denials, TokenMark } from './denials.ts'
import type { Hooks } from './hooks.ts'
import type { GroupQuestion } from './limit-options.ts'
import type { Limiter } from './limiter.ts'
import type { Frame, Meters } from './meters.ts'
import type { PresenceStore } from './presence.ts'
import type { ClientInfo, Json, Publication } from './publication.ts'
import type { TokenVerifier } from './tokens/verifier.ts'
import type { TransportFacts } from './transport.ts'
import type { Unsubscribe } from './unsubscribes.ts'

/** Mode of a session. */
export type Status = 'new' | 'connecting' | 'refused' | 'connected' | 'closed'

/** A publication as it came from the broker. */
export interface Delivery {
  readonly publication: Publication
  readonly epoch: string
  /** The one before it, where subscribers may get a patch of it. */
  readonly previous: Publication | undefined
}

/** Who gets what a channel carries. */
export interface Receiver {
  readonly codec: Codec
  write(message: Message, frame: Frame): void
  /** The subscription missed a publication. */
  onGap(subscription: Subscription): void
}

/** Who asked for a subscription: the client, or one of the server's reasons. */
export type Source = 'client' | 'token' | 'hook' | 'personal' | 'reconnect' | 'api'

/** One channel of one connection. */
export interface Subscription {
  readonly channel: string
  readonly rules: ChannelRules
  readonly receiver: Receiver
  readonly source: Source
  info: ClientInfo
  readonly isPositioned: boolean
  readonly isRecoverable: boolean
  readonly wantsJoinLeave: boolean
  readonly usesDelta: boolean
  /** Whether the hook `subRefresh` is asked when it expires, instead of the client. */
  readonly isRefreshedByHook: boolean
  /** Offset of the publication whose data the client holds to apply patches to; 0: none. */
  base: number
  /** Of the token it was made with. */
  token: TokenMark | undefined
  /** How it is to end as soon as it is live. */
  end?: Unsubscribe
  /** Last offset seen, while positioned. */
  offset: number
  epoch: string
  /** Millisecond of expiry; Infinity: never. */
  expireAt: number
  /** What was published while the subscription was still being made; undefined once live. */
  pending: Delivery[] | undefined
}

/** Everything known of a connection. Times in milliseconds, Infinity: not waiting for it. */
export interface Session {
  readonly client: string
  readonly receiver: Receiver
  readonly subscriptions: Map<string, Subscription>
  /** Whether the transport pings by itself. */
  readonly hasNativePing: boolean
  readonly transport: TransportFacts
  /** Headers of the request the connection came with, until `connect` was decided. */
  headers: IncomingHttpHeaders | undefined
  status: Status
  user: string
  info: Json | undefined
  /** The token's `meta`. */
  meta: unknown
  /** What revocations name. */
  token: TokenMark
  /** Whose rates count beside the user's. */
  group: string | undefined
  /** Name of the client library, as metrics have it. */
  clientName: string
  since: number
  staleAt: number
  cutAt: number
  pingAt: number
  pongAt: number
  expireAt: number
  /** Whether the hook `refresh` is asked when it expires, instead of the client. */
  isRefreshedByHook: boolean
  /** The subscription being decided, and how it is to end as soon as it is made. */
  subscribing: { readonly channel: string, end?: Unsubscribe } | undefined
}

/** What deciding needs from outside. */
export interface Ports {
  readonly config: EngineConfig
  readonly broker: Broker
  readonly presence: PresenceStore
  readonly hooks: Hooks
  readonly denials: Denials
  readonly limiter: Limiter
  readonly meters: Meters
  /** The group of a connection, whose rates it is held to. */
  groupOf(question: GroupQuestion): string | undefined
  readonly tokens: { readonly connection: TokenVerifier, readonly subscription: TokenVerifier }
  now(): number
  onFault(error: unknown): void
  /** Starts receiving; live publications are held until the subscribe reply was written. */
  attach(subscription: Subscription): void
}

/** What a new session is made from. */
export interface SessionOptions {
  readonly client: string
  readonly receiver: Receiver
  readonly hasNativePing: boolean
  readonly transport: TransportFacts
  readonly headers?: IncomingHttpHeaders
  readonly now: number
  /** Time to send `connect`. */
  readonly staleCloseDelay: number
}

const NO_TOKEN: TokenMark = { user: '', tokenId: undefined, session: undefined, issuedAt: undefined }

/** A session that has said nothing yet. */
export function createSession({ client, receiver, hasNativePing, transport, headers, now, staleCloseDelay }: SessionOptions): Session {
  return {
    client, receiver, hasNativePing, transport, headers, isRefreshedByHook: false, token: NO_TOKEN, group: undefined, clientName: 'unnamed', subscriptions: new Map(), status: 'new', user: '', info: undefined, meta: undefined, since: now,
    staleAt: now + staleCloseDelay, cutAt: Infinity, pingAt: Infinity, pongAt: Infinity, expireAt: Infinity, subscribing: undefined,
  }
}

/** Whether the connection ended, possibly while a command was waiting. */
export const isClosed = (session: Session): boolean => session.status === 'closed'

/** The client as others see it, with the channel's info where it is subscribed. */
export function clientInfo(session: Session, chanInfo?: Json): ClientInfo {
  const { user, client, info } = session
  return { user, client, ...(info !== undefined && { connInfo: info }), ...(chanInfo !== undefined && { chanInfo }) }
}

/** What hooks are told of the connection. */
export function hookRequest({ client, user, transport, receiver, meta }: Session): HookRequest {
  return { client, user, transport: transport.name, protocol: receiver.codec.isText ? 'json' : 'protobuf', meta }
}
