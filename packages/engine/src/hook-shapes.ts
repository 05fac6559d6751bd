/** Requests and results of the hooks that answer in the application's stead of a proxy: Centrifugo's, in camel case. Source: PROTOCOL 3.5. */
import type { Json, Position } from './publication.ts'

/** What every hook request says of its connection. */
export interface HookRequest {
  readonly client: string
  /** Opaque user id, '' for anonymous and before `connect` answered. */
  readonly user: string
  readonly transport: 'websocket' | 'http_stream' | 'sse'
  readonly protocol: 'json' | 'protobuf'
  /** `meta` of the token or of the connect hook. */
  readonly meta: unknown
}

/** A connection without a token. */
export interface ConnectHookRequest extends HookRequest {
  readonly name: string
  readonly version: string
  /** JSON text that the client sent along. */
  readonly data: Json | undefined
  /** Channels the client had from the server before. */
  readonly channels: readonly string[]
  /** Headers of the HTTP request the connection came with. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A subscription without a token. */
export interface SubscribeHookRequest extends HookRequest {
  readonly channel: string
  readonly data: Json | undefined
}

/** A client's publication. */
export interface PublishHookRequest extends HookRequest {
  readonly channel: string
  readonly data: Json
}

/** A call of the application. */
export interface RpcHookRequest extends HookRequest {
  readonly method: string
  readonly data: Json | undefined
}

/** Channel options another way for one subscription. */
export type SubscribeOverride = Partial<Readonly<Record<
  'presence' | 'joinLeave' | 'forceRecovery' | 'forcePositioning' | 'forcePushJoinLeave', boolean>>>

/** A granted subscription. Payloads are any JSON value, or `encodedJson(text)`. */
export interface SubscribeGrant {
  /** Second of expiry since 1970. @default never */
  readonly expireAt?: number
  /** What others see of the subscriber in this channel. */
  readonly info?: unknown
  /** Sent to the client with the reply. */
  readonly data?: unknown
  readonly override?: SubscribeOverride
}

/** A granted connection. */
export interface ConnectGrant {
  readonly user: string
  /** Second of expiry since 1970. @default never */
  readonly expireAt?: number
  readonly info?: unknown
  readonly data?: unknown
  /** Server-side subscriptions with the channels' own options. */
  readonly channels?: readonly string[]
  /** Server-side subscriptions with more to say. */
  readonly subs?: Readonly<Record<string, SubscribeGrant>>
  /** Kept with the connection; no client sees it. */
  readonly meta?: unknown
}

/** Whether credentials live on. */
export interface RefreshGrant {
  readonly expired?: boolean
  /** Second of the new expiry since 1970. @default never */
  readonly expireAt?: number
  readonly info?: unknown
  /** Connections only. */
  readonly meta?: unknown
}

/** How a publication is published; `data` replaces what the client sent. */
export interface PublishGrant {
  readonly data?: unknown
  readonly skipHistory?: boolean
  readonly tags?: Readonly<Record<string, string>>
  readonly idempotencyKey?: string
  readonly delta?: boolean
  readonly version?: number
  readonly versionEpoch?: string
}

/** A subscription by the server. */
export interface ServerSubscription extends SubscribeGrant {
  readonly channel: string
  /** Recover from here. */
  readonly recoverSince?: Position
}
