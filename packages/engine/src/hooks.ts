/** Hooks: the application's word on connections, subscriptions and publications, in process and optional. */
import type { Disconnect } from './disconnects.ts'
import type { ErrorReply } from './errors.ts'
import type { Json } from './publication.ts'

/** A refusal: an error reply, or the end of the connection. */
export type Veto = { readonly error: ErrorReply } | { readonly disconnect: Disconnect }

/** What a deciding hook returns: nothing lets pass. A hook that throws refuses with error 100 (a connect with 3004). */
export type Verdict = Veto | undefined | void

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

/** Deciding hooks run after the engine's own checks and may be asynchronous; notifications must not throw. */
export interface Hooks {
  onConnecting?(context: ConnectingContext): Verdict | Promise<Verdict>
  onSubscribing?(context: SubscribingContext): Verdict | Promise<Verdict>
  onPublishing?(context: PublishingContext): Verdict | Promise<Verdict>
  /** After the connect reply was written. */
  onConnected?(actor: Actor): void
  /** Once for every connection that was connected. */
  onDisconnect?(context: DisconnectContext): void
}
