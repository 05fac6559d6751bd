/** Whoever comes to a running platform: people by role, services, their networks and webhooks. The platform is here or elsewhere. */

import { PLATFORM_TENANT, type Role } from '@neo-stack/events'
import { createClient, type Client, type ClientOptions } from '@neo-stack/client'
import type { TestClock } from './clock.ts'
import type { Journal } from './journal.ts'
import { createNetwork, type Network } from './network.ts'
import { createProxy, type Proxy } from './proxy.ts'
import { createRecordingFetch, createRecordingWebSocket } from './recording.ts'
import type { WebhookSource } from './webhooks.ts'

/** Role of a demonstration's user within a tenant. */
export type TenantRole = Exclude<Role, 'admin'>

/** How a client is set up. */
export interface TestClientOptions extends Pick<ClientOptions, 'fetch' | 'request' | 'connection' | 'feeds' | 'random'> {
  /** Goes through this proxy. @default straight to the platform */
  proxy?: Proxy
  /** Goes through this network, instead of a proxy. */
  network?: Network
  /** Gets everything that the client receives; with a network, what is asked over HTTP only. */
  journal?: Journal
}

/** A platform that runs, here or elsewhere. */
export interface PlatformAccess {
  /** Its address. */
  readonly url: string
  /** The tenants there are. */
  readonly tenants: readonly string[]
  /** API key of each tenant's service; the operator's under `platform`. */
  readonly keys: Readonly<Record<string, string>>
  /** A signed-in person, a real client with a cookie jar. @default of `acme` */
  client(role: TenantRole, tenantId?: string, options?: TestClientOptions): Promise<Client>
  /** The signed-in operator. */
  operator(options?: TestClientOptions): Promise<Client>
  /** A client that acts with the tenant's API key and repeats nothing by itself; the same one each time. */
  service(tenantId: string): Client
  /** A bad network in front of the platform, stopped with it. */
  proxy(seed?: number): Promise<Proxy>
  /** The network of one client, stopped with the platform. */
  network(seed?: number): Promise<Network>
  /** Adds a billing system to a tenant; see {@link triggerWebhook}. @param secret Stripe's is the endpoint's own */
  webhookSource(tenantId: string, kind?: WebhookSource['kind'], secret?: string): Promise<WebhookSource>
  /** Ends clients, proxies and everything else; calling it again waits for the same end. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What there is to come to. */
export interface AccessOptions {
  url: string
  users: readonly { email: string, password: string, tenantId: string }[]
  keys: Readonly<Record<string, string>>
  clock?: TestClock
  /** Ends the platform after its clients. */
  onStop: () => Promise<void>
}

/** Makes the access; nothing is asked yet. */
export function createAccess({ url, users, keys, clock, onStop }: AccessOptions): PlatformAccess {
  const closing: (() => Promise<void>)[] = [onStop]
  const services = new Map<string, Client>()
  const open = (options: ClientOptions): Client => {
    const client = createClient({ ...clock && { clock }, ...options })
    closing.push(() => client.close())
    return client
  }
  const signIn = async (email: string, own: TestClientOptions = {}): Promise<Client> => {
    const client = open({ ...toClientOptions(own, email), baseUrl: own.network?.url ?? own.proxy?.url ?? url, cookieJar: true })
    await client.session.signIn(email, users.find(user => user.email === email)?.password ?? '')
    return client
  }
  const kept = <Kept extends { stop: () => Promise<void> }>(one: Kept): Kept => {
    closing.push(one.stop)
    return one
  }
  const client: PlatformAccess['client'] = (role, tenantId = 'acme', own) => signIn(`${role}@${tenantId}.example`, own)
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => stopping ??= closeAll(closing)
  return {
    url, keys, client, stop,
    tenants: [...new Set(users.map(({ tenantId }) => tenantId))].filter(tenantId => tenantId !== PLATFORM_TENANT),
    operator: own => signIn('operator@neo.example', own),
    service: tenantId => {
      const service = services.get(tenantId) ?? open({ baseUrl: url, apiKey: keys[tenantId] ?? '', request: { retries: 0 } })
      services.set(tenantId, service)
      return service
    },
    proxy: async seed => kept(await createProxy({ target: url, ...seed !== undefined && { seed } })),
    network: async seed => kept(await createNetwork({ target: url, ...seed !== undefined && { seed } })),
    webhookSource: async (tenantId, kind = 'standard', secret) => ({
      ...await addSource(url, await client('owner', tenantId), { tenantId, kind, ...secret !== undefined && { secret } }), ...clock && { now: () => clock.now() },
    }),
    [Symbol.asyncDispose]: stop,
  }
}

async function closeAll(closing: (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.reverse()) await close()
}

function toClientOptions({ proxy, network, journal, fetch: own, ...rest }: TestClientOptions, who: string): ClientOptions {
  const send = own ?? (journal ? createRecordingFetch(journal, who) : fetch)
  return {
    fetch: proxy ?? network ? withoutOrigin(send) : send,
    ...journal && { webSocket: createRecordingWebSocket(journal, who) },
    ...network && { webSocket: network.webSocket },
    ...rest,
  }
}

/** A bad network has an address of its own, which is no origin that a platform with a public address would accept. */
function withoutOrigin(send: typeof fetch): typeof fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers)
    headers.delete('origin')
    return send(input, { ...init, headers })
  }
}

/** Sources are added over HTTP alone: portals do not add any. */
async function addSource(url: string, owner: Client, { tenantId, kind, secret }: { tenantId: string, kind: WebhookSource['kind'], secret?: string }): Promise<WebhookSource> {
  const answer = await fetch(`${url}/v1/tenants/${tenantId}/billing/sources`, {
    method: 'POST', body: JSON.stringify({ name: `Test ${kind}`, kind, ...secret !== undefined && { secret } }),
    headers: { 'authorization': `Bearer ${await owner.session.getAccessToken() ?? ''}`, 'content-type': 'application/json' },
  })
  if (!answer.ok) throw new Error(`adding a billing system was answered ${answer.status}: ${await answer.text()}`)
  const { source, secret: made } = await answer.json() as { source: { path: string }, secret: string }
  return { kind, secret: made, url: `${url}${source.path}` }
}
