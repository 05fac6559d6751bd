/** Typed REST: one function per route of the HTTP contract, grouped as a person would look for them. */

import type {
  AcknowledgeAlert, AlertAcknowledged, AlertList, AlertRulePreview, AlertRules, AlertSilence, AlertSilences, AppendLogs, BillingPreferences, BillingRecords, Command, ConnectionToken,
  CreateDeployment, DeploymentAccepted, DeploymentList, DeploymentSnapshot, DeploymentStatus, History, InboxCount, InboxState, InitialAccount, InstanceLog, InstanceLogQuery,
  AlertChannels, AlertDeliveries, ChannelMade, MakeChannel, InstanceList, LogPage, LogsAppended, MakeSilence, MetricsLease, MetricsSeries, NotificationPage, NotificationType, PresenceList, PresenceSettings, Preview, PreviewQuery,
  PublishBatchRequest, Published, PublishedBatch, PublishRequest, PushMetrics, PutAlertRules, PutBillingPreferences, RaiseAlert, ReadAll, Redeploy,
  ProviderList, ReportUsage, SearchResult, Session, SetPresence, SetPresenceSettings, SignIn,
  StackList, SubscriptionTokens, Telemetry, TelemetryNoted, UsageReported, UsageThresholds, User, UserPresence,
} from '@neo-stack/events'
import { inboxVerbs, PLATFORM_TENANT } from '@neo-stack/events'
import { createOperatorAdministration, createTenantAdministration, type OperatorAdministration, type TenantAdministration } from './administration.ts'
import { createExamCalls, type ExamCalls } from './exams.ts'
import type { CallOptions, RequestOptions, Send } from './request.ts'
import { createSend, keyOf } from './request.ts'

/** Which portal a session belongs to: each has a session and a cookie of its own. */
export type Portal = NonNullable<SignIn['portal']>

/** Which deployments to list. */
export interface DeploymentListQuery {
  status?: DeploymentStatus
  instanceId?: string
  /** 1 to 200. @default 50 */
  limit?: number
  /** `next` of the page before. */
  cursor?: string
}

/** Which events of a channel to read; `after` reads upwards, `before` downwards (still answered oldest first). @default the last 50 */
export interface HistoryQuery {
  channel: string
  after?: number
  before?: number
  /** 1 to 1000. @default 50 */
  limit?: number
  type?: string
  /** ISO 8601. */
  from?: string
  /** ISO 8601. */
  to?: string
}

/** What to find, in one channel or in everything of a tenant that the caller may read. */
export interface SearchQuery {
  channel?: string
  tenant?: string
  /** Words, "a phrase", prefix*, -not, a OR b, type: from: channel: severity: before: after: field:value */
  q?: string
  type?: string
  /** ISO 8601. */
  from?: string
  /** ISO 8601. */
  to?: string
  /** 1 to 200. @default 50 */
  limit?: number
  /** `next` or `previous` of another page. */
  cursor?: string
  /** @default 'newest' */
  order?: 'newest' | 'relevance'
}

/** Which log lines to read; without `after` the last `limit` lines. */
export interface LogQuery {
  after?: number
  /** 1 to 5000. @default 1000 */
  limit?: number
  /** A range of lines, both included. */
  from?: number
  to?: number
  /** ISO 8601: lines from this time on. */
  since?: string
  grep?: string
}

/** A range of samples, seconds since the Unix epoch. @default the last 20 s */
export interface MetricsQuery {
  from?: number
  to?: number
  /** Seconds between samples, 1 to 3600. */
  step?: number
}

/**
 * Every route of `/v1`. Each function rejects with `ApiError`; what creates takes or makes an idempotency key. Answers are
 * trusted to have the contract's shape, unknown fields in them are to be ignored.
 */
