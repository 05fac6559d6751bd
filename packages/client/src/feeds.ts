/** The feeds of the platform by name: which channel, which snapshot, which merge. */

import type { Deployment, Envelope, LogLine, MetricsSample, UserPresence } from '@neo-stack/events'
import type { Connection } from './connection.ts'
import type { DeploymentMap } from './deployment-state.ts'
import type { ExamMap } from './exam-state.ts'
import { alongside, type Feed, type FeedBasics } from './feed.ts'
import type { LogView } from './log-state.ts'
import type { DeploymentPath, Rest } from './rest.ts'
import type { TimeSample } from './server-clock.ts'
import { formatChannel, PLATFORM_TENANT } from '@neo-stack/events'
import { systemClock } from './clock.ts'
import { applyDeploymentEvent, toDeploymentMap } from './deployment-state.ts'
import { applyExamEvent, isToRead, toExamMap } from './exam-state.ts'
import { createLogFeed } from './log-feed.ts'
import { applyLogChunk, toFreshLines, toLogView } from './log-state.ts'
import { withLease } from './metrics-lease.ts'
import { createPatientReader } from './patient-reader.ts'
import { createSeriesFeed } from './series-feed.ts'
import { createStateFeed } from './state-feed.ts'

/** What handlers of every feed may have. */
export type CommonHandlers = Pick<FeedBasics, 'onStatus' | 'onHandlerError'>

/** Handlers of the deployments feed. */
export interface DeploymentHandlers extends CommonHandlers {
  /** All known deployments, newest first, after each change. The map is new each time, its unchanged members are the same. */
  onChange(deployments: DeploymentMap): void
  /** Each event after it was merged; not those the first view holds already. */
  onEvent?(envelope: Envelope, deployment: Deployment | undefined): void
}

/** Handlers of a deployment's log. */
export interface DeploymentLogHandlers extends CommonHandlers {
  /** The whole view (last 1000 lines at first) after each change. */
  onChange?(view: LogView): void
  /** The first view: replaces what was there. Another `epoch` than before: the log began anew, its numbers name other lines. */
  onReset?(lines: readonly LogLine[], epoch: string): void
  /** Lines to append. */
  onLines?(lines: readonly LogLine[]): void
}

/** Handlers of metrics. */
export interface MetricsHandlers extends CommonHandlers {
  /** The range before now, oldest first: replaces what was there. */
  onSnapshot(samples: readonly MetricsSample[]): void
  /** The next sample. */
  onSample(sample: MetricsSample): void
}

/** Handlers of presence. */
export interface PresenceHandlers extends CommonHandlers {
  /** Everybody seen lately after each change, and who changed; the map is new each time. The first time everybody has changed. */
  onChange(users: ReadonlyMap<string, UserPresence>, changed: readonly UserPresence[]): void
}

/** Handlers of exam sessions. */
export interface ExamHandlers extends CommonHandlers {
  /** All sessions that the reader may see, newest first, after each change; the map is new each time. */
  onChange(sessions: ExamMap): void
  /** The service's time, from each answer. */
  onTime?(sample: TimeSample): void
}

/** Handlers of a feed of plain events. */
export interface EventHandlers extends CommonHandlers {
  /** The newest events before now (up to 50), oldest first: replaces what was there. */
  onSnapshot(events: readonly Envelope[]): void
  /** The next event. */
  onEvent(envelope: Envelope): void
}

/** The platform's feeds. Each is returned stopped: call `start()`. */
export interface Feeds {
  /** Deployments of a tenant. */
  deployments(tenantId: string, handlers: DeploymentHandlers): Feed
  /** Log lines of one deployment. */
  deploymentLog(of: DeploymentPath, handlers: DeploymentLogHandlers): Feed
  /** Samples of the host, for operators. */
  systemMetrics(handlers: MetricsHandlers): Feed
  /** Samples of a tenant. */
  tenantMetrics(tenantId: string, handlers: MetricsHandlers): Feed
  /** Alerts of a tenant, or the operators' with `platform`. */
  alerts(tenantId: string, handlers: EventHandlers): Feed
  /** Who of a tenant is here. */
  presence(tenantId: string, handlers: PresenceHandlers): Feed
  /** Exam sessions: all of the tenant for proctors, one's own for candidates. */
  exams(tenantId: string, handlers: ExamHandlers): Feed
  /** Events of any channel that keeps a log. */
  events(channel: string, handlers: EventHandlers): Feed
}

