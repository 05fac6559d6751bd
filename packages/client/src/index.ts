/**
 * The typed client of the platform, for browser and Node: feeds without hole or double, typed REST, session and connection.
 *
 * @example
 * const client = createClient({ baseUrl: 'http://127.0.0.1:8080', cookieJar: true })
 * await client.session.signIn('member@acme.example', password)
 * client.feeds.deployments('acme', { onChange: deployments => console.log([...deployments.values()]) }).start()
 */

export { createClient } from './client.ts'
export type { Client, ClientOptions } from './client.ts'

export { createFeeds } from './feeds.ts'
export type { CommonHandlers, DeploymentHandlers, DeploymentLogHandlers, EventHandlers, ExamHandlers, Feeds, MetricsHandlers, PresenceHandlers } from './feeds.ts'
export { createLogFeed } from './log-feed.ts'
export type { LogFeedOptions, Snapshot } from './log-feed.ts'
export { createSeriesFeed } from './series-feed.ts'
export type { FetchSamples, SeriesFeedOptions } from './series-feed.ts'
export { createStateFeed } from './state-feed.ts'
export type { StateFeedOptions } from './state-feed.ts'
export type { Feed, FeedBasics, FeedStatus } from './feed.ts'
export type { FeedFault } from './feed-events.ts'

export { applyDeploymentEvent, isFinished, toDeploymentMap } from './deployment-state.ts'
export type { DeploymentMap } from './deployment-state.ts'
export { followLog } from './log-follow.ts'
export type { FollowOptions } from './log-follow.ts'
export { stripControls, lastOverwrite } from './log-marks.ts'
export type { LogGroup } from './log-marks.ts'
export type { StoredLine } from './log-chunk.ts'
export { toPattern } from './log-query.ts'
export type { LogSearch } from './log-query.ts'
export { LogStore } from './log-store.ts'
export type { MissingLines } from './log-store.ts'
export { applyLogChunk, MAX_LOG_LINES, prependLogLines, toFreshLines, toLogView } from './log-state.ts'
export type { LogView } from './log-state.ts'

export { createConnection } from './connection.ts'
export type { Connection, ConnectionOptions, ConnectionStatus, SubscriptionListener } from './connection.ts'
export type { TokenAnswer } from './token-batch.ts'

export { createRest } from './rest.ts'
export type { DeploymentListQuery, DeploymentPath, HistoryQuery, LogQuery, MetricsQuery, NotificationsQuery, Portal, PresencePath, Rest, SearchQuery } from './rest.ts'
export type { OperatorAdministration, TenantAdministration, UserPath } from './administration.ts'
export type { ExamCalls, ExamPath } from './exams.ts'
export { ExamAnswers } from './exam-answers.ts'
export type { AnswersStatus, AnswersView, AnswerStorage, ExamAnswersOptions } from './exam-answers.ts'
export { applyExamEvent, isToRead, toExamMap } from './exam-state.ts'
export type { ExamMap } from './exam-state.ts'
export { createServerClock } from './server-clock.ts'
export type { ServerClock, TimeSample } from './server-clock.ts'
export type { CallOptions, RequestOptions } from './request.ts'
export { ApiError } from './api-error.ts'
export type { ApiErrorCode, ApiErrorInit } from './api-error.ts'
export { createCookieFetch } from './cookie-jar.ts'

export { createHeartbeat } from './heartbeat.ts'
export type { Heartbeat, HeartbeatOptions } from './heartbeat.ts'
export { findPage } from './page.ts'
export type { Page, PageEvent } from './page.ts'

export { createSession } from './session.ts'
export type { Session, SessionOptions, SessionStatus } from './session.ts'
export { findTabs } from './tabs.ts'
export type { Locks, TabChannel, Tabs } from './tabs.ts'

export { systemClock } from './clock.ts'
export type { Clock, Timer } from './clock.ts'
export { toBackoffMs } from './backoff.ts'
export { createPatientReader } from './patient-reader.ts'
export type { PatientReader, PatientReaderOptions } from './patient-reader.ts'
export type { BackoffOptions } from './backoff.ts'
