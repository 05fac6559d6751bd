/** The realtime port on the engine in this process. */

import type { Server } from 'node:http'
import { createEngine, DISCONNECTS, encodedJson, type ConnectionInfo, type Engine, type EngineOptions, type Verdict } from '@neo-stack/engine'
import { namespaces, type Envelope } from '@neo-stack/events'
import type { PublicKeySet } from '../auth/keys.ts'
import { DEFAULT_ISSUER, tokenPurposes, type TokenPurpose } from '../auth/tokens.ts'
import { encodeEnvelope } from '../publish/encoded.ts'
import type { Realtime, RealtimeConnection, RealtimeTarget } from './realtime.ts'
import { createSockets } from './sockets.ts'

/** What the embedded realtime needs. */
export interface EmbeddedRealtimeOptions {
  /** Public keys that tokens are checked with. */
  jwks: () => PublicKeySet
  /** @default 'neo-stack' */
  issuer?: string
  /** Whether a user may still connect and subscribe; `user` is `{tenantId}/{userId}`, `issuedAt` the token's second. */
  isAllowed: (user: string, token: { issuedAt?: number | undefined, sessionId?: string | undefined }) => boolean
  /** Origins that may connect, all of them: with a list the own host passes only when it is in it. @default the own host */
  allowedOrigins?: readonly string[]
  /** @default the process's own */
  clock?: EngineOptions['clock']
  /** How long clients are spread over when the process stops, in milliseconds. @default 500 */
  spreadMs?: number
  /** Told of faults inside the engine. */
  onFault?: (error: unknown) => void
}

const SPREAD_MS = 500

/** Creates the engine and its port. */
export function createEmbeddedRealtime(options: EmbeddedRealtimeOptions): Realtime {
  const sockets = createSockets()
  const engine = createEngine({
    client: {
      ...options.allowedOrigins && { allowedOrigins: options.allowedOrigins },
      token: tokenOptions(options, 'connection'),
      subscriptionToken: tokenOptions(options, 'subscription'),
    },
    channel: { namespaces: namespaces.map(({ historyTtlMs, ...namespace }) => ({ ...namespace, historyTtl: historyTtlMs })) },
    hooks: {
      onConnecting: context => {
        const verdict = judge(options, context.user, context.claims)
        if (!verdict) sockets.onConnecting(context)
        return verdict
      },
      onConnected: sockets.onConnected,
      onDisconnect: sockets.onDisconnect,
      onSubscribing: ({ user, claims }) => judge(options, user, claims),
    },
    ...options.clock && { clock: options.clock },
    ...options.onFault && { onFault: options.onFault },
  })
  return {
    deliver: events => {
      for (const event of events) deliver(engine, event, options.onFault)
      return Promise.resolve()
    },
    disconnect: (target, reason) => {
      disconnect(engine, target, reason)
      return Promise.resolve()
    },
    inspect: {
      connections: () => Promise.resolve({ connections: engine.connections().flatMap(toConnection), unsaid: [] }),
      channels: () => Promise.resolve([...engine.channels()].map(([name, subscribers]) => ({ name, subscribers }))),
    },
    stats: () => Promise.resolve(engine.stats()),
    metrics: () => engine.metrics(),
    onSocket: sockets.listen,
    attach: (server: Server) => { engine.attach(server) },
    close: () => engine.close({ spreadMs: options.spreadMs ?? SPREAD_MS }),
  }
}

function tokenOptions({ jwks, issuer = DEFAULT_ISSUER }: EmbeddedRealtimeOptions, purpose: TokenPurpose): {
  jwks: { keys: () => PublicKeySet }, issuer: string, audience: string, typ: string, requiredClaims: string[], isKidRequired: boolean
} {
  const { typ, audience } = tokenPurposes[purpose]
  return { jwks: { keys: jwks }, issuer, audience, typ, requiredClaims: ['sub', 'iat', 'exp'], isKidRequired: true }
}

function judge({ isAllowed }: EmbeddedRealtimeOptions, user: string, { iat, meta }: Readonly<Record<string, unknown>>): Verdict {
  return isAllowed(user, { issuedAt: typeof iat === 'number' ? iat : undefined, sessionId: sessionOf(meta) }) ? undefined : { disconnect: DISCONNECTS.forceDisconnect }
}

/**
 * `version` lets the engine drop what it has delivered already; readers drop the rest by `seq`. An event that fails does not keep
 * back those after it: its reader finds it by `seq`.
 */
function deliver(engine: Engine, event: Envelope, onFault: EmbeddedRealtimeOptions['onFault']): void {
  try {
    engine.publish(event.channel, encodedJson(encodeEnvelope(event)), {
      // Only where no version says it: each key is remembered for minutes.
      ...event.seq === undefined ? { idempotencyKey: event.id } : { version: event.seq, versionEpoch: event.logEpoch ?? '' },
      // What is kept has a `seq`, and nothing else has.
      skipHistory: event.seq === undefined,
    })
  } catch (error) {
    onFault?.(error)
  }
}

/** The session in a connection token's `meta`; services have none. */
function sessionOf(meta: unknown): string | undefined {
  return typeof meta === 'object' && meta !== null && 'sessionId' in meta && typeof meta.sessionId === 'string' ? meta.sessionId : undefined
}

/** A user of ours is `{tenantId}/{userId}`. */
function toConnection({ client, user, since, channels }: ConnectionInfo): RealtimeConnection[] {
  const [tenantId = '', userId] = user.split('/')
  return userId === undefined ? [] : [{ client, tenantId, userId, since, channels: [...channels] }]
}

function disconnect(engine: Engine, { tenantId, userId, sessionId, client: only }: RealtimeTarget, reason: string): void {
  const code = DISCONNECTS.forceDisconnect.code
  if (userId !== undefined) {
    const user = `${tenantId}/${userId}`
    if (only !== undefined) return void engine.disconnect({ user, client: only, code, reason })
    if (sessionId === undefined) return void engine.disconnect({ user, code, reason })
    const ofSession = engine.connections(user).filter(({ meta }) => sessionOf(meta) === sessionId)
    for (const { client } of ofSession) engine.disconnect({ client, code, reason })
    return
  }
  const users = new Set(engine.connections().map(({ user }) => user).filter(user => user.startsWith(`${tenantId}/`)))
  for (const user of users) engine.disconnect({ user, code, reason })
}