export interface Rest extends TenantAdministration {
  session: {
    signIn(credentials: SignIn, options?: CallOptions): Promise<Session>
    /** A new access token by the refresh cookie. 401 `session_expired` when there is no session. */
    refresh(portal: Portal, options?: CallOptions): Promise<Session>
    signOut(portal: Portal, options?: CallOptions): Promise<void>
    whoAmI(options?: CallOptions): Promise<{ user: User }>
    /** Identity providers that people may come in by. */
    providers(options?: CallOptions): Promise<ProviderList>
  }
  realtime: {
    connectionToken(options?: CallOptions): Promise<ConnectionToken>
    /** Up to 100 channels; each gets a token or the reason why not. */
    subscriptionTokens(channels: readonly string[], options?: CallOptions): Promise<SubscriptionTokens>
  }
  events: {
    publish(event: PublishRequest, options?: CallOptions): Promise<Published>
    /** One tenant, all or none, up to 1,000. */
    publishBatch(batch: PublishBatchRequest, options?: CallOptions): Promise<PublishedBatch>
    history(query: HistoryQuery, options?: CallOptions): Promise<History>
    /** Events of a channel or of a tenant by their words; see the guide for the grammar of `q`. */
    search(query: SearchQuery, options?: CallOptions): Promise<SearchResult>
  }
  instances: {
    list(tenantId: string, options?: CallOptions): Promise<InstanceList>
    /** Deploys it again; `config` goes over what it was deployed with. */
    redeploy(of: InstancePath, body?: Redeploy, options?: CallOptions): Promise<DeploymentAccepted>
    /** Goes back to the last good version. 422 `unprocessable` when there is none. */
    rollback(of: InstancePath, body?: Command, options?: CallOptions): Promise<DeploymentAccepted>
    /** Deletes it and its data. */
    remove(of: InstancePath, body?: Command, options?: CallOptions): Promise<DeploymentAccepted>
    /** The account that the deployment made; each look is in the audit trail. */
    initialPassword(of: InstancePath, options?: CallOptions): Promise<InitialAccount>
    /** The last lines that its services print. 422 `unprocessable` where nothing real runs. */
    logs(of: InstancePath, query?: InstanceLogQuery, options?: CallOptions): Promise<InstanceLog>
  }
  deployments: {
    list(tenantId: string, query?: DeploymentListQuery, options?: CallOptions): Promise<DeploymentList>
    get(tenantId: string, deploymentId: string, options?: CallOptions): Promise<DeploymentSnapshot>
    create(tenantId: string, deployment: CreateDeployment, options?: CallOptions): Promise<DeploymentAccepted>
    /** 409 `deployment_finished` when it has ended. */
    cancel(tenantId: string, deploymentId: string, options?: CallOptions): Promise<void>
    /** The stacks that can be deployed, with the fields of their configuration. */
    stacks(tenantId: string, options?: CallOptions): Promise<StackList>
    /** What a deployment would do, as things stand. Changes nothing. */
    preview(tenantId: string, asked: PreviewQuery, options?: CallOptions): Promise<Preview>
    /** Goes on in the step that a deployment failed in, as a new deployment. */
    retry(tenantId: string, deploymentId: string, options?: CallOptions): Promise<DeploymentAccepted>
  }
  logs: {
    page(of: DeploymentPath, query?: LogQuery, options?: CallOptions): Promise<LogPage>
    /** The whole log as text. */
    text(of: DeploymentPath, options?: CallOptions): Promise<string>
    /** For services; give `from` so that a repeat skips known lines. 409 `log_gap` when lines before it are missing, `log_conflict` when others stand there. */
    append(of: DeploymentPath, lines: AppendLogs, options?: CallOptions): Promise<LogsAppended>
  }
  metrics: {
    tenant(tenantId: string, query?: MetricsQuery, options?: CallOptions): Promise<MetricsSeries>
    admin(query?: MetricsQuery, options?: CallOptions): Promise<MetricsSeries>
    push(tenantId: string, metrics: PushMetrics, options?: CallOptions): Promise<void>
    /** Keeps a tenant, or the host, sampled each second for 20 s. */
    renewLease(tenantId: string | undefined, options?: CallOptions): Promise<MetricsLease>
  }
  billing: {
    /** The caller's inbox, newest first; without `state` everything that is not archived. */
    notifications(tenantId: string, query?: NotificationsQuery, options?: CallOptions): Promise<NotificationPage>
    /** Puts one notification into a state; each state undoes another. */
    mark(notification: { tenantId: string, id: string, state: InboxState }, options?: CallOptions): Promise<InboxCount>
    readAll(tenantId: string, options?: CallOptions): Promise<ReadAll>
    /** Takes back the last `readAll` by the mark it answered. 422 `unprocessable` for any other. */
    undoReadAll(tenantId: string, mark: string, options?: CallOptions): Promise<InboxCount>
    /** Notes that the caller saw what is there: it is not sent by e-mail. */
    see(tenantId: string, options?: CallOptions): Promise<void>
    /** Of what the caller is told, and how; the tenant's own people only. */
    preferences(tenantId: string, options?: CallOptions): Promise<BillingPreferences>
    /** Changes what is given, on every device. */
    putPreferences(tenantId: string, preferences: PutBillingPreferences, options?: CallOptions): Promise<BillingPreferences>
    /** Plan, open invoices, payments, subscriptions and usage as they stand. */
    records(tenantId: string, options?: CallOptions): Promise<BillingRecords>
    thresholds(tenantId: string, options?: CallOptions): Promise<UsageThresholds>
    /** Puts these in place of all there were; without `resource` for every resource that has none of its own. */
    putThresholds(tenantId: string, body: Pick<UsageThresholds, 'thresholds'>, options?: CallOptions): Promise<UsageThresholds>
    /** For services: how much of a limit is used. */
    reportUsage(tenantId: string, usage: ReportUsage, options?: CallOptions): Promise<UsageReported>
  }
  /** For operators. */
  admin: OperatorAdministration
  /** Exams, for candidates and proctors. */
  exams: ExamCalls
  presence: {
    /** Everybody seen lately, and the version the list stands at. */
    list(tenantId: string, options?: CallOptions): Promise<PresenceList>
    /** Says that the caller is here on this connection. */
    beat(of: PresencePath, said: SetPresence, options?: CallOptions): Promise<UserPresence>
    /** Says that the caller left on this connection. */
    leave(of: PresencePath, options?: CallOptions): Promise<void>
    /** What the caller says of their presence on every device. */
    settings(tenantId: string, options?: CallOptions): Promise<PresenceSettings>
    /** Changes what is given. */
    putSettings(tenantId: string, settings: SetPresenceSettings, options?: CallOptions): Promise<PresenceSettings>
  }
  telemetry: {
    /** What this page received and painted; at most every 15 s. */
    report(telemetry: Telemetry, options?: CallOptions): Promise<TelemetryNoted>
  }
  alerts: {
    /** `tenantId` null addresses the operators. */
    raise(alert: RaiseAlert, options?: CallOptions): Promise<Published>
    list(tenantId: string, options?: CallOptions): Promise<AlertList>
    /** Says that the caller has seen to an alert; whoever comes second hears who was first. */
    acknowledge(alertId: string, body?: AcknowledgeAlert, options?: CallOptions): Promise<AlertAcknowledged>
    rules(tenantId: string, options?: CallOptions): Promise<AlertRules>
    /** Puts these rules in place of all there were. */
    putRules(tenantId: string, body: PutAlertRules, options?: CallOptions): Promise<AlertRules>
    /** When a rule would have fired in the last 24 h. */
    preview(tenantId: string, rule: PutAlertRules['rules'][number], options?: CallOptions): Promise<AlertRulePreview>
    silences(tenantId: string, options?: CallOptions): Promise<AlertSilences>
    silence(tenantId: string, body: MakeSilence, options?: CallOptions): Promise<AlertSilence>
    endSilence(tenantId: string, id: string, options?: CallOptions): Promise<void>
    /** Where alerts are told outside of the platform. */
    channels(tenantId: string, options?: CallOptions): Promise<AlertChannels>
    /** A webhook's secret is in the answer, and never again. */
    makeChannel(tenantId: string, body: MakeChannel, options?: CallOptions): Promise<ChannelMade>
    removeChannel(tenantId: string, id: string, options?: CallOptions): Promise<void>
    /** The newest messages to channels. */
    deliveries(tenantId: string, options?: CallOptions): Promise<AlertDeliveries>
    /** Sends a message again, under the identifier it had. */
    redeliver(tenantId: string, id: string, options?: CallOptions): Promise<void>
  }
}

