/**
 * Composition root of event-service: `createEventService` builds everything over what it is given and listens to nothing.
 * The process around it opens the database, calls `listen` and `close`.
 */

import cookie from '@fastify/cookie'
import type { FastifyBaseLogger } from 'fastify'
import { DeploymentPublisher, MetricsPublisher, type Actor, type AppendLogs, type Deployment, type Envelope, type LogsAppended, type Publish, type Stack } from '@neo-stack/events'
import { channelRoutes } from './alerts/channel-routes.ts'
import { deliveryProjection, purgeDeliveries } from './alerts/deliveries.ts'
import { createDueRules, type DueRules } from './alerts/due.ts'
import { startEscalation, type Escalation } from './alerts/escalation.ts'
import { startAlertRounds, type AlertRounds } from './alerts/rounds.ts'
import { alertRoutes } from './alerts/routes.ts'
import { createRuleWatch } from './alerts/watch.ts'
import { purgeRemoved } from './auth/accounts.ts'
import { adminRoutes } from './auth/admin-routes.ts'
import { createCookies } from './auth/cookies.ts'
import { keyRoutes } from './auth/key-routes.ts'
import { createOriginCheck } from './auth/origin.ts'
import { startRevocationSync } from './auth/revocation-sync.ts'
import { providerRoutes } from './auth/provider-routes.ts'
import { realtimeRoutes } from './auth/realtime-routes.ts'
import { jwksRoute, sessionRoutes } from './auth/routes.ts'
import { userRoutes } from './auth/user-routes.ts'
import { inboxProjection } from './billing/inbox-changes.ts'
import { startMailRounds, type MailOptions, type MailParts, type MailRounds } from './billing/mail/rounds.ts'
import { preferencesProjection } from './billing/preferences.ts'
import { billingProjection } from './billing/projection.ts'
import { billingRoutes, type BillingServices } from './billing/routes.ts'
import { purgeSourceEvents } from './billing/sources/intake.ts'
import { sourceRoutes, webhookRoutes } from './billing/sources/routes.ts'
import { purgeUsagePoints } from './billing/usage.ts'
import { createSources } from './billing/sources/sources.ts'
import type { Database } from './database/database.ts'
import { startUpkeep } from './database/upkeep.ts'
import { commandRoutes, deploymentRoutes, everywhereRoutes } from './deployments/routes.ts'
import { createCommands } from './deployments/commands.ts'
import type { CommandsOptions } from './deployments/enqueue.ts'
import { createInitialAccounts, type ReadAccount } from './deployments/initial-account.ts'
import { createInstanceLogs, type ReadInstanceLog } from './deployments/instance-log.ts'
import { createInstanceCommands } from './deployments/instance-commands.ts'
import { instanceRoutes } from './deployments/instance-routes.ts'
import type { StepsOf } from './deployments/preview.ts'
import { createJobs, type Jobs } from './deployments/jobs.ts'
import { logRoutes } from './deployments/log-routes.ts'
import { appendLogs } from './deployments/log-store.ts'
import { createLogTails, type LogTails } from './deployments/log-tail.ts'
import { deploymentLogProjection, deploymentProjection } from './deployments/projection.ts'
import { getDeployment } from './deployments/snapshots.ts'
import { isProblem } from './errors.ts'
import { startExamTimer, type ExamTimer } from './exams/due.ts'
import { examRoutes } from './exams/routes.ts'
import { createExamSessions } from './exams/sessions.ts'
import { HistoryService } from './history/history-service.ts'
import { startIndexer, type Indexer } from './history/indexer.ts'
import { purgeEvents } from './history/retention.ts'
import { historyRoutes } from './history/routes.ts'
import type { App } from './http.ts'
import { createIdentity, type IdentityOptions, type IdentityService } from './identity.ts'
import { measureDatabase, measureRealtime } from './metering/measured.ts'
import { createInstruments, type Instruments } from './metering/registry.ts'
import { countMessages, countPresenceEnds, watchParts } from './metering/parts.ts'
import { createHostReader } from './metrics/host.ts'
import { createMetricsProjection } from './metrics/projection.ts'
import { purgeSamples } from './metrics/retention.ts'
import { rollUp } from './metrics/rollups.ts'
import { readSeries } from './metrics/series.ts'
import { metricsRoutes } from './metrics/routes.ts'
import { startInstanceSampler, type ReadInstance } from './metrics/instance-sampler.ts'
import { startSampler } from './metrics/sampler.ts'
import { telemetryRoute } from './metrics/telemetry.ts'
import type { TickOptions, Ticks } from './metrics/ticks.ts'
import { startOverview, type Overview, type Parts } from './operations/overview.ts'
import { operationRoutes } from './operations/routes.ts'
import { createGuardedFetch, type GuardOptions } from './outbound/guarded-fetch.ts'
import { createMailer, type MailSettings } from './outbound/mailer.ts'
import { createSeal } from './outbound/seal.ts'
import { presenceRoutes } from './presence/routes.ts'
import { PresenceService, type PresenceOptions } from './presence/service.ts'
import { createPresenceSettings } from './presence/settings.ts'
import { createSteadyClock } from './presence/steady-clock.ts'
import type { PresenceStore } from './presence/store.ts'
import { authHookPlugin, isStillGood } from './plugins/auth-hook.ts'
import { drainPlugin, type Drain } from './plugins/drain.ts'
import { etagPlugin } from './plugins/etag.ts'
import { healthPlugin, onlyHealthPlugin, type HealthOptions } from './plugins/health.ts'
import { methodsPlugin } from './plugins/methods.ts'
import { metricsPlugin, type Meter } from './plugins/metrics.ts'
import { openapiPlugin, openapiRoutes } from './plugins/openapi.ts'
import { portalsPlugin, type Portals } from './plugins/portals.ts'
import { problemsPlugin } from './plugins/problems.ts'
import { securityPlugin } from './plugins/security.ts'
import { closeServer, createApp } from './plugins/server.ts'
import { createActs, type Perform } from './publish/acts.ts'
import { purgeAnswers } from './publish/log.ts'
import { createProjectionRegistry } from './publish/projection.ts'
import { createInternalPublish } from './publish/publish.ts'
import { quotaHook } from './publish/quota-hook.ts'
import { createQuotas, type QuotaLimits, type Quotas } from './publish/quotas.ts'
import { publishRoutes } from './publish/routes.ts'
import { createWritePath, type WritePath } from './publish/write-path.ts'
import { startCanary, type Canary } from './realtime/canary.ts'
import { outboxBacklog } from './realtime/outbox.ts'
import type { Realtime } from './realtime/realtime.ts'
import { activityProjection } from './tenants/activity.ts'
import { auditRoutes } from './tenants/audit-routes.ts'
import { removeTenant } from './tenants/removal.ts'
import { tenantRoutes } from './tenants/tenant-routes.ts'
import type { Tracer } from './tracing/tracer.ts'

