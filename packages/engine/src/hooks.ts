/**
 * Hooks: the application's word, in process and optional. Three kinds: answers in a proxy's place (`connect` … `rpc`, Centrifugo's
 * shapes), vetoes after the engine's own checks (`on…ing`), and notices of what happened.
 */
import type { Disconnect } from './disconnects.ts'
import type { ErrorReply } from './errors.ts'
import type {
  ConnectGrant, ConnectHookRequest, HookRequest, PublishGrant, PublishHookRequest, RefreshGrant, RpcHookRequest, SubscribeGrant, SubscribeHookRequest,
} from './hook-shapes.ts'
import type { Json } from './publication.ts'

/** A refusal: an error reply, or the end of the connection. */
export type Veto = { readonly error: ErrorReply } | { readonly disconnect: Disconnect }

/** What a deciding hook returns: nothing lets pass. A hook that throws refuses with error 100 (a connect with 3004). */
export type Verdict = Veto | undefined | void

/** What an answering hook returns: a result, a refusal, or nothing – then the engine's options decide as if there were no hook. */
export type HookAnswer<R> = { readonly result: R } | Verdict

/** Claims of a verified token as they were signed. */
export type Claims = Readonly<Record<string, unknown>>

/** Who acts. */
export interface Actor {
  readonly client: string
  /** Opaque user id, '' for anonymous. */
  readonly user: string
}

/** A connection being made, or refreshed with a new token. */
export interface ConnectingContext extends Actor {
  /** Empty for anonymous connections. */
  readonly claims: Claims
  readonly data: Json | undefined
  /** Whether the connection exists and only its token is replaced. */
  readonly isRefresh: boolean
}

/** A subscription being made, or refreshed with a new token. */
export interface SubscribingContext extends Actor {
  readonly channel: string
  /** Empty when no subscription token was given. */
  readonly claims: Claims
  readonly data: Json | undefined
  readonly isRefresh: boolean
}

/** A publication by a client. */
export interface PublishingContext extends Actor {
  readonly channel: string
  readonly data: Json
}

/** A connection that ended. */
export interface DisconnectContext extends Actor {
  readonly code: number
  readonly reason: string
}

/** A subscription that ended, by the client (code 0), by the server (2000 and above), or with its connection (its close code). */
export interface UnsubscribeContext extends Actor {
  readonly channel: string
  readonly code: number
  readonly reason: string
}

type Later<T> = T | Promise<T>

/** Answering and deciding hooks may be asynchronous; notices must not throw. */
export interface Hooks {
  /** Asked about connections without a token. */
  connect?(request: ConnectHookRequest): Later<HookAnswer<ConnectGrant>>
  /**
   * Asked when a connection expires, instead of its client; its connect reply then says nothing of expiry. No answer ends it with
   * 3005, a fault gives it one more minute.
   */
  refresh?(request: HookRequest): Later<HookAnswer<RefreshGrant>>
  /** Asked about subscriptions without a token that the channel's name does not decide; private channels always need a token. */
  subscribe?(request: SubscribeHookRequest): Later<HookAnswer<SubscribeGrant>>
  /** Asked about clients' publications. */
  publish?(request: PublishHookRequest): Later<HookAnswer<PublishGrant>>
  /** Asked when a subscription that the hook `subscribe` granted expires, and on `sub_refresh` without a token. */
  subRefresh?(request: HookRequest & { readonly channel: string }): Later<HookAnswer<RefreshGrant>>
  /** Answers `rpc`; no answer is 104, without the hook it is 108. */
  rpc?(request: RpcHookRequest): Later<HookAnswer<{ readonly data?: unknown }>>
  /** Takes `send`; without the hook a `send` ends the connection with 3508. */
  onMessage?(request: HookRequest & { readonly data: Json | undefined }): void
  onConnecting?(context: ConnectingContext): Later<Verdict>
  onSubscribing?(context: SubscribingContext): Later<Verdict>
  onPublishing?(context: PublishingContext): Later<Verdict>
  /** After the connect reply was written. */
  onConnected?(actor: Actor): void
  /** Once for every connection that was connected. */
  onDisconnect?(context: DisconnectContext): void
  /** Once for every subscription that was live. */
  onUnsubscribe?(context: UnsubscribeContext): void
  /** The channel has its first subscriber. */
  onOccupied?(channel: string): void
  /** The channel has lost its last subscriber. */
  onVacated?(channel: string): void
}
