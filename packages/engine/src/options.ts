/** What an engine is made from. Names are Centrifugo v6's in camel case; times are milliseconds. Source: PROTOCOL 3.1–3.4. */
import type { JSONWebKeySet } from 'jose'
import type { BrokerFactory } from './broker.ts'
import type { Naming } from './channel.ts'
import type { Clock } from './clock.ts'
import type { Hooks } from './hooks.ts'
import type { LimitOptions } from './limit-options.ts'
import type { PresenceStore } from './presence.ts'
import type { Json } from './publication.ts'

/** What a channel can do. Everything is off by default: an engine without options lets a client do nothing. */
export interface ChannelOptions {
  /** Publications kept. Needs `historyTtl`. @default 0 */
  readonly historySize?: number
  /** How long publications are kept, whole seconds in ms. Needs `historySize`. @default 0 */
  readonly historyTtl?: number
  /** How long the position outlives the publications. @default 2_592_000_000 (30 days) */
  readonly historyMetaTtl?: number
  /** Every subscription watches for gaps. @default false */
  readonly forcePositioning?: boolean
  /** Clients may ask for positioning. @default false */
  readonly allowPositioning?: boolean
  /** Every subscription can recover what it missed. Needs history. @default false */
  readonly forceRecovery?: boolean
  /** Clients may ask for recovery. @default false */
  readonly allowRecovery?: boolean
  /** Keep who is subscribed. @default false */
  readonly presence?: boolean
  /** Announce who joins and leaves. @default false */
  readonly joinLeave?: boolean
  /** Send joins and leaves to every subscriber, not only to who asks. @default false */
  readonly forcePushJoinLeave?: boolean
  /** Delta formats that subscribers may ask for. @default none */
  readonly allowedDeltaTypes?: readonly 'fossil'[]
  /** Clients' publications are made deltas of the one before; needs history. The server API asks per publication. @default false */
  readonly deltaPublish?: boolean
  /** What the part after the namespace must match; names may then leave ASCII. @default none */
  readonly channelRegex?: string
  /** `json_object` refuses publications that are no object with 107. @default 'json', any JSON value */
  readonly publicationDataFormat?: 'json' | 'json_object'
  /** Signed-in clients may subscribe without a subscription token. @default false */
  readonly allowSubscribeForClient?: boolean
  /** So may anonymous ones. @default false */
  readonly allowSubscribeForAnonymous?: boolean
  /** `dialog#1,2` is open to the users 1 and 2 without a token. @default false */
  readonly allowUserLimitedChannels?: boolean
  /** Signed-in clients may publish. @default false */
  readonly allowPublishForClient?: boolean
  /** Subscribers may publish. @default false */
  readonly allowPublishForSubscriber?: boolean
  /** Extends the two above to anonymous clients. @default false */
  readonly allowPublishForAnonymous?: boolean
  /** Signed-in clients may read history. @default false */
  readonly allowHistoryForClient?: boolean
  /** Subscribers may read history. @default false */
  readonly allowHistoryForSubscriber?: boolean
  /** Extends the two above to anonymous clients. @default false */
  readonly allowHistoryForAnonymous?: boolean
  /** Signed-in clients may read presence. @default false */
  readonly allowPresenceForClient?: boolean
  /** Subscribers may read presence. @default false */
  readonly allowPresenceForSubscriber?: boolean
  /** Extends the two above to anonymous clients. @default false */
  readonly allowPresenceForAnonymous?: boolean
}

/** Options of the channels `name:…`. */
export interface NamespaceOptions extends ChannelOptions {
  /** Letters, digits, `-` and `_`, two at least. */
  readonly name: string
}

/** Public keys of token issuers: fetched from an endpoint, or given in process so that no request is needed. */
export type JwksSource =
  | { readonly endpoint: string }
  | { readonly keys: () => JSONWebKeySet | Promise<JSONWebKeySet> }

/** How tokens are checked. Secrets accept HS256/384/512 only, public keys their own kind, key sets RS, ES and EdDSA: no key is used as another kind. */
export interface TokenOptions {
  readonly hmacSecretKey?: string
  /** Accepted as well while tokens of the old secret live. */
  readonly hmacPreviousSecretKey?: string
  /** Second since 1970 after which the previous secret is no longer accepted. @default always accepted */
  readonly hmacPreviousSecretKeyValidUntil?: number
  /** PEM of a public key for RS256/384/512. */
  readonly rsaPublicKey?: string
  /** PEM of a public key for ES256/384/512. */
  readonly ecdsaPublicKey?: string
  readonly jwks?: JwksSource
  /** Required `aud`. */
  readonly audience?: string
  /** What one `aud` must match, instead of `audience`. */
  readonly audienceRegex?: string
  /** Required `iss`. */
  readonly issuer?: string
  /** What `iss` must match, instead of `issuer`. */
  readonly issuerRegex?: string
  /** Claim that names the user of connection tokens; must not be empty. @default 'sub' */
  readonly userIdClaim?: string
  /** Required `typ` header, case-insensitive: keeps a token made for something else from opening a connection. */
  readonly typ?: string
  /** Claims that must be there: the real server takes a token that never ends and one that says not when it was made. @default none */
  readonly requiredClaims?: readonly string[]
  /** The header must name its key. @default false: any key of the set may have signed */
  readonly isKidRequired?: boolean
  /** Verified tokens remembered. @default 10_000 */
  readonly cacheSize?: number
}

/** A channel `[namespace:]#user` that every connection of a user is subscribed to. */
export interface PersonalChannelOptions {
  readonly enabled: boolean
  /** @default '' */
  readonly personalChannelNamespace?: string
  /** A new connection of a user disconnects the others with 3504. @default false */
  readonly singleConnection?: boolean
}

