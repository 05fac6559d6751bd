/**
 * The platform in this process: event-service with its engine and a deployer whose simulation runs at once, on a database in
 * memory, listening on a free port of the loopback, with the demonstration's tenants and accounts.
 */

import type { AddressInfo } from 'node:net'
import { PLATFORM_TENANT, type Role } from '@neo-stack/events'
import { createClient, type Client, type ClientOptions } from '@neo-stack/client'
import {
  createEmbeddedRealtime, createEventService, createKeySet, createRevocation, DEFAULT_ISSUER, seedDemo, tokenPurposes,
  type Database, type EventService, type KeySetJson, type Seeded, type StepsOf, type TokenPurpose,
} from '@neo-stack/event-service'
import { buildPlan, catalogue, createDeployer, createSimulatedDriver, entryOf, recoverJobs, toStacks, type Deployer } from '@neo-stack/stack-deployer'
import { openTestDatabase, readTransactions, type WrittenTransaction } from './database.ts'
import type { Journal } from './journal.ts'
import { createProxy, type Proxy } from './proxy.ts'
import { createRecordingFetch, createRecordingWebSocket } from './recording.ts'

/** How a test platform differs from the usual one. */
export interface TestPlatformOptions {
  /** Lifetime of realtime tokens in seconds. @default 300 */
  realtimeSeconds?: number
  /** Seconds of a deployment's weight per real second. @default 10000: a deployment takes some milliseconds */
  speed?: number
  /** Told what the platform would have logged as an error. @default fails nothing and says nothing */
  onFault?: (error: unknown) => void
}

/** Role of a demonstration's user within a tenant. */
export type TenantRole = Exclude<Role, 'admin'>

/** How a client is set up. */
export interface TestClientOptions extends Pick<ClientOptions, 'fetch' | 'request' | 'connection' | 'feeds' | 'random'> {
  /** Goes through this proxy. @default straight to the platform */
  proxy?: Proxy
  /** Gets everything that the client receives. */
  journal?: Journal
}

/** A running platform. */
export interface TestPlatform {
  /** Address on the loopback. */
  readonly url: string
  /** The tenants there are. */
  readonly tenants: readonly string[]
  /** API key of each tenant's service; the operator's under `platform`. */
  readonly keys: Readonly<Record<string, string>>
  /** Private keys, issuer and purposes of its tokens, to make ones it must refuse. */
  readonly signingKeys: KeySetJson
  readonly issuer: string
  readonly tokenPurposes: Readonly<Record<TokenPurpose, { typ: string, audience: string }>>
  readonly database: Database
  /** A signed-in person, a real client with a cookie jar. @default of `acme` */
  client(role: TenantRole, tenantId?: string, options?: TestClientOptions): Promise<Client>
  /** The signed-in operator. */
  operator(options?: TestClientOptions): Promise<Client>
  /** A client that acts with the tenant's API key and repeats nothing by itself; the same one each time. */
  service(tenantId: string): Client
  /** A bad network in front of the platform, stopped with it. */
  proxy(seed?: number): Promise<Proxy>
  /** What each database transaction added to the event log. */
  transactions(): Promise<WrittenTransaction[]>
  /** Ends clients, proxies and everything else; calling it again waits for the same end. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Steps as the platform's own process makes them. */
const stepsOf: StepsOf = wanted => buildPlan(entryOf(catalogue, wanted.instanceType), wanted).map(({ id, params, weight }) => ({ id, params, seconds: weight }))

/** Hashes that cost little and no limit on sign-ins: tests sign in often. */
const cheap = { passwordCost: 4, authLimits: { signInPerAddress: { points: 100_000, seconds: 1 } } }

interface Parts {
  database: Database
  service: EventService
  deployer: Deployer
  seeded: Seeded
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
  const database = await openTestDatabase()
  const parts = await startParts(database, options)
  const closing: (() => Promise<void>)[] = []
  const keys = Object.fromEntries(parts.seeded.apiKeys.map(({ tenantId, key }) => [tenantId ?? PLATFORM_TENANT, key]))
  const services = new Map<string, Client>()

  const open = (clientOptions: ClientOptions): Client => {
    const client = createClient(clientOptions)
    closing.push(() => client.close())
    return client
  }
  const signIn = async (email: string, own: TestClientOptions = {}): Promise<Client> => {
    const client = open({ ...toClientOptions(own, email), baseUrl: own.proxy?.url ?? parts.url, cookieJar: true })
    await client.session.signIn(email, parts.seeded.users.find(user => user.email === email)?.password ?? '')
    return client
  }
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => stopping ??= stopAll(parts, closing)

  return {
    ...describe(parts),
    keys,
    client: (role, tenantId = 'acme', own) => signIn(`${role}@${tenantId}.example`, own),
    operator: own => signIn('operator@neo.example', own),
    service: tenantId => {
      const client = services.get(tenantId) ?? open({ baseUrl: parts.url, apiKey: keys[tenantId] ?? '', request: { retries: 0 } })
      services.set(tenantId, client)
      return client
    },
    proxy: async seed => {
      const proxy = await createProxy({ target: parts.url, ...seed !== undefined && { seed } })
      closing.push(proxy.stop)
      return proxy
    },
    transactions: () => readTransactions(database),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function describe({ url, database, service, seeded }: Parts): Pick<TestPlatform, 'url' | 'database' | 'tenants' | 'signingKeys' | 'issuer' | 'tokenPurposes'> {
  const tenants = [...new Set(seeded.users.map(({ tenantId }) => tenantId))].filter(tenantId => tenantId !== PLATFORM_TENANT)
  return { url, database, tenants, signingKeys: service.identity.keys.toJSON(), issuer: DEFAULT_ISSUER, tokenPurposes }
}

function toClientOptions({ proxy: _proxy, journal, ...rest }: TestClientOptions, who: string): ClientOptions {
  return journal ? { fetch: createRecordingFetch(journal, who), webSocket: createRecordingWebSocket(journal, who), ...rest } : rest
}

async function startParts(database: Database, { realtimeSeconds, speed = 10_000, onFault = () => undefined }: TestPlatformOptions): Promise<Parts> {
  const seeded = await seedDemo(database, cheap)
  const keys = await createKeySet()
  const revocation = await createRevocation({ database })
  const realtime = createEmbeddedRealtime({ jwks: () => keys.jwks, isAllowed: revocation.isAllowed, onFault })
  const service = await createEventService({ ...cheap, database, realtime, keys, revocation, stepsOf, stacks: toStacks(catalogue), ...realtimeSeconds !== undefined && { realtimeSeconds } })
  await recoverJobs(service.jobs.boss)
  const deployer = createDeployer({
    queue: service.jobs.boss, driver: createSimulatedDriver({ speed }), platform: service.deployments, onError: onFault,
  })
  await deployer.start()
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  return { database, service, deployer, seeded, url: `http://127.0.0.1:${port}` }
}

async function stopAll({ database, service, deployer }: Parts, closing: (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.reverse()) await close()
  await deployer.stop(1000)
  await service.close()
  await database.close()
}
