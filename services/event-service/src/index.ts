/**
 * Event-service: the write path, the event log, history, accounts and tokens, deployments, metrics and every /v1 route.
 *
 * @example
 * const database = await openPglite({ dataDir })
 * const service = await createEventService({ database, realtime })
 * await service.app.listen({ port: 8080 })
 */

export { createEventService } from './app.ts'
export type { DeploymentAccess, EventService, EventServiceOptions } from './app.ts'
export type { Database, TransactionOptions, Tx } from './database/database.ts'
export { dumpPglite, openPglite } from './database/pglite.ts'
export type { PgliteOptions } from './database/pglite.ts'
export { openPostgres } from './database/postgres.ts'
export type { PostgresOptions } from './database/postgres.ts'
export { createOperator, seedDemo } from './identity.ts'
export type { AccountOptions, IdentityOptions, IdentityService } from './identity.ts'
export { createKeySet, readKeySet, rotateKeySet } from './auth/keys.ts'
export type { KeySet, KeySetJson, PublicKeySet } from './auth/keys.ts'
export { listHolders } from './auth/holders.ts'
export { openSharedKeys, rotateSharedKeys } from './auth/shared-keys.ts'
export type { SharedKeys, SharedKeysOptions } from './auth/shared-keys.ts'
export { identityProvidersSchema } from './auth/providers.ts'
export type { IdentityProvider } from './auth/providers.ts'
export { createRotatingKeys } from './auth/rotation.ts'
export type { RotatingKeys, RotationOptions } from './auth/rotation.ts'
export { createRevocation } from './auth/revocation.ts'
export type { Revocation, RevocationOptions } from './auth/revocation.ts'
export { DEFAULT_ISSUER, tokenPurposes } from './auth/tokens.ts'
export type { TokenPurpose } from './auth/tokens.ts'
export type { Seeded, SeededKey, SeededUser } from './tenants/seed.ts'
export { isProblem, Problem } from './errors.ts'
export type { ProblemOptions } from './errors.ts'
export { PresenceService } from './presence/service.ts'
export type { PresenceOptions } from './presence/service.ts'
export { createEmbeddedRealtime } from './realtime/embedded.ts'
export type { EmbeddedRealtimeOptions } from './realtime/embedded.ts'
export { createCentrifugoRealtime } from './realtime/centrifugo.ts'
export type { CentrifugoRealtimeOptions } from './realtime/centrifugo.ts'
export { centrifugoEnvironment, createCentrifugoConfig } from './realtime/centrifugo-config.ts'
export type { CentrifugoNode } from './realtime/centrifugo-config.ts'
export type { CentrifugoApiOptions } from './realtime/centrifugo-api.ts'
export type { Realtime, RealtimeStats, RealtimeTarget } from './realtime/realtime.ts'
export { createRedisStore, redisAcl } from './presence/redis.ts'
export type { RedisStoreOptions } from './presence/redis.ts'
export type { PresenceStore } from './presence/store.ts'
export { metricsReference } from './plugins/metrics.ts'
