/**
 * Embedded server of the Centrifugo client protocol: the official `centrifuge` client takes it for the real one.
 *
 * @example
 * const engine = createEngine({
 *   client: { token: { hmacSecretKey: 'secret' } },
 *   channel: { namespaces: [{ name: 'news', allowSubscribeForClient: true, historySize: 100, historyTtl: 60_000, forceRecovery: true }] },
 * })
 * engine.attach(httpServer) // ws://…/connection/websocket
 * engine.publish('news:today', { headline: 'Live' }) // { offset: 1, epoch: 'xFgTbQpZ' }
 * await engine.close({ spreadMs: 2_000 })
 */
export { createEngine } from './engine.ts'
export { encodedJson } from './payload.ts'
export { DISCONNECTS, isTerminal } from './disconnects.ts'
export { ERRORS, EngineConfigError, EngineError } from './errors.ts'
export { UNSUBSCRIBES } from './unsubscribes.ts'
export type { AttachOptions, Engine } from './engine.ts'
export type { EncodedJson } from './payload.ts'
export type { Disconnect } from './disconnects.ts'
export type { ErrorReply } from './errors.ts'
export type { Unsubscribe } from './unsubscribes.ts'
export type {
  ChannelOptions, ClientOptions, EngineOptions, HttpApiOptions, JwksSource, MetricsOptions, NamespaceOptions, PersonalChannelOptions, RpcAnswer, TokenOptions,
} from './options.ts'
export type { Naming } from './channel.ts'
export type {
  Actor, Claims, ConnectingContext, DisconnectContext, HookAnswer, Hooks, PublishingContext, SubscribingContext, UnsubscribeContext, Verdict, Veto,
} from './hooks.ts'
export type {
  ConnectGrant, ConnectHookRequest, HookRequest, PublishGrant, PublishHookRequest, RefreshGrant, RpcHookRequest, ServerSubscription,
  SubscribeGrant, SubscribeHookRequest, SubscribeOverride,
} from './hook-shapes.ts'
export type { Revocation } from './denials.ts'
export type { GroupQuestion, LimitOptions, Limited, Limits } from './limit-options.ts'
export type { Rate } from './rates.ts'
export type { DisconnectTarget, RefreshTarget, RevokeOptions, SubscribeTarget, Target, UnsubscribeTarget } from './control.ts'
export type { BroadcastResult, PublishOptions } from './publishing.ts'
export type { ConnectionInfo, HistoryEntry, HistorySlice } from './inspection.ts'
export type { CloseOptions } from './shutdown.ts'
export type { EngineStats } from './stats.ts'
export type { Broker, BrokerEvents, BrokerFactory, Draft, History, HistoryFilter, PublishResult, Retention } from './broker.ts'
export type { PresenceStats, PresenceStore } from './presence.ts'
export type { ClientInfo, Json, Position, Publication } from './publication.ts'
export type { Clock } from './clock.ts'