/** Which notifications to list. */
export interface NotificationsQuery {
  state?: InboxState
  /** `next` of the page before. */
  before?: string
  /** 1 to 200. @default 50 */
  limit?: number
  /** Words to find. */
  q?: string
  type?: NotificationType
}

/** Which connection of the caller is meant. */
export interface PresencePath {
  tenantId: string
  connectionId: string
}

/** Which instance is meant. */
export interface InstancePath {
  tenantId: string
  instanceId: string
}

/** Whose log is meant. */
export interface DeploymentPath {
  tenantId: string
  deploymentId: string
}

/**
 * Makes the typed REST.
 * @example
 * const rest = createRest({ baseUrl: 'http://127.0.0.1:8080', getAccessToken: () => apiKey })
 * await rest.deployments.create('acme', { instanceType: 'odoo' })
 */
export function createRest(options: RequestOptions): Rest {
  const send = createSend(options)
  return {
    session: createSessionRoutes(send),
    realtime: createRealtimeRoutes(send),
    events: createEventRoutes(send),
    instances: createInstanceRoutes(send),
    deployments: createDeploymentRoutes(send),
    logs: createLogRoutes(send),
    metrics: createMetricsRoutes(send),
    billing: createBillingRoutes(send),
    ...createTenantAdministration(send),
    admin: createOperatorAdministration(send),
    exams: createExamCalls(send),
    presence: createPresenceRoutes(send),
    telemetry: { report: (body, own) => send({ method: 'POST', path: '/v1/telemetry', body }, own) },
    alerts: createAlertRoutes(send),
  }
}