/** A publisher hears within three seconds that a database on the network does not answer: some of them go by before and after the write. */
const ANSWER_MS = 2200

/**
 * How long a gateway may still send requests to a process that ends, in milliseconds: until it asks another again that has just started.
 * What the gateway keeps for shorter follows from it (`deploy/src/nginx.ts`).
 */
export const DRAIN_MS = 2500

/** Coarser tiers of samples follow this late. */
const ROLLUP_MS = 20_000

/** What event-service is built over. */
export interface EventServiceOptions extends Omit<IdentityOptions, 'onFault' | 'perform'> {
  realtime: Realtime
  /** Where presence is kept. @default in this process */
  presenceStore?: PresenceStore
  logger?: FastifyBaseLogger
  /** Where faults of background tasks are told. @default `logger` */
  backgroundLogger?: Pick<FastifyBaseLogger, 'error'>
  /** Where spans of requests and writes go. @default none are made */
  tracer?: Tracer
  /** Where browsers find the service: cookies travel over TLS only when it is https. @default none: the request's own host */
  publicUrl?: string
  /** Further origins that may use the refresh cookie. */
  allowedOrigins?: readonly string[]
  /** Answers health and metrics only: for a process that writes and serves nobody, and leaves to others what only one may do. @default false */
  onlyHealth?: boolean
  /** A gateway stands in front, on a private address: the address it names is the caller's. @default false */
  isBehindGateway?: boolean
  /** Where Centrifugo nodes take sockets: delivery through each is watched. @default none is */
  canaryNodes?: readonly string[]
  /** Folder of each portal's built files. @default none */
  portals?: Portals
  /** Bearer that may read /metrics from elsewhere than loopback. */
  metricsToken?: string
  /** Serves events by tenant, the busiest 100 by name, at /metrics/tenants. @default false */
  tenantMetrics?: boolean
  /** Samples the host each second; `folder` is whose disk is watched. @default no sampling */
  sampleHost?: { folder: string }
  /** Reads the figures of an instance: tenants' are sampled while it is given, in a process that serves nobody as well. @default no sampling */
  readInstance?: ReadInstance
  /** What a tenant may publish that has no limits of its own. @default see publish/quotas.ts */
  quotas?: QuotaLimits
  /** Which addresses webhooks of alerts may go to. @default the public internet, over https */
  outbound?: GuardOptions
  /** Where e-mail of billing and alerts goes out. @default none is sent */
  mail?: MailSettings & Pick<MailOptions, 'delayMs' | 'everyMs'>
  /** Makes the steps of a deployment, for previews. @default previews show none */
  stepsOf?: StepsOf
  /** Stacks that can be deployed. @default any, and none to choose from */
  stacks?: readonly Stack[]
  /** Derives the account that a deployment made; `elsewhere`: a deployer in another process does. @default there is none to show */
  readAccount?: ReadAccount | 'elsewhere'
  /** Reads what the services of an instance print; `elsewhere`: a deployer in another process does. @default there is nothing to read */
  readInstanceLog?: ReadInstanceLog | 'elsewhere'
  /** @default '0.1.0' */
  version?: string
}