/** What connections are held to. */
export interface ClientOptions {
  /** Origins let in, '*' for all. Without the list an Origin must equal Host. A request without Origin passes. */
  readonly allowedOrigins?: readonly string[] | '*'
  /** Keys of connection tokens, and of subscription tokens unless those have their own. */
  readonly token?: TokenOptions
  /** Separate keys of subscription tokens. */
  readonly subscriptionToken?: TokenOptions
  /** Connections without a token become anonymous (user ''). @default false: 3501 */
  readonly allowAnonymousConnectWithoutToken?: boolean
  /** Tokens without a user are refused with 3507. @default false */
  readonly disallowAnonymousConnectionTokens?: boolean
  /** HTTP header whose value is the user of a connection without a token: only behind a proxy that sets it. @default none */
  readonly userIdHttpHeader?: string
  /** Development only: no token is needed, everything is permitted, nothing expires. @default false */
  readonly insecure?: boolean
  /** Subscribes every user's connections to a channel of theirs. @default off */
  readonly subscribeToUserPersonalChannel?: PersonalChannelOptions
  /** The connect reply tells the server's time. @default false */
  readonly connectIncludeServerTime?: boolean
  /** Open connections; above it upgrades are answered 503. @default 0, no limit */
  readonly connectionLimit?: number
  /** New connections per second; above it 503. @default 0, no limit */
  readonly connectionRateLimit?: number
  /** Connections of one user; one more is disconnected with 3504. @default 0, no limit */
  readonly userConnectionLimit?: number
  /** @default 25_000 */
  readonly pingInterval?: number
  /** Must be below `pingInterval`. @default 8_000 */
  readonly pongTimeout?: number
  /** Time to send `connect`. @default 10_000 */
  readonly staleCloseDelay?: number
  /** Grace to refresh an expired connection. @default 25_000 */
  readonly expiredCloseDelay?: number
  /** Grace to refresh an expired subscription. @default 25_000 */
  readonly expiredSubCloseDelay?: number
  /** Subscriptions of one connection. @default 128 */
  readonly channelLimit?: number
  /** Bytes a connection may leave unread. @default 1_048_576 */
  readonly queueMaxSize?: number
  /** How long what was sent may stay unread while more follows. @default 10_000 */
  readonly queueMaxAge?: number
  /** @default 300 */
  readonly historyMaxPublicationLimit?: number
  /** @default 300 */
  readonly recoveryMaxPublicationLimit?: number
  /** Largest incoming frame in bytes. @default 65_536 */
  readonly messageSizeLimit?: number
  /** Offers permessage-deflate to WebSocket clients: less traffic, and a frame of its own for each of them. @default false */
  readonly compression?: boolean
  /** 1 (fast) to 9 (small). @default 1 */
  readonly compressionLevel?: number
  /** Shorter messages go as they are, in bytes. @default 0 */
  readonly compressionMinSize?: number
}

/** What `rpc` of the server API answers: any JSON value, or `encodedJson(text)`. */
export interface RpcAnswer {
  readonly data?: unknown
}

/** The server API over HTTP: one key may do everything, so it must never reach a browser. */
export interface HttpApiOptions {
  /** Given as `X-API-Key`, `Authorization: apikey …` or `?api_key=`. Without one nobody passes. */
  readonly key?: string
  /** Lets everybody in, for a port that only this machine reaches. @default false */
  readonly insecure?: boolean
  /** `transport` makes errors HTTP statuses; otherwise they are 200 with `error`. */
  readonly errorMode?: 'transport'
  /** @default '/api' */
  readonly handlerPrefix?: string
  /** Answers the method `rpc`, parameters as JSON text; undefined is 104. @default no method */
  readonly rpc?: (method: string, params: Json | undefined) => RpcAnswer | undefined | Promise<RpcAnswer | undefined>
}

/** How metrics are labelled. */
export interface MetricsOptions {
  /** The value of `channel_namespace` for a channel, such as its namespace or its tenant. @default '' for all, as in Centrifugo's open version */
  readonly channelLabel?: (channel: string) => string
  /** Different values that are told apart; what comes later is `other`. @default 100 */
  readonly maxLabels?: number
}

/** Options of `createEngine`. */
export interface EngineOptions {
  readonly client?: ClientOptions
  /** Signs of channel names, and what channels can do. */
  readonly channel?: Partial<Naming> & {
    /** Channels whose name has no `:`. */
    readonly withoutNamespace?: ChannelOptions
    readonly namespaces?: readonly NamespaceOptions[]
  }
  readonly hooks?: Hooks
  /** How often users and groups of users may connect, subscribe and send. @default not limited */
  readonly limits?: LimitOptions
  /** How metrics are labelled. */
  readonly metrics?: MetricsOptions
  /** Name of this node in `info`. @default 'engine' */
  readonly name?: string
  /** Serves the server API, and `/health`. @default not served */
  readonly httpApi?: HttpApiOptions
  /** What `connect` answers as server version. @default '6.9.1 OSS', the version whose protocol is spoken */
  readonly version?: string
  /** @default createMemoryBroker */
  readonly broker?: BrokerFactory
  /** @default createMemoryPresence */
  readonly presence?: PresenceStore
  /** @default the process's time */
  readonly clock?: Clock
  /** Numbers in [0, 1) for pings and epochs. @default Math.random */
  readonly random?: () => number
  /** Told of faults of hooks, brokers and key sets; clients only see error 100. @default ignored */
  readonly onFault?: (error: unknown) => void
}