const toTenantPath = (tenantId: string): string => `/v1/tenants/${encodeURIComponent(tenantId)}`
const toDeploymentPath = (tenantId: string, deploymentId: string): string =>
  `${toTenantPath(tenantId)}/deployments/${encodeURIComponent(deploymentId)}`

function createSessionRoutes(send: Send): Rest['session'] {
  return {
    signIn: (body, own) => send({ method: 'POST', path: '/v1/session', body, isAuthorized: false }, own),
    refresh: (portal, own) => send({ method: 'POST', path: '/v1/session/refresh', body: { portal }, isAuthorized: false, isRepeatable: true }, own),
    signOut: (portal, own) => send({ method: 'DELETE', path: '/v1/session', body: { portal }, isAuthorized: false, isRepeatable: true }, own),
    whoAmI: own => send({ method: 'GET', path: '/v1/session' }, own),
    providers: own => send({ method: 'GET', path: '/v1/session/providers', isAuthorized: false }, own),
  }
}

function createRealtimeRoutes(send: Send): Rest['realtime'] {
  return {
    connectionToken: own => send({ method: 'POST', path: '/v1/realtime/connection-token', isRepeatable: true }, own),
    subscriptionTokens: (channels, own) =>
      send({ method: 'POST', path: '/v1/realtime/subscription-tokens', body: { channels }, isRepeatable: true }, own),
  }
}

function createEventRoutes(send: Send): Rest['events'] {
  return {
    publish: (body, own) => send({ method: 'POST', path: '/v1/events', body, isCreating: true }, { ...own, ...keyOf(body) }),
    publishBatch: (body, own) => send({ method: 'POST', path: '/v1/events/batch', body, isCreating: true }, { ...own, ...keyOf(body) }),
    history: (query, own) => send({ method: 'GET', path: '/v1/history', query: { ...query } }, own),
    search: (query, own) => send({ method: 'GET', path: '/v1/history/search', query: { ...query } }, own),
  }
}