/** What a deployer in this process needs; what it says and logs is under one actor. */
export interface DeploymentAccess {
  publisher: DeploymentPublisher
  appendLogs: (tenantId: string, deploymentId: string, lines: AppendLogs) => Promise<LogsAppended>
  getDeployment: (tenantId: string, deploymentId: string) => Promise<Deployment | undefined>
}

/** A built service. */
export interface EventService {
  app: App
  writePath: WritePath
  /** Accounts, keys and revocation. */
  identity: IdentityService
  /** The queue of deployments. */
  jobs: Jobs
  deployments: DeploymentAccess
  /** Publishes for the platform's own parts, under a given actor. */
  publishAs: (actor: Actor) => Publish
  /** Removes what is out of date now, instead of with the next minute. */
  tidy: () => Promise<void>
  /**
   * Refuses new work, finishes what is in flight, closes sockets; the database stays open: whoever opened it closes it. Behind a gateway
   * work is taken for a while longer, unless what it would be done on is no longer the same.
   */
  close: (how?: 'at once') => Promise<void>
}

/** What every request goes through, and what measures it. */
interface Front {
  app: App
  meter: Meter
  refuseOtherMethods: () => void
  drain: Drain
  /** Writes the document of the routes. */
  writeDocument: () => Promise<object>
  /** Told of faults of background tasks: counted and logged. */
  onFault: (error: unknown) => void
  /** How many it was told of. */
  faults: () => number
}

/** The plugins that come before any route. */
async function createFront(options: EventServiceOptions, instruments: Instruments, isLeader: () => boolean): Promise<Front> {
  const { database, realtime, version = '0.1.0' } = options
  const app = createApp(options.logger, { isBehindGateway: options.isBehindGateway ?? false, tracer: options.tracer })
  const drain = drainPlugin(app, options.isBehindGateway && !options.onlyHealth ? DRAIN_MS : 0)
  const faults = instruments.counter('background_faults_total')
  let faultCount = 0
  const problems = instruments.counter('http_problems_total')
  problemsPlugin(app, code => { problems.inc({ code }) })
  if (options.onlyHealth) onlyHealthPlugin(app)
  await app.register(cookie)
  await securityPlugin(app, { isSecure: options.publicUrl?.startsWith('https:') ?? false })
  etagPlugin(app)
  const writeDocument = openapiPlugin(app, version)
  const refuseOtherMethods = methodsPlugin(app)
  const meter = metricsPlugin(app, instruments, {
    stats: realtime.stats, isLeader, engineText: realtime.metrics, token: options.metricsToken, hasTenants: options.tenantMetrics ?? false,
    ...realtime.enqueue && { outbox: () => outboxBacklog(database) },
  })
  return {
    app, meter, refuseOtherMethods, drain, writeDocument,
    faults: () => faultCount,
    onFault: error => {
      faultCount++
      faults.inc()
      const log = options.backgroundLogger ?? app.log
      log.error({ err: error }, 'a background task failed')
    },
  }
}

