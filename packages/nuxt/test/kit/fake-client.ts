/** A client without a network: the test plays the feeds, the connection and the session. */
import type { Client, CommonHandlers, ConnectionStatus, DeploymentHandlers, DeploymentLogHandlers, EventHandlers, Feed, FeedStatus, MetricsHandlers, PresenceHandlers, SessionStatus } from '@neo-stack/client'
import type { Deployment, User } from '@neo-stack/events'
import { vi } from 'vitest'

/** One feed as the app asked for it. */
export interface FakeFeed<Handlers extends CommonHandlers> {
  name: string
  handlers: Handlers
  feed: Feed & { start: ReturnType<typeof vi.fn>, stop: ReturnType<typeof vi.fn> }
}

/** The parts a test plays with. */
export interface FakeClient {
  client: Client
  deployments: FakeFeed<DeploymentHandlers>[]
  logs: FakeFeed<DeploymentLogHandlers>[]
  metrics: FakeFeed<MetricsHandlers>[]
  alerts: FakeFeed<EventHandlers>[]
  presence: FakeFeed<PresenceHandlers>[]
  /** What heartbeats were made and told. */
  beats: string[]
  events: FakeFeed<EventHandlers>[]
  setConnection: (status: ConnectionStatus) => void
  setSession: (status: SessionStatus) => void
  rest: { create: ReturnType<typeof vi.fn>, cancel: ReturnType<typeof vi.fn>, retry: ReturnType<typeof vi.fn>, preview: ReturnType<typeof vi.fn>, stacks: ReturnType<typeof vi.fn>, instance: ReturnType<typeof vi.fn>, history: ReturnType<typeof vi.fn>, metrics: ReturnType<typeof vi.fn>, search: ReturnType<typeof vi.fn>, marks: ReturnType<typeof vi.fn> }
}

/** A deployment in progress, with what a test wants otherwise. */
export const toDeployment = (patch: Partial<Deployment> = {}): Deployment => ({
  deploymentId: 'd-1', instanceId: 'vendas', instanceType: 'odoo', name: 'Vendas', kind: 'create', status: 'in_progress', progress: 40,
  step: 'pull_image', params: { image: 'odoo:17.0' }, logLines: 0, createdAt: '2026-01-05T12:00:00.000Z', updatedAt: '2026-01-05T12:00:10.000Z', ...patch,
})

/** Somebody signed in. */
export const member: User = { id: 'u-1', tenantId: 'acme', name: 'Member', email: 'member@acme.example', roles: ['member'], permissions: ['deploy:read', 'deploy:write'] }

function record<Handlers extends CommonHandlers>(list: FakeFeed<Handlers>[], name: string, handlers: Handlers): Feed {
  let status: FeedStatus = { state: 'idle' }
  const to = (next: FeedStatus): void => {
    status = next
    handlers.onStatus?.(next)
  }
  const feed = { get status() { return status }, start: vi.fn(() => { to({ state: 'loading' }) }), stop: vi.fn(() => { to({ state: 'idle' }) }) }
  list.push({ name, handlers, feed })
  return feed
}

/** Makes the client. */
export function createFakeClient(): FakeClient {
  const deployments: FakeClient['deployments'] = []
  const logs: FakeClient['logs'] = []
  const metrics: FakeClient['metrics'] = []
  const alerts: FakeClient['alerts'] = []
  const presence: FakeClient['presence'] = []
  const beats: string[] = []
  const events: FakeClient['events'] = []
  const rest = { create: vi.fn(), cancel: vi.fn(), retry: vi.fn(), preview: vi.fn().mockResolvedValue(undefined), stacks: vi.fn().mockResolvedValue({ stacks: [] }), instance: vi.fn(), history: vi.fn().mockResolvedValue({ events: [], logEpoch: 'e', seq: 0, oldestSeq: 0 }), metrics: vi.fn().mockResolvedValue({ samples: [], step: 1 }), search: vi.fn().mockResolvedValue({ hits: [] }), marks: vi.fn().mockResolvedValue({ marks: [] }) }
  const onConnection = new Set<(status: ConnectionStatus) => void>()
  const onSession = new Set<(status: SessionStatus) => void>()
  let connection: ConnectionStatus = { state: 'connected', since: 0 }
  let session: SessionStatus = { state: 'signed-in', user: member }
  const client = {
    feeds: {
      deployments: (tenantId: string, handlers: DeploymentHandlers) => record(deployments, tenantId, handlers),
      deploymentLog: (of: { deploymentId: string }, handlers: DeploymentLogHandlers) => record(logs, of.deploymentId, handlers),
      systemMetrics: (handlers: MetricsHandlers) => record(metrics, 'system', handlers),
      tenantMetrics: (tenantId: string, handlers: MetricsHandlers) => record(metrics, tenantId, handlers),
      alerts: (tenantId: string, handlers: EventHandlers) => record(alerts, tenantId, handlers),
      presence: (tenantId: string, handlers: PresenceHandlers) => record(presence, tenantId, handlers),
      events: (channel: string, handlers: EventHandlers) => record(events, channel, handlers),
    },
    rest: { admin: { marks: rest.marks }, deployments: { create: rest.create, cancel: rest.cancel, retry: rest.retry, preview: rest.preview, stacks: rest.stacks }, instances: toInstances((...args) => (rest.instance as (...args: unknown[]) => unknown)(...args)), events: { history: rest.history, search: rest.search }, metrics: { admin: rest.metrics, tenant: (_tenantId: string, query: unknown) => (rest.metrics as (query: unknown) => unknown)(query) } },
    presence: {
      heartbeat: (tenantId: string) => ({
        start: () => { beats.push(`start ${tenantId}`) }, stop: () => { beats.push('stop') }, setPage: (page: string) => { beats.push(page) },
      }),
    },
    connection: { get status() { return connection }, onStatus: listen(onConnection), connect: vi.fn(), retryNow: vi.fn() },
    session: { get status() { return session }, get user() { return 'user' in session ? session.user : undefined }, onChange: listen(onSession) },
  } as unknown as Client
  return {
    client, deployments, logs, metrics, alerts, presence, beats, events, rest,
    setConnection: status => {
      connection = status
      for (const listener of onConnection) listener(status)
    },
    setSession: status => {
      session = status
      for (const listener of onSession) listener(status)
    },
  }
}

/** Every command on an instance is one function, told which it is. */
function toInstances(command: (...args: unknown[]) => unknown): Record<string, (...args: unknown[]) => unknown> {
  return Object.fromEntries(['redeploy', 'rollback', 'remove', 'initialPassword', 'logs'].map(verb => [verb, (...args: unknown[]) => command(verb, ...args)]))
}

const listen = <Value>(listeners: Set<(value: Value) => void>) => (listener: (value: Value) => void): (() => void) => {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}