function createDeploymentRoutes(send: Send): Rest['deployments'] {
  return {
    list: (tenantId, query, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/deployments`, query: { ...query } }, own),
    get: (tenantId, deploymentId, own) => send({ method: 'GET', path: toDeploymentPath(tenantId, deploymentId) }, own),
    create: (tenantId, body, own) =>
      send({ method: 'POST', path: `${toTenantPath(tenantId)}/deployments`, body, isCreating: true }, { ...own, ...keyOf(body) }),
    cancel: async (tenantId, deploymentId, own) => {
      await send({ method: 'POST', path: `${toDeploymentPath(tenantId, deploymentId)}/cancel` }, own)
    },
    stacks: (tenantId, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/stacks` }, own),
    preview: (tenantId, body, own) => send({ method: 'POST', path: `${toTenantPath(tenantId)}/deployments/preview`, body, isRepeatable: true }, own),
    retry: (tenantId, deploymentId, own) =>
      send({ method: 'POST', path: `${toDeploymentPath(tenantId, deploymentId)}/retry`, isCreating: true }, own),
  }
}

function createInstanceRoutes(send: Send): Rest['instances'] {
  const command = (verb: string) => ({ tenantId, instanceId }: InstancePath, body: Redeploy = {}, own: CallOptions = {}): Promise<DeploymentAccepted> =>
    send({ method: 'POST', path: `${toTenantPath(tenantId)}/instances/${encodeURIComponent(instanceId)}/${verb}`, body, isCreating: true }, { ...own, ...keyOf(body) })
  return {
    list: (tenantId, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/instances` }, own),
    redeploy: command('redeploy'),
    rollback: command('rollback'),
    remove: command('delete'),
    initialPassword: ({ tenantId, instanceId }, own) =>
      send({ method: 'POST', path: `${toTenantPath(tenantId)}/instances/${encodeURIComponent(instanceId)}/initial-password`, isRepeatable: true }, own),
    logs: ({ tenantId, instanceId }, query, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/instances/${encodeURIComponent(instanceId)}/logs`, query: { ...query } }, own),
  }
}

function createLogRoutes(send: Send): Rest['logs'] {
  const pathOf = ({ tenantId, deploymentId }: DeploymentPath): string => `${toDeploymentPath(tenantId, deploymentId)}/logs`
  return {
    page: (of, query, own) => send({ method: 'GET', path: pathOf(of), query: { ...query } }, own),
    text: (of, own) => send({ method: 'GET', path: pathOf(of), accept: 'text/plain' }, own),
    append: (of, body, own) => send({ method: 'POST', path: pathOf(of), body, isCreating: true }, own),
  }
}

function createMetricsRoutes(send: Send): Rest['metrics'] {
  return {
    tenant: (tenantId, query, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/metrics`, query: { ...query } }, own),
    admin: (query, own) => send({ method: 'GET', path: '/v1/admin/metrics', query: { ...query } }, own),
    push: async (tenantId, body, own) => { await send({ method: 'POST', path: `${toTenantPath(tenantId)}/metrics`, body, isCreating: true }, own) },
    renewLease: (tenantId, own) => send({ method: 'PUT', path: `${tenantId === undefined ? '/v1/admin' : toTenantPath(tenantId)}/metrics/lease` }, own),
  }
}

function createAlertRoutes(send: Send): Rest['alerts'] {
  const placeOf = (tenantId: string): string => tenantId === PLATFORM_TENANT ? '/v1/admin' : toTenantPath(tenantId)
  const rulesOf = (tenantId: string): string => `${placeOf(tenantId)}/alert-rules`
  const silencesOf = (tenantId: string): string => `${placeOf(tenantId)}/alert-silences`
  const channelsOf = (tenantId: string): string => `${placeOf(tenantId)}/alert-channels`
  return {
    raise: (body, own) => send({ method: 'POST', path: '/v1/alerts', body, isCreating: true }, own),
    list: (tenantId, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/alerts` }, own),
    acknowledge: (alertId, body = {}, own) => send({ method: 'POST', path: `/v1/alerts/${encodeURIComponent(alertId)}/ack`, body, isRepeatable: true }, own),
    rules: (tenantId, own) => send({ method: 'GET', path: rulesOf(tenantId) }, own),
    putRules: (tenantId, body, own) => send({ method: 'PUT', path: rulesOf(tenantId), body, isRepeatable: true }, own),
    preview: (tenantId, rule, own) => send({ method: 'POST', path: `${rulesOf(tenantId)}/preview`, body: { rule }, isRepeatable: true }, own),
    silences: (tenantId, own) => send({ method: 'GET', path: silencesOf(tenantId) }, own),
    silence: (tenantId, body, own) => send({ method: 'POST', path: silencesOf(tenantId), body, isCreating: true }, own),
    channels: (tenantId, own) => send({ method: 'GET', path: channelsOf(tenantId) }, own),
    makeChannel: (tenantId, body, own) => send({ method: 'POST', path: channelsOf(tenantId), body, isCreating: true }, own),
    removeChannel: async (tenantId, id, own) => { await send({ method: 'DELETE', path: `${channelsOf(tenantId)}/${encodeURIComponent(id)}`, isRepeatable: true }, own) },
    deliveries: (tenantId, own) => send({ method: 'GET', path: `${placeOf(tenantId)}/alert-deliveries` }, own),
    redeliver: async (tenantId, id, own) => { await send({ method: 'POST', path: `${placeOf(tenantId)}/alert-deliveries/${encodeURIComponent(id)}/redeliver`, isRepeatable: true }, own) },
    endSilence: async (tenantId, id, own) => { await send({ method: 'DELETE', path: `${silencesOf(tenantId)}/${encodeURIComponent(id)}`, isRepeatable: true }, own) },
  }
}