/** Builds the service. */
export async function createEventService(given: EventServiceOptions): Promise<EventService> {
  const instruments = createInstruments()
  const database = measureDatabase(given.database, instruments, error => !isProblem(error))
  const realtime = measureRealtime(given.realtime, instruments)
  const options: EventServiceOptions = { ...given, database, realtime }
  const { now = Date.now, version = '0.1.0' } = options
  const { app, meter, refuseOtherMethods, drain, writeDocument, onFault, faults } = await createFront(options, instruments, () => sharing.isLeader())
  let escalation: Escalation | undefined
  const { writePath, tails, dueRules, indexer } = createWriting({ database, realtime, meter, now, onFault, tracer: options.tracer, onWritten: events => { escalation?.onWritten(events) } })
  const perform = createActs({ writePath, now })
  const identity = await createIdentity({ ...options, perform, onFault, sessionChannel: realtime.sessionChannel })
  const sharing = startSharing({ ...options, identity, onFault })
  const jobs = await database.alone(() => createJobs(database, { onFault }))
  watchParts(instruments, { jobs, indexer, database, now, isLeader: sharing.isLeader, version, column: realtime.enqueue ? 'scale-out' : 'embedded', ...options.publicUrl !== undefined && { publicUrl: options.publicUrl }, ...options.sampleHost })
  const publishAs = (actor: Actor): Publish => createInternalPublish(writePath, actor)
  const answerWithinMs = database.elect && ANSWER_MS
  authHookPlugin(app, { auth: identity.auth, database, now, answerWithinMs })
  const quotas = quotaHook(app, createQuotas({ database, now, answerWithinMs, ...options.quotas && { defaults: options.quotas } }))
  const canary = addHealth(options, { app, version, isDraining: drain.isDraining, identity, instruments, onFault })
  identityRoutes(app, identity, options)
  publishRoutes(app, writePath)
  historyRoutes(app, new HistoryService(database, writePath, now))
  addDeployments(app, { database, writePath, jobs, now, perform }, options)
  logRoutes(app, { database, writePath, tails, isStillGood: request => isStillGood(identity.auth, request) })
  await addBilling(app, { database, writePath, now, hasMail: options.mail !== undefined, quotas }, identity)
  metricsRoutes(app, { database, writePath, now })
  telemetryRoute(app, meter, now)
  const overview = addOperations(app, { database, realtime, perform, now, jobs, indexer, faults, canary: canary?.states, isServing: !options.onlyHealth })
  addAlerts(app, { database, writePath, perform, now }, { ...options, secret: identity.keys.secret })
  const examTimer = addExams(app, { database, writePath, perform, now, onFault, isLeader: sharing.isLeader })
  auditRoutes(app, database)
  const tenants = { database, perform, banTenant: identity.revocation.banTenant, now }
  tenantRoutes(app, { ...tenants, createUser: identity.accounts.create, remove: asked => removeTenant({ ...tenants, elsewhere: [jobs.ofTenants] }, asked) })
  const presence = createPresence(app, { ...options, onFault, onEnds: countPresenceEnds(instruments) })
  refuseOtherMethods()
  openapiRoutes(app, { version, writeDocument })
  await portalsPlugin(app, options.portals ?? {})
  await app.ready()
  realtime.attach?.(app.server)
  const samplers = startSamplers(options, { database, now, onFault, isLeader: sharing.isLeader, isSampler: sharing.isSampler, publishAs })
  const upkeep = startUpkeep({ database, onFault, isLeader: sharing.isLeader, after: database.tend, purges: [purgeAnswers, (tx, batch) => purgeRemoved(tx, batch, now()), (tx, batch) => purgeEvents(tx, batch, { now: now() }), (tx, batch) => purgeSourceEvents(tx, batch, now()), (tx, batch) => purgeUsagePoints(tx, batch, now()), (tx, batch) => purgeDeliveries(tx, batch, now()), indexer.sweep] })
  // Counted before anything is removed: after a long stop as well.
  const rollups = startUpkeep({ database, onFault, isLeader: sharing.isLeader, everyMs: ROLLUP_MS, batch: 200, purges: [rollUp, (tx, batch) => purgeSamples(tx, batch, now())] })
  await database.inSystem(indexer.sweep)
  if (!options.onlyHealth) escalation = await startEscalation({ database, writePath, boss: jobs.boss, now, onFault })
  const onMessage = countMessages(instruments)
  const alertRounds = startAlerts(options, { database, writePath, now, onFault, onMessage, isLeader: sharing.isLeader, app, secret: identity.keys.secret })
  const mail = await startMail(options, { database, boss: jobs.boss, now, onFault, onMessage, app })
  const shutDown = async (how?: 'at once'): Promise<void> => {
    await drain.start(how)
    tails.stop()
    await Promise.all([presence.stop(), samplers.stop(), upkeep.stop(), rollups.stop(), dueRules.stop(), examTimer.stop(), sharing.stop(), canary?.stop(), overview.stop(), indexer.stop(), mail?.stop(), escalation?.stop(), alertRounds?.stop()])
    await Promise.all([realtime.close(), closeServer(app)])
    await writePath.close()
    await identity.apiKeys.close()
    await jobs.stop()
  }
  let closing: Promise<void> | undefined
  return { app, writePath, identity, jobs, publishAs, tidy: upkeep.run, deployments: createAccess(database, writePath), close: how => closing ??= shutDown(how) }
}