/** Most deployments one answer holds (the contract's limit). */
const LIST_LIMIT = 200

/** Makes the feeds; `basics` are shared by all. */
export function createFeeds(connection: Connection, rest: Rest, basics: Pick<FeedBasics, 'clock' | 'random' | 'retry'> = {}): Feeds {
  const shared: Shared = { ...basics, connection, rest }
  const events: Feeds['events'] = (channel, handlers) => createEventsFeed(shared, channel, handlers)
  return {
    deployments: (tenantId, handlers) => createDeploymentsFeed(shared, tenantId, handlers),
    deploymentLog: (of, handlers) => createDeploymentLogFeed(shared, of, handlers),
    systemMetrics: handlers => createMetricsFeed(shared, undefined, handlers),
    tenantMetrics: (tenantId, handlers) => createMetricsFeed(shared, tenantId, handlers),
    alerts: (tenantId, handlers) =>
      events(tenantId === PLATFORM_TENANT ? formatChannel('admin-alerts') : formatChannel('alerts', { tenantId }), handlers),
    presence: (tenantId, handlers) => createPresenceFeed(shared, tenantId, handlers),
    exams: (tenantId, handlers) => createExamsFeed(shared, tenantId, handlers),
    events,
  }
}

type Shared = Pick<FeedBasics, 'clock' | 'random' | 'retry'> & { connection: Connection, rest: Rest }

/** Handlers are called as members, so that they may be methods. */
const commonOf = (handlers: CommonHandlers): CommonHandlers => ({
  onStatus: status => handlers.onStatus?.(status),
  ...handlers.onHandlerError && { onHandlerError: handlers.onHandlerError },
})

function createDeploymentsFeed(shared: Shared, tenantId: string, handlers: DeploymentHandlers): Feed {
  let deployments: DeploymentMap = new Map()
  return createLogFeed<DeploymentMap>({
    ...shared,
    ...commonOf(handlers),
    channel: formatChannel('deployments', { tenantId }),
    snapshot: async signal => {
      const { deployments: list, logEpoch, seq } = await shared.rest.deployments.list(tenantId, { limit: LIST_LIMIT }, { signal, retries: 0 })
      return { logEpoch, seq, value: toDeploymentMap(list) }
    },
    onSnapshot: value => { handlers.onChange(deployments = value) },
    onEvent: envelope => {
      const merged = applyDeploymentEvent(deployments, envelope)
      if (merged !== deployments) handlers.onChange(deployments = merged)
      handlers.onEvent?.(envelope, deployments.get(String(envelope.data['deploymentId'])))
    },
  })
}

function createDeploymentLogFeed(shared: Shared, of: DeploymentPath, handlers: DeploymentLogHandlers): Feed {
  let view: LogView = { lines: [], last: 0 }
  return createLogFeed<{ view: LogView, epoch: string }>({
    ...shared,
    ...commonOf(handlers),
    channel: formatChannel('deployment-log', { ...of }),
    snapshot: async signal => {
      const page = await shared.rest.logs.page(of, {}, { signal, retries: 0 })
      return { logEpoch: page.logEpoch, seq: page.seq, value: { view: toLogView(page), epoch: page.logEpoch } }
    },
    onSnapshot: value => {
      view = value.view
      handlers.onReset?.(view.lines, value.epoch)
      handlers.onChange?.(view)
    },
    onEvent: envelope => {
      const fresh = toFreshLines(view, envelope)
      if (fresh.length === 0) return
      // Nobody who keeps lines elsewhere needs them twice.
      view = handlers.onChange ? applyLogChunk(view, envelope) : { lines: [], last: fresh.at(-1)?.n ?? view.last }
      handlers.onLines?.(fresh)
      handlers.onChange?.(view)
    },
  })
}