function createBillingRoutes(send: Send): Rest['billing'] {
  const pathOf = (tenantId: string): string => `${toTenantPath(tenantId)}/billing/notifications`
  return {
    notifications: (tenantId, query, own) => send({ method: 'GET', path: pathOf(tenantId), query: { ...query } }, own),
    mark: ({ tenantId, id, state }, own) =>
      send({ method: 'POST', path: `${pathOf(tenantId)}/${encodeURIComponent(id)}/${inboxVerbs[state]}`, isRepeatable: true }, own),
    readAll: (tenantId, own) => send({ method: 'POST', path: `${pathOf(tenantId)}/read-all` }, own),
    undoReadAll: (tenantId, mark, own) => send({ method: 'POST', path: `${toTenantPath(tenantId)}/billing/marks/${encodeURIComponent(mark)}/undo` }, own),
    see: async (tenantId, own) => { await send({ method: 'POST', path: `${pathOf(tenantId)}/seen`, isRepeatable: true }, own) },
    preferences: (tenantId, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/billing/preferences` }, own),
    putPreferences: (tenantId, body, own) => send({ method: 'PUT', path: `${toTenantPath(tenantId)}/billing/preferences`, body, isRepeatable: true }, own),
    records: (tenantId, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/billing/records` }, own),
    thresholds: (tenantId, own) => send({ method: 'GET', path: `${toTenantPath(tenantId)}/billing/thresholds` }, own),
    putThresholds: (tenantId, body, own) => send({ method: 'PUT', path: `${toTenantPath(tenantId)}/billing/thresholds`, body, isRepeatable: true }, own),
    reportUsage: (tenantId, body, own) => send({ method: 'POST', path: `${toTenantPath(tenantId)}/usage`, body, isRepeatable: true }, own),
  }
}

function createPresenceRoutes(send: Send): Rest['presence'] {
  const pathOf = (tenantId: string): string => `${toTenantPath(tenantId)}/presence`
  const connectionOf = ({ tenantId, connectionId }: PresencePath): string => `${pathOf(tenantId)}/me/${encodeURIComponent(connectionId)}`
  return {
    list: (tenantId, own) => send({ method: 'GET', path: pathOf(tenantId) }, own),
    beat: (of, body, own) => send({ method: 'PUT', path: connectionOf(of), body, isRepeatable: true }, own),
    leave: async (of, own) => { await send({ method: 'DELETE', path: connectionOf(of), isRepeatable: true }, own) },
    settings: (tenantId, own) => send({ method: 'GET', path: `${pathOf(tenantId)}/me` }, own),
    putSettings: (tenantId, body, own) => send({ method: 'PUT', path: `${pathOf(tenantId)}/me`, body, isRepeatable: true }, own),
  }
}