interface OperationParts extends Pick<Parts, 'database' | 'now' | 'faults' | 'canary' | 'isServing'> {
  realtime: Realtime
  perform: Perform
  jobs: Jobs
  indexer: Indexer
}

/** The whole installation, for operators. */
function addOperations(app: App, { database, realtime, perform, now, jobs, indexer, faults, canary, isServing }: OperationParts): Overview {
  const outbox = realtime.enqueue && { outbox: () => outboxBacklog(database) }
  const overview = startOverview({ database, now, stats: realtime.stats, backlog: jobs.backlog, behind: indexer.behind, faults, canary, isServing, ...outbox })
  operationRoutes(app, { database, realtime, perform, readOverview: overview.read, now })
  return overview
}

/** Presence, told by routes and, where the engine is in process, by sockets. */
function createPresence(app: App, { database, realtime, now = createSteadyClock(), onFault, onEnds, presenceStore: store }: EventServiceOptions & Required<Pick<PresenceOptions, 'onFault' | 'onEnds'>>): PresenceService {
  const presence = new PresenceService({ realtime, now, onFault, onEnds, ...store && { store } })
  presenceRoutes(app, presence, createPresenceSettings(database))
  realtime.onSocket?.((socket, isOpen) => { (isOpen ? presence.setBack(socket) : presence.setOffline(socket)).catch(onFault) })
  return presence
}

/** A process that serves nobody sends nothing either. The address is the public one, else the one that is listened on. */
async function startMail({ mail, onlyHealth, publicUrl }: EventServiceOptions, { app, ...parts }: MailParts & { app: App }): Promise<MailRounds | undefined> {
  if (!mail || onlyHealth) return undefined
  return startMailRounds(parts, { ...mail, publicUrl: () => publicUrl ?? ownUrl(app) })
}

/** The address that is listened on. */
function ownUrl(app: App): string {
  const address = app.server.address()
  return typeof address === 'object' && address ? `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}` : ''
}

type AlertingParts = Pick<MailParts, 'database' | 'now' | 'onFault' | 'onMessage'> & { writePath: WritePath, isLeader: () => boolean, app: App, secret: string }

/** Judges what no sample tells, and sends messages to channels. */
function startAlerts({ mail, outbound, onlyHealth, publicUrl }: EventServiceOptions, { app, secret, ...parts }: AlertingParts): AlertRounds | undefined {
  return onlyHealth ? undefined : startAlertRounds({
    ...parts, seal: createSeal(secret, 'alert channels'), fetch: createGuardedFetch(outbound), publicUrl: () => publicUrl ?? ownUrl(app),
    mail: mail && { mailer: createMailer(mail), from: mail.from },
  })
}

