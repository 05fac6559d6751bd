/** What the server writes: replies to commands and pushes. Plain data; a codec turns it into bytes. Source: PROTOCOL 1.1–1.3, 6.7. */
import type { Disconnect } from './disconnects.ts'
import type { ErrorReply } from './errors.ts'
import type { ClientInfo, Json, Publication } from './publication.ts'
import type { Unsubscribe } from './unsubscribes.ts'

/** Credentials that end: `ttl` in seconds. */
export interface Expiry {
  readonly expires?: true
  readonly ttl?: number
}

/** Result of `connect`. */
export interface ConnectResult extends Expiry {
  readonly client: string
  readonly version: string
  /** Seconds between pings; absent when the transport pings by itself. */
  readonly ping?: number
  readonly pong?: boolean
  /** Where further commands go, on transports that only carry answers. */
  readonly session?: string
  readonly node?: string
  /** Millisecond since 1970. */
  readonly time?: number
  readonly data?: Json
  /** Server-side subscriptions by channel. */
  readonly subs?: ReadonlyMap<string, SubscribeResult>
}

/** Result of `subscribe`; zero values are left out. */
export interface SubscribeResult extends Expiry {
  readonly recoverable?: boolean
  readonly epoch?: string
  readonly publications?: readonly Publication[]
  readonly recovered?: boolean
  readonly offset?: number
  readonly positioned?: boolean
  readonly wasRecovering?: boolean
  /** Publications are written whole first, then each as a patch of the one before it. */
  readonly delta?: boolean
  readonly data?: Json
}

/** Results by the name they have on the wire. */
export type Result =
  | { readonly method: 'connect', readonly value: ConnectResult }
  | { readonly method: 'subscribe', readonly value: SubscribeResult }
  | { readonly method: 'refresh' | 'sub_refresh', readonly value: Expiry }
  | { readonly method: 'unsubscribe' | 'publish' }
  | { readonly method: 'presence', readonly clients: ReadonlyMap<string, ClientInfo> }
  | { readonly method: 'presence_stats', readonly clients: number, readonly users: number }
  | { readonly method: 'rpc', readonly data: Json | undefined }
  | { readonly method: 'history', readonly publications: readonly Publication[], readonly offset: number, readonly epoch: string }

/** Reply to the command with this id. */
export type Reply =
  | { readonly id: number, readonly result: Result }
  | { readonly id: number, readonly error: ErrorReply }

/** Push to a subscriber. `epoch` belongs to publications: the one with offset 1 carries it. */
export type Push =
  | { readonly type: 'publication', readonly channel: string, readonly publication: Publication, readonly epoch: string }
  | { readonly type: 'join' | 'leave', readonly channel: string, readonly info: ClientInfo }
  | { readonly type: 'unsubscribe', readonly channel: string, readonly unsubscribe: Unsubscribe }
  /** A subscription that the server made after `connect`. */
  | { readonly type: 'subscribe', readonly channel: string, readonly value: SubscribeResult }
  /** The server moved the expiry of the connection. */
  | { readonly type: 'refresh', readonly expiry: Expiry }
  /** Last words of a transport that has no close code. */
  | { readonly type: 'disconnect', readonly disconnect: Disconnect }
