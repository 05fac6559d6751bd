/** What the module gives to an app, by name. */

/** Composables and functions, and the file under `runtime/` each stands in. */
export const composables: Record<string, string> = {
  useNeoClient: 'client.ts',
  useSession: 'composables/use-session.ts',
  useConnection: 'composables/use-connection.ts',
  useBillingEvents: 'composables/use-billing-events.ts',
  useDeploymentEvents: 'composables/use-deployment-events.ts',
  useDeploymentSteps: 'composables/use-deployment-steps.ts',
  useDeploymentLog: 'composables/use-deployment-log.ts',
  useWholeLog: 'composables/use-whole-log.ts',
  useEventHistory: 'composables/use-event-history.ts',
  useExamSession: 'composables/use-exam-session.ts',
  useExamSessions: 'composables/use-exam-sessions.ts',
  useInstances: 'composables/use-instances.ts',
  usePresenceEvents: 'composables/use-presence-events.ts',
  usePresenceWords: 'composables/use-presence-words.ts',
  useHeartbeat: 'composables/use-heartbeat.ts',
  useComings: 'composables/use-comings.ts',
  useRecentEvents: 'composables/use-recent-events.ts',
  useTenantAlerts: 'composables/use-tenant-alerts.ts',
  useNotices: 'composables/use-notices.ts',
  useRealtimeMetrics: 'composables/use-realtime-metrics.ts',
  usePercent: 'composables/use-percent.ts',
  useLanguage: 'composables/use-language.ts',
  useSentences: 'composables/use-sentences.ts',
  useNow: 'composables/use-times.ts',
  useTimes: 'composables/use-times.ts',
  useWhileVisible: 'composables/use-while-visible.ts',
  toLevel: 'metrics/thresholds.ts',
  toRate: 'metrics/series.ts',
  toStackLabel: 'deployments/stacks.ts',
  copyText: 'copy.ts',
}

/** Components, each `runtime/components/<Name>.vue`. */
export const components: readonly string[] = [
  'AlertList', 'BillingBadge', 'BillingInvoice', 'BillingNotifications', 'BillingOverview', 'BillingPreferences', 'BillingThresholds', 'ConnectionStatus', 'DeploymentActions', 'DeploymentCard', 'DeploymentList', 'DeploymentMonitor', 'DeploymentProgress',
  'DeploymentSteps', 'EventHistory', 'ExamTimer', 'FeedNotice', 'InstanceActions', 'LogViewer', 'NewDeployment', 'PresenceFace', 'PresenceFaces', 'ProgressBar', 'RealTimeDashboard', 'SimulatedBadge', 'StatusBadge', 'UserPresence', 'VirtualRows',
]
