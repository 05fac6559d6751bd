/** In-process publishing: what the server API's `publish` and `broadcast` do. Source: PROTOCOL 2.2, 2.3. */
import type { Broker, Draft, PublishResult } from './broker.ts'
import { splitChannel } from './channel.ts'
import type { ChannelRules, EngineConfig } from './config.ts'
import { EngineError } from './errors.ts'
import { fitsFormat, toJson } from './payload.ts'
import type { ClientInfo, Json } from './publication.ts'

/** How a publication is kept and repeated. */
export interface PublishOptions {
  /** Per channel, for 5 minutes: a repeat gets the first result and is not delivered. */
  readonly idempotencyKey?: string
  /** With history: publications whose version is not greater than the last are not delivered. Subscribers see it. */
  readonly version?: number
  /** Versions of different epochs are not compared. @default '' compares with whatever came last */
  readonly versionEpoch?: string
  /** Subscribers with deltas get a patch of the publication before; needs history. @default false, or the channel's `deltaPublish` */
  readonly delta?: boolean
  /** Deliver, but keep nothing: no offset, not recoverable. @default false */
  readonly skipHistory?: boolean
  /** Travel with the publication. */
  readonly tags?: Readonly<Record<string, string>>
  /** Who published, as subscribers see it. @default nobody */
  readonly info?: ClientInfo
}

/** Result for one channel of a broadcast. */
export type BroadcastResult = PublishResult | { readonly error: EngineError }

/** Publishing without a connection. */
export interface Publishing {
  /** Publishes any JSON value, or `encodedJson(text)`. Throws `EngineError` 107 (no channel, no JSON) or 102 (unknown namespace). */
  publish(channel: string, data: unknown, options?: PublishOptions): PublishResult
  /** Publishes to many channels; one that fails does not stop the others. Throws `EngineError` 107 for data that is no JSON. */
  broadcast(channels: readonly string[], data: unknown, options?: PublishOptions): BroadcastResult[]
}

/** The rules of a channel for the application, which is not held to name checks (PROTOCOL 6.22). */
export function rulesFor(config: EngineConfig, channel: string): ChannelRules {
  if (channel === '') throw new EngineError('badRequest', 'channel is required')
  const rules = config.namespaces.get(splitChannel(channel, config.naming).namespace)
  if (!rules) throw new EngineError('unknownChannel', `no namespace for ${channel}`)
  return rules
}

/** Publishing through a broker. */
export function createPublishing(config: EngineConfig, broker: Broker): Publishing {
  const publishJson = (channel: string, json: Json, { skipHistory, ...options }: PublishOptions): PublishResult => {
    const rules = rulesFor(config, channel)
    if (!fitsFormat(json, rules)) throw new EngineError('badRequest', `${channel} carries JSON objects`)
    const draft: Draft = { ...options, delta: options.delta || rules.deltaPublish, data: json }
    return broker.publish(channel, draft, skipHistory ? { ...rules, historySize: 0 } : rules)
  }
  return {
    publish: (channel, data, options = {}) => publishJson(channel, toJson(data), options),
    broadcast(channels, data, options = {}) {
      const json = toJson(data)
      return channels.map(channel => {
        try {
          return publishJson(channel, json, options)
        } catch (error) {
          if (error instanceof EngineError) return { error }
          throw error
        }
      })
    },
  }
}