/** Samples the host, and what tenants run where their driver is: also in a process that serves nobody. */
function startSamplers({ sampleHost, readInstance }: EventServiceOptions, { publishAs, isSampler, ...parts }: TickOptions & { isSampler: () => boolean, database: Database, publishAs: (actor: Actor) => Publish }): Ticks {
  const publisherOf = (id: string): MetricsPublisher => new MetricsPublisher(publishAs({ type: 'system', id }))
  const running = [
    sampleHost && startSampler({ ...parts, read: createHostReader(sampleHost.folder, parts.now), publisher: publisherOf('sampler') }),
    readInstance && startInstanceSampler({ ...parts, read: readInstance, publisher: publisherOf('instance-sampler'), isLeader: isSampler }),
  ]
  return { stop: async () => { await Promise.all(running.map(one => one?.stop() ?? Promise.resolve())) } }
}

interface Sharing {
  /** Whether this process does what only one may do. */
  isLeader: () => boolean
  /** Whether it is the one that samples instances. */
  isSampler: () => boolean
  stop: () => Promise<void>
}

/** Cuts whom was revoked, and does what several processes on one database do for each other; one that is alone leads and knows all. */
function startSharing({ database, realtime, realtimeSeconds = 300, now, onlyHealth, identity, onFault }: EventServiceOptions & { identity: IdentityService, onFault: (error: unknown) => void }): Sharing {
  // What was revoked is stored: that a socket could not be cut now is no reason to say it was not.
  identity.revocation.onRevoked((target, reason) => realtime.disconnect(target, reason).catch(onFault))
  // What serves nobody leads only in what its driver is for.
  const election = database.elect?.(onlyHealth ? 'instances' : 'installation', onFault)
  const leads = election?.isLeader ?? (() => true)
  if (onlyHealth) return { isLeader: () => false, isSampler: leads, stop: () => election?.close() ?? Promise.resolve() }
  if (!election) return { isLeader: leads, isSampler: leads, stop: () => Promise.resolve() }
  const sync = startRevocationSync({ revocation: identity.revocation, disconnect: realtime.disconnect, tokenSeconds: realtimeSeconds, onFault, ...now && { now } })
  return { isLeader: leads, isSampler: leads, stop: async () => { await Promise.all([election.close(), sync.stop()]) } }
}

type HealthParts = Pick<HealthOptions, 'isDraining' | 'version'> & { app: App, identity: IdentityService, instruments: Instruments, onFault: (error: unknown) => void }

/** Health, and the canary in it: only what writes and serves is watched, and the engine in process needs none. */
function addHealth({ database, realtime: { sessionChannel }, canaryNodes: nodes = [], onlyHealth }: EventServiceOptions, { app, identity: { tokens }, instruments, onFault, ...parts }: HealthParts): Canary | undefined {
  const canary = nodes.length > 0 && sessionChannel && !onlyHealth ? startCanary({ database, tokens, sessionChannel, nodes, onFault }) : undefined
  instruments.gauges('delivery_canary_ok', () => Promise.resolve(Object.fromEntries(Object.entries(canary?.states() ?? {}).map(([node, isOk]) => [node, Number(isOk)]))))
  healthPlugin(app, { database, delivery: canary?.states, ...parts })
  return canary
}

function addDeployments(app: App, { perform, ...services }: CommandsOptions & { perform: Perform, jobs: Jobs }, { stepsOf = () => [], readAccount, readInstanceLog, stacks }: EventServiceOptions): void {
  const { database, jobs } = services
  const accounts = createInitialAccounts({ database, perform, read: readAccount === 'elsewhere' ? jobs.accounts.ask : readAccount })
  const logs = createInstanceLogs({ database, read: readInstanceLog === 'elsewhere' ? jobs.instanceLogs.ask : readInstanceLog })
  deploymentRoutes(app, database, stacks)
  everywhereRoutes(app, database)
  commandRoutes(app, createCommands({ ...services, ...stacks && { stacks } }))
  instanceRoutes(app, createInstanceCommands(services, stepsOf), { accounts, logs })
}