function createMetricsFeed(shared: Shared, tenantId: string | undefined, handlers: MetricsHandlers): Feed {
  const { metrics } = shared.rest
  const feed = createSeriesFeed({
    ...shared,
    ...commonOf(handlers),
    channel: tenantId === undefined ? formatChannel('admin-metrics') : formatChannel('metrics', { tenantId }),
    fetchSamples: async (range, signal) => {
      const own = { signal, retries: 0 }
      const { samples } = tenantId === undefined ? await metrics.admin(range, own) : await metrics.tenant(tenantId, range, own)
      return samples
    },
    onSnapshot: samples => { handlers.onSnapshot(samples) },
    onSample: sample => { handlers.onSample(sample) },
  })
  return withLease(feed, () => metrics.renewLease(tenantId, { retries: 0 }), shared.clock ?? systemClock)
}

function createPresenceFeed(shared: Shared, tenantId: string, handlers: PresenceHandlers): Feed {
  let users: ReadonlyMap<string, UserPresence> = new Map()
  const take = (before: Iterable<[string, UserPresence]>, changed: readonly UserPresence[]): void => {
    users = new Map([...before, ...changed.map((user): [string, UserPresence] => [user.userId, user])])
    handlers.onChange(users, changed)
  }
  return createStateFeed<readonly UserPresence[], readonly UserPresence[]>({
    ...shared,
    ...commonOf(handlers),
    channel: formatChannel('presence', { tenantId }),
    fetchState: async signal => {
      const list = await shared.rest.presence.list(tenantId, { signal, retries: 0 })
      return { version: list.version, value: list.users }
    },
    toBatch: ({ version, users: changed }) => typeof version === 'number' && Array.isArray(changed) ? { version, value: changed as UserPresence[] } : undefined,
    onState: all => { take([], all) },
    onBatch: changed => { take(users, changed) },
  })
}

/** An event that says less than there is to know has its session read. */
function createExamsFeed(shared: Shared, tenantId: string, handlers: ExamHandlers): Feed {
  const { exams } = shared.rest
  let sessions: ExamMap = new Map()
  const reader = createPatientReader({
    ...shared,
    read: sessionId => exams.session({ tenantId, sessionId }),
    onValue: ({ session }) => { handlers.onChange(sessions = sessions.has(session.id) ? new Map(sessions).set(session.id, session) : toExamMap([session, ...sessions.values()])) },
  })
  const feed = createLogFeed<ExamMap>({
    ...shared,
    ...commonOf(handlers),
    channel: formatChannel('certification', { tenantId }),
    snapshot: async signal => {
      const sentAt = performance.now()
      const { sessions: list, logEpoch, seq, now } = await exams.sessions(tenantId, { signal, retries: 0 })
      handlers.onTime?.({ sentAt, receivedAt: performance.now(), now: Date.parse(now) })
      return { logEpoch, seq, value: toExamMap(list) }
    },
    onSnapshot: value => { handlers.onChange(sessions = value) },
    onEvent: envelope => {
      const merged = applyExamEvent(sessions, envelope)
      if (merged !== sessions) handlers.onChange(sessions = merged)
      const sessionId = String(envelope.data['sessionId'])
      if (reader.isReading(sessionId) || isToRead(sessions, envelope)) reader.ask(sessionId)
    },
  })
  return alongside(feed, { stop: reader.stop })
}

function createEventsFeed(shared: Shared, channel: string, handlers: EventHandlers): Feed {
  return createLogFeed<readonly Envelope[]>({
    ...shared,
    ...commonOf(handlers),
    channel,
    snapshot: async signal => {
      const { events, logEpoch, seq } = await shared.rest.events.history({ channel }, { signal, retries: 0 })
      return { logEpoch, seq, value: events }
    },
    onSnapshot: events => { handlers.onSnapshot(events) },
    onEvent: envelope => { handlers.onEvent(envelope) },
  })
}
