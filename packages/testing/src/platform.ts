/**
 * The platform in this process: event-service with its engine and a deployer whose simulation runs at once, on a database in
 * memory, listening on a free port of the loopback, with the demonstration's tenants and accounts.
 */

import type { AddressInfo } from 'node:net'
import { PLATFORM_TENANT } from '@neo-stack/events'
import {
  createEmbeddedRealtime, createEventService, createKeySet, createRevocation, DEFAULT_ISSUER, tokenPurposes,
  type Database, type EventService, type EventServiceOptions, type KeySetJson, type StepsOf, type TokenPurpose,
} from '@neo-stack/event-service'
import { buildPlan, catalogue, createDeployer, createSimulatedDriver, entryOf, recoverJobs, toStacks, type Deployer } from '@neo-stack/stack-deployer'
import { createAccess, type PlatformAccess } from './access.ts'
import type { TestClock } from './clock.ts'
import { cheap, openTestDatabase, readTransactions, type WrittenTransaction } from './database.ts'
import type { DemoFile } from './process.ts'

/** How a test platform differs from the usual one. */
export interface TestPlatformOptions {
  /** Lifetime of realtime tokens in seconds. @default 300 */
  realtimeSeconds?: number
  /** Seconds of a deployment's weight per real second. @default 10000: a deployment takes some milliseconds */
  speed?: number
  /** The time of the service, the engine, the deployer and every client; see {@link createTestClock}. @default the real one */
  clock?: TestClock
  /** A folder whose disk is told in the metrics; with one the host is sampled too. @default none */
  folder?: string
  /** Serves events by tenant at /metrics/tenants. @default false */
  tenantMetrics?: boolean
  /** Where webhooks of alerts may go. @default the public internet, over https, as in production */
  outbound?: EventServiceOptions['outbound']
  /** Told what the platform would have logged as an error. @default fails nothing and says nothing */
  onFault?: (error: unknown) => void
}

/** A running platform of this process. */
export interface TestPlatform extends PlatformAccess {
  /** Private keys, issuer and purposes of its tokens, to make ones it must refuse. */
  readonly signingKeys: KeySetJson
  readonly issuer: string
  readonly tokenPurposes: Readonly<Record<TokenPurpose, { typ: string, audience: string }>>
  readonly database: Database
  /** What each database transaction added to the event log. */
  transactions(): Promise<WrittenTransaction[]>
}

/** Steps as the platform's own process makes them. */
const stepsOf: StepsOf = wanted => buildPlan(entryOf(catalogue, wanted.instanceType), wanted).map(({ id, params, weight }) => ({ id, params, seconds: weight }))

interface Parts {
  service: EventService
  deployer: Deployer
  url: string
}

/**
 * Starts a platform.
 * @example
 * await using platform = await createTestPlatform()
 * const member = await platform.client('member')
 * await platform.service('acme').rest.events.publish({ … })
 */
export async function createTestPlatform(options: TestPlatformOptions = {}): Promise<TestPlatform> {
  const { database, seeded } = await openTestDatabase()
  const { url, service, deployer } = await startParts(database, options)
  const access = createAccess({
    url, users: seeded.users, keys: keysOf(seeded.apiKeys), ...options.clock && { clock: options.clock },
    onStop: async () => {
      await deployer.stop(1000)
      await service.close()
      await database.close()
    },
  })
  return {
    ...access, database, signingKeys: service.identity.keys.toJSON(), issuer: DEFAULT_ISSUER, tokenPurposes,
    transactions: () => readTransactions(database),
  }
}

/**
 * The same clients, networks and webhooks over a platform that runs already: `npm start`, or a cluster behind its gateway.
 * `stop` ends what was opened here and leaves the platform alone.
 * @param options.demo what its `demo.json` holds
 * @example
 * const platform = connectTestPlatform({ url: 'http://127.0.0.1:8080', demo: JSON.parse(await readFile('.data/demo.json', 'utf8')) })
 */
export function connectTestPlatform({ url, demo: { users, apiKeys } }: { url: string, demo: DemoFile }): PlatformAccess {
  return createAccess({ url, users, keys: keysOf(apiKeys), onStop: () => Promise.resolve() })
}

const keysOf = (apiKeys: readonly { tenantId: string | null, key: string }[]): Record<string, string> =>
  Object.fromEntries(apiKeys.map(({ tenantId, key }) => [tenantId ?? PLATFORM_TENANT, key]))

async function startParts(database: Database, { realtimeSeconds, speed = 10_000, onFault = () => undefined, clock, outbound, folder, tenantMetrics = false }: TestPlatformOptions): Promise<Parts> {
  const time = clock && { now: () => clock.now() }
  const sleep = clock && { sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal) }
  const keys = await createKeySet()
  const revocation = await createRevocation({ database, ...time })
  const realtime = createEmbeddedRealtime({ jwks: () => keys.jwks, isAllowed: revocation.isAllowed, onFault, spreadMs: 0, ...clock && { clock } })
  const service = await createEventService({
    ...cheap, ...time, database, realtime, keys, revocation, stepsOf, stacks: toStacks(catalogue), tenantMetrics,
    ...folder !== undefined && { sampleHost: { folder } }, ...realtimeSeconds !== undefined && { realtimeSeconds },
    ...outbound && { outbound },
  })
  await recoverJobs(service.jobs.boss)
  const deployer = createDeployer({
    ...time, ...sleep, queue: service.jobs.boss, driver: createSimulatedDriver({ speed, ...sleep }), platform: service.deployments, onError: onFault,
  })
  await deployer.start()
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  return { service, deployer, url: `http://127.0.0.1:${port}` }
}