/** Alerts with their rules and silences, and the channels that are told of them. */
function addAlerts(app: App, services: { database: Database, writePath: WritePath, perform: Perform, now: () => number }, { mail, outbound, secret }: EventServiceOptions & { secret: string }): void {
  const { database, now } = services
  alertRoutes(app, { ...services, readPast: (tenantId, range) => readSeries(database, tenantId, { ...range, step: 10 }, now()) })
  channelRoutes(app, { ...services, outbound, seal: createSeal(secret, 'alert channels'), hasMail: mail !== undefined })
}

/** Exams, and the timer that ends their sessions. */
function addExams(app: App, services: { database: Database, writePath: WritePath, perform: Perform, now: () => number, onFault: (error: unknown) => void, isLeader: () => boolean }): ExamTimer {
  const sessions = createExamSessions({ ...services, onDeadline: deadline => { timer.lookAt(deadline) } })
  const timer = startExamTimer({ ...services, expire: sessions.expire })
  examRoutes(app, services, sessions)
  return timer
}

async function addBilling(app: App, services: BillingServices & { quotas: Quotas }, { keys }: IdentityService): Promise<void> {
  const sources = createSources({ ...services, seal: createSeal(keys.secret, 'billing sources') })
  billingRoutes(app, services)
  sourceRoutes(app, sources)
  await webhookRoutes(app, { ...services, sources })
}

type WritingParts = Pick<EventServiceOptions, 'database' | 'realtime'> & { tracer: Tracer | undefined, meter: Meter, now: () => number, onFault: (error: unknown) => void, onWritten: (events: readonly Envelope[]) => void }

/** The write path and what hangs on it. */
interface Writing {
  writePath: WritePath
  tails: LogTails
  dueRules: DueRules
  indexer: Indexer
}

/** The write path with every feature's part in it: their projections, and those who listen to what was written. */
function createWriting({ database, realtime, meter, now, onFault, onWritten, tracer }: WritingParts): Writing {
  const tails = createLogTails(database)
  const indexer = startIndexer({ database, onFault })
  const dueRules = createDueRules({ database, writePath: () => writePath, now, onFault })
  const metricsProjection = createMetricsProjection(createRuleWatch({ onPending: dueRules.lookAt }))
  const writePath: WritePath = createWritePath({
    database, realtime, now, onFault, tracer, answerWithinMs: database.elect && ANSWER_MS,
    onWritten: events => { for (const one of [{ onWritten: meter.trackPublish }, tails, indexer, { onWritten }]) one.onWritten(events) },
    projections: createProjectionRegistry([deploymentProjection, deploymentLogProjection, metricsProjection, billingProjection, activityProjection, inboxProjection, preferencesProjection, deliveryProjection]),
  })
  return { writePath, tails, dueRules, indexer }
}

function createAccess(database: Database, writePath: WritePath): DeploymentAccess {
  const actor: Actor = { type: 'service', id: 'stack-deployer' }
  return {
    publisher: new DeploymentPublisher(createInternalPublish(writePath, actor)),
    appendLogs: (tenantId, deploymentId, lines) => appendLogs(writePath, { tenantId, deploymentId }, { ...lines, actor }),
    getDeployment: async (tenantId, deploymentId) => {
      try {
        return (await getDeployment(database, { tenantId, deploymentId })).deployment
      } catch (error) {
        if (isProblem(error, 'not_found')) return undefined
        throw error
      }
    },
  }
}

function identityRoutes(app: App, { sessions, auth, auditChannels, keys, limiters, ...identity }: IdentityService, { publicUrl, allowedOrigins }: EventServiceOptions): void {
  const isSecure = publicUrl?.startsWith('https:') ?? false
  const cookies = createCookies(publicUrl)
  sessionRoutes(app, { sessions, isOurOrigin: createOriginCheck({ publicUrl, allowedOrigins }), cookies, perAddress: limiters.signInPerAddress })
  providerRoutes(app, {
    signIn: identity.providerSignIn, accountOf: identity.accountOf, open: sessions.open, cookies, perAddress: limiters.signInPerAddress, isSecure,
  })
  realtimeRoutes(app, auth, auditChannels)
  jwksRoute(app, keys)
  userRoutes(app, identity)
  keyRoutes(app, identity.apiKeys)
  adminRoutes(app, identity)
}
