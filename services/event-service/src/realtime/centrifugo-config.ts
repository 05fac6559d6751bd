/**
 * Centrifugo's configuration, generated from the channel table: what namespaces keep, and how tokens are checked. Addresses and
 * secrets of an installation come beside it as environment variables ({@link centrifugoEnvironment}), so that the file can be shown.
 */

import { namespaces } from '@neo-stack/events'
import { DEFAULT_ISSUER, tokenPurposes } from '../auth/tokens.ts'
import { SESSION_NAMESPACE } from './centrifugo-commands.ts'
import { OUTBOX_NOTIFICATIONS, OUTBOX_PARTITIONS, OUTBOX_TABLE } from './outbox.ts'

/** The configuration every node of every installation has, as Centrifugo's JSON. */
export function createCentrifugoConfig(issuer: string = DEFAULT_ISSUER): Record<string, unknown> {
  return {
    channel: { namespaces: [...namespaces.map(toNamespace), { name: SESSION_NAMESPACE, presence: true }] },
    client: {
      token: { issuer, audience: tokenPurposes.connection.audience },
      subscription_token: { enabled: true, issuer, audience: tokenPurposes.subscription.audience },
      // After Redis lost its data readers of quiet channels notice within this time.
      channel_position_check_delay: '5s',
    },
    consumers: [{ name: 'outbox', enabled: true, type: 'postgresql', postgresql: {
      outbox_table_name: OUTBOX_TABLE, num_partitions: OUTBOX_PARTITIONS, partition_select_limit: 500, partition_poll_interval: '300ms',
      partition_notification_channel: OUTBOX_NOTIFICATIONS, use_try_lock: true,
    } }],
    engine: { type: 'redis' },
    health: { enabled: true },
    http_stream: { enabled: true },
    prometheus: { enabled: true },
    shutdown: { timeout: '10s' },
    sse: { enabled: true },
    usage_stats: { disabled: true },
  }
}

function toNamespace({ name, historySize, historyTtlMs, forcePositioning, forceRecovery, joinLeave }: (typeof namespaces)[number]): Record<string, unknown> {
  return {
    name, history_size: historySize, history_ttl: `${historyTtlMs / 1000}s`, force_positioning: forcePositioning, force_recovery: forceRecovery, join_leave: joinLeave,
  }
}

/** One node of an installation. */
export interface CentrifugoNode {
  name: string
  /** Address to listen on. */
  host: string
  /** For clients, behind the gateway. */
  port: number
  /** For the server API, metrics and health: never behind the gateway. */
  internalPort: number
  apiKey: string
  /** Address of `/.well-known/jwks.json`. */
  jwksUrl: string
  /** Address of Redis as the user `centrifugo`. */
  redisUrl: string
  /** Address of PostgreSQL as the role `neo_centrifugo`. */
  databaseUrl: string
  /** Origins that may open sockets. */
  allowedOrigins: readonly string[]
}

/** A node's environment: what {@link createCentrifugoConfig} leaves open. */
export function centrifugoEnvironment(node: CentrifugoNode): Record<string, string> {
  return {
    CENTRIFUGO_NODE_NAME: node.name,
    CENTRIFUGO_HTTP_SERVER_ADDRESS: node.host,
    CENTRIFUGO_HTTP_SERVER_PORT: String(node.port),
    CENTRIFUGO_HTTP_SERVER_INTERNAL_ADDRESS: node.host,
    CENTRIFUGO_HTTP_SERVER_INTERNAL_PORT: String(node.internalPort),
    CENTRIFUGO_HTTP_API_KEY: node.apiKey,
    CENTRIFUGO_CLIENT_TOKEN_JWKS_PUBLIC_ENDPOINT: node.jwksUrl,
    CENTRIFUGO_CLIENT_SUBSCRIPTION_TOKEN_JWKS_PUBLIC_ENDPOINT: node.jwksUrl,
    CENTRIFUGO_CLIENT_ALLOWED_ORIGINS: node.allowedOrigins.join(' '),
    CENTRIFUGO_ENGINE_REDIS_ADDRESS: node.redisUrl,
    CENTRIFUGO_CONSUMERS_OUTBOX_POSTGRESQL_DSN: node.databaseUrl,
  }
}
