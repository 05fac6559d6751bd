/**
 * What the platform says: channels, events, access, errors, the HTTP contract and the job contract. Isomorphic and pure.
 *
 * @example
 * const channel = parseChannel('tenant:acme:deployments')
 * if (channel && authorize(principal, channel, 'subscribe').allowed) { … }
 */

export { channelFamilies, channelOf, familyPattern, formatChannel, parseChannel, PLATFORM_TENANT, SLUG, USER_ID } from './channel.ts'
export type { Channel, ChannelFamily, ChannelParts, Kept } from './channel.ts'
export { namespaces } from './namespaces.ts'
export type { NamespaceOptions } from './namespaces.ts'
export { actorSchema, envelopeSchema, uuidv7 } from './envelope.ts'
export type { Actor, Envelope } from './envelope.ts'
export { accessTable, authorize, authorizeTenant, isOperator, permissions, permissionsOf, rolePermissions } from './access.ts'
export type { ChannelAction, Decision, Permission, Principal, Role } from './access.ts'
export { errorCodes } from './codes.ts'
export type { ErrorCode } from './codes.ts'
export { eventTypes, isEventTypeName, parseEvent, toFaults } from './catalog.ts'
export type { EventData, EventInput, EventTypeName, Fault, ParsedEvent } from './catalog.ts'
export type { EventType } from './catalog/define.ts'
export { deploymentKindSchema, deploymentStatusSchema, instanceTypeSchema, logLineSchema, nextStepSchema, slugSchema } from './catalog/deployments.ts'
export type { DeploymentKind, DeploymentStatus, InstanceType, LogLine, NextStep } from './catalog/deployments.ts'
export { billingStatusSchema, inboxStateSchema } from './catalog/billing.ts'
export type { BillingStatus } from './catalog/billing.ts'
export { metricsSampleSchema, metricsSchema, severitySchema } from './catalog/metrics.ts'
export type { Fleet, Metrics, MetricsSample, Severity } from './catalog/metrics.ts'
export { isFinal, lifeTypes, mergeDeployment } from './deployment-state.ts'
export type { DeploymentPatch, DeploymentState, FinalStatus } from './deployment-state.ts'
export { alertPlaces } from './alert-places.ts'
export type { PortalPlace } from './alert-places.ts'
export { DEPLOYMENT_QUEUE, DEPLOYMENTS_PER_TENANT, deploymentJobKey, deploymentJobSchema, deploymentQueueOptions } from './jobs.ts'
export type { DeployedInstance, DeploymentJob } from './jobs.ts'
export { DeploymentPublisher } from './publishers/deployment.ts'
export type { DeploymentDetail } from './publishers/deployment.ts'
export { BillingPublisher } from './publishers/billing.ts'
export type { BillingDetail } from './publishers/billing.ts'
export { MetricsPublisher } from './publishers/metrics.ts'
export type { Sample } from './publishers/metrics.ts'
export type { NewEvent, Publish, PublishedEvent } from './publishers/publish.ts'
export {
  connectionTokenSchema, portalSchema, providerListSchema, refreshSchema, sessionSchema, signedInCookie, signInSchema, subscriptionTokensRequestSchema, subscriptionTokensSchema, userSchema, whoAmISchema,
} from './api/session.ts'
export type { ConnectionToken, ProviderList, Session, SignIn, SubscriptionTokens, User } from './api/session.ts'
export {
  historyQuerySchema, historySchema, publishBatchSchema, publishedBatchSchema, publishedSchema, publishSchema, searchHitSchema, searchQuerySchema,
  searchResultSchema,
} from './api/events.ts'
export { createRedaction, isInsideKey, mayBeKeyLine, REDACTED, REDACTED_KEY_LINE, redactLine } from './redaction.ts'
export type { Redaction } from './redaction.ts'
export { toAsyncApi } from './asyncapi.ts'
export type { AsyncApi } from './asyncapi.ts'
export { TELEMETRY_SAMPLE, TELEMETRY_SECONDS, telemetryNotedSchema, telemetrySchema } from './api/telemetry.ts'
export type { Telemetry, TelemetryNoted } from './api/telemetry.ts'
export { markListSchema, markQuerySchema, markTypes } from './api/marks.ts'
export type { MarkList, MarkQuery } from './api/marks.ts'
export { eraseUserSchema, erasedSchema, exportQuerySchema } from './api/history.ts'
export type { Erased, EraseUser, ExportQuery } from './api/history.ts'
export type {
  History, HistoryQuery, PublishBatchRequest, Published, PublishedBatch, PublishRequest, SearchHit, SearchQuery, SearchResult,
} from './api/events.ts'
export {
  appendLogsSchema, createDeploymentSchema, deploymentAcceptedSchema, deploymentListQuerySchema, deploymentListSchema, deploymentSchema,
  deploymentSnapshotSchema, instanceListSchema, instanceSchema, logPageSchema, logQuerySchema, logsAppendedSchema,
} from './api/deployments.ts'
export type {
  AppendLogs, CreateDeployment, Deployment, DeploymentAccepted, DeploymentList, DeploymentSnapshot, Instance, InstanceList, LogPage, LogsAppended,
} from './api/deployments.ts'
export {
  adminDeploymentListSchema, adminDeploymentQuerySchema, adminInstanceListSchema, adminInstanceQuerySchema, adminOverviewSchema, connectionListSchema, connectionQuerySchema,
  liveChannelListSchema, liveChannelQuerySchema,
} from './api/operations.ts'
export type {
  AdminDeploymentList, AdminDeploymentQuery, AdminInstanceList, AdminInstanceQuery, AdminOverview, ConnectionList, ConnectionQuery, LiveChannelList, LiveChannelQuery,
  LiveConnection, Part,
} from './api/operations.ts'
export { commandSchema, initialAccountSchema, instanceLogQuerySchema, instanceLogSchema, previewQuerySchema, previewSchema, redeploySchema, stackListSchema } from './api/instances.ts'
export type { Command, InitialAccount, InstanceLog, InstanceLogQuery, InstanceLogWish, Preview, PreviewQuery, Redeploy, Stack, StackList } from './api/instances.ts'
export { decimalsOf, formatMoney } from './currency.ts'
export type { MoneyFormat } from './currency.ts'
export {
  billingRecordSchema, billingRecordsSchema, inboxCountSchema, inboxVerbs, notificationPageSchema, notificationQuerySchema, notificationSchema, notificationTypeSchema, putThresholdsSchema,
  readAllSchema, reportUsageSchema, usageReportedSchema, usageStepSchema, usageThresholdsSchema,
} from './api/billing.ts'
export type { BillingRecord, BillingRecords, InboxCount, InboxState, Notification, NotificationPage, NotificationType, ReadAll, ReportUsage, UsageReported, UsageStep, UsageThresholds } from './api/billing.ts'
export { billingCategories, billingPreferencesSchema } from './api/billing-preferences.ts'
export type { BillingCategory, BillingPreferences } from './api/billing-preferences.ts'
export { putBillingPreferencesSchema } from './catalog/billing-preferences.ts'
export type { PutBillingPreferences } from './catalog/billing-preferences.ts'
export {
  createSourceSchema, genericWebhookSchema, putCustomersSchema, rotateSecretSchema, sourceKindSchema, sourceListSchema, sourceSchema, sourceSecretSchema, webhookAnswerSchema,
} from './api/billing-sources.ts'
export type { BillingSource, CreateSource, SourceSecret, WebhookAnswer } from './api/billing-sources.ts'
export { METRICS_LEASE_SECONDS, metricsLeaseSchema, metricsQuerySchema, metricsSeriesSchema, pushMetricsSchema, raiseAlertSchema } from './api/metrics.ts'
export type { MetricsLease, MetricsSeries, PushMetrics, RaiseAlert } from './api/metrics.ts'
export { presenceStatusSchema, userPresenceSchema } from './catalog/presence.ts'
export type { PresenceStatus, UserPresence } from './catalog/presence.ts'
export { connectionIdSchema, presenceListSchema, presenceSettingsSchema, setPresenceSchema, setPresenceSettingsSchema } from './api/presence.ts'
export type { PresenceList, PresenceSettings, SetPresence, SetPresenceSettings } from './api/presence.ts'
export {
  acknowledgeAlertSchema, alertAcknowledgedSchema, alertChannelSchema, alertChannelsSchema, alertDeliveriesSchema, alertDeliverySchema, alertListSchema, alertRulePreviewSchema,
  alertRuleSchema, alertRulesSchema, alertSilenceSchema, alertSilencesSchema, channelMadeSchema, deliveryQuerySchema, keptAlertRuleSchema, makeChannelSchema, makeSilenceSchema, previewAlertRuleSchema,
  putAlertRulesSchema, toldAlertSchema,
} from './api/alerts.ts'
export type {
  AcknowledgeAlert, AlertAcknowledged, AlertChannel, AlertChannels, AlertDeliveries, AlertDelivery, AlertList, AlertRule, AlertRulePreview, AlertRules, AlertSilence, AlertSilences,
  ChannelMade, MakeChannel, MakeSilence, PutAlertRules, ToldAlert,
} from './api/alerts.ts'
export { examEndSchema } from './catalog/exams.ts'
export type { ExamEnd } from './catalog/exams.ts'
export {
  answersSavedSchema, candidateListSchema, createExamSchema, endExamSchema, examListSchema, examPaperSchema, examQuestionSchema, examSchema, examSessionListSchema,
  examSessionSchema, saveAnswersSchema, scheduleExamSchema,
} from './api/exams.ts'
export type {
  AnswersSaved, CandidateList, CreateExam, EndExam, Exam, ExamList, ExamPaper, ExamQuestion, ExamSession, ExamSessionList, SaveAnswers, ScheduleExam,
} from './api/exams.ts'
export { problemSchema } from './api/problem.ts'
export type { Problem } from './api/problem.ts'
export { adminAuditQuerySchema, auditPageSchema, auditQuerySchema, auditVerificationSchema, auditVerificationsSchema } from './api/audit.ts'
export type { AdminAuditQuery, AuditEntry, AuditPage, AuditQuery, AuditVerification, AuditVerifications } from './api/audit.ts'
export {
  accountListSchema, accountSchema, adminCreateApiKeySchema, adminCreateUserSchema, adminListQuerySchema, apiKeyCreatedSchema, apiKeyListSchema,
  changePasswordSchema, createApiKeySchema, createUserSchema, listQuerySchema, putRolesSchema, sessionListSchema, sessionsEndedSchema, userCreatedSchema, userPathSchema,
} from './api/users.ts'
export type {
  Account, AccountList, AdminCreateApiKey, AdminCreateUser, AdminListQuery, ApiKey, ApiKeyCreated, ApiKeyList, ChangePassword, CreateApiKey, CreateUser, ListQuery,
  OpenSession, PutRoles, SessionList, SessionsEnded, UserCreated,
} from './api/users.ts'
export {
  announceSchema, announcementListSchema, createTenantSchema, suspendTenantSchema, tenantCreatedSchema, tenantDetailSchema, tenantListQuerySchema, tenantListSchema,
  tenantQuotasSchema, tenantRemovedSchema,
} from './api/tenants.ts'
export type {
  Announce, AnnouncementList, CreateTenant, SuspendTenant, Tenant, TenantCreated, TenantDetail, TenantList, TenantListQuery, TenantQuotas, TenantRemoved,
} from './api/tenants.ts'
