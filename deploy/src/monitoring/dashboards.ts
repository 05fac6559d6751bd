/** What Grafana shows: dashboards as rows of panels, each a question to Prometheus. */

/** A panel: a title, a unit of Grafana's, and PromQL by legend. */
export interface PanelSpec {
  title: string
  unit: 'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops'
  /** `stat` shows the newest figure. @default 'timeseries' */
  type?: 'stat'
  queries: Readonly<Record<string, string>>
}

/** A dashboard by the file it is kept in. */
export interface DashboardSpec {
  title: string
  panels: readonly PanelSpec[]
}

const rate = (metric: string, filter = '', by = ''): string => `sum${by && ` by (${by}) `}(rate(${metric}${filter && `{${filter}}`}[$__rate_interval]))`
const quantile = (share: number, metric: string, by = ''): string => `histogram_quantile(${share}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket[$__rate_interval])))`

/** Every dashboard; the names are those that alerts point to. */
export const dashboards: Readonly<Record<string, DashboardSpec>> = {
  'overview': { title: 'NEO_STACK Events: overview', panels: [
    { title: 'Parts that answer', unit: 'short', type: 'stat', queries: { '{{job}}': 'sum by (job) (up)' } },
    { title: 'Version', unit: 'short', type: 'stat', queries: { '{{version}} {{column}}': 'count by (version, column) (service_info)' } },
    { title: 'Events accepted', unit: 'ops', queries: { '{{family}}': rate('events_published_total', '', 'family') } },
    { title: 'Time to commit', unit: 's', queries: { p50: quantile(0.5, 'event_publish_duration_seconds'), p99: quantile(0.99, 'event_publish_duration_seconds') } },
    { title: 'Requests by status', unit: 'reqps', queries: { '{{status}}': rate('http_requests_total', '', 'status') } },
    { title: 'Time of requests, p99', unit: 's', queries: { '{{route}}': `topk(8, ${quantile(0.99, 'http_request_duration_seconds', 'route')})` } },
    { title: 'Problems by code', unit: 'ops', queries: { '{{code}}': rate('http_problems_total', '', 'code') } },
    { title: 'Sign-ins', unit: 'ops', queries: { '{{outcome}}': rate('sign_ins_total', '', 'outcome') } },
    { title: 'Faults of background tasks', unit: 'ops', queries: { faults: rate('background_faults_total') } },
  ] },
  'realtime': { title: 'NEO_STACK Events: realtime', panels: [
    { title: 'Connections', unit: 'short', queries: { connections: 'max(active_connections)', channels: 'max(active_channels)' } },
    { title: 'Clients by node', unit: 'short', queries: { '{{instance}}': 'centrifugo_node_num_clients' } },
    { title: 'Messages sent', unit: 'ops', queries: { '{{transport}} {{frame_type}}': rate('centrifugo_transport_messages_sent', '', 'transport, frame_type') } },
    { title: 'Handing over to realtime', unit: 's', queries: { p50: quantile(0.5, 'realtime_delivery_duration_seconds'), p99: quantile(0.99, 'realtime_delivery_duration_seconds') } },
    { title: 'Outbox', unit: 'short', queries: { rows: 'max(outbox_rows)', 'oldest, seconds': 'max(outbox_oldest_row_seconds)' } },
    { title: 'Painted in the browser (estimate)', unit: 's', queries: { p50: quantile(0.5, 'event_paint_duration_seconds'), p99: quantile(0.99, 'event_paint_duration_seconds') } },
    { title: 'Recoveries from history', unit: 'ops', queries: { '{{outcome}}': rate('history_recoveries_total', '', 'outcome') } },
    { title: 'Connections accepted', unit: 'ops', queries: { accepted: rate('centrifugo_client_connections_accepted') } },
    { title: 'Presence: ends, and those by silence', unit: 'ops', queries: { ends: rate('presence_ends_total'), 'by silence': rate('presence_silent_ends_total') } },
    { title: 'Cutting who was revoked, p99', unit: 's', queries: { p99: quantile(0.99, 'revocation_cut_duration_seconds') } },
  ] },
  'tenants': { title: 'NEO_STACK Events: tenants', panels: [
    { title: 'Events by family and type', unit: 'ops', queries: { '{{family}} {{type}}': rate('events_published_total', '', 'family, type') } },
    { title: 'Size of events', unit: 'bytes', queries: { p50: quantile(0.5, 'event_size_bytes'), p99: quantile(0.99, 'event_size_bytes') } },
    { title: 'Received in browsers (estimate)', unit: 'ops', queries: { '{{family}}': rate('events_received_total', '', 'family') } },
    { title: 'Refused: over a limit, without right', unit: 'ops', queries: { '{{code}}': rate('http_problems_total', 'code=~"rate_limited|forbidden|not_found"', 'code') } },
    { title: 'Revocations', unit: 'ops', queries: { '{{kind}}': rate('revocations_total', '', 'kind') } },
  ] },
  'deployments': { title: 'NEO_STACK Events: deployments and logs', panels: [
    { title: 'Jobs', unit: 'short', queries: { '{{state}}': 'max by (state) (job_queue_jobs)' } },
    { title: 'Oldest waiting job', unit: 's', queries: { oldest: 'max(job_queue_oldest_seconds)' } },
    { title: 'Deployment events', unit: 'ops', queries: { '{{type}}': rate('events_published_total', 'family="deployments"', 'type') } },
    { title: 'Log chunks', unit: 'ops', queries: { '{{type}}': rate('events_published_total', 'type="deployment_log"', 'type') } },
    { title: 'Commands', unit: 'reqps', queries: { '{{method}} {{route}} {{status}}': rate('http_requests_total', 'route=~".*/deployments.*"', 'method, route, status') } },
  ] },
  'billing-and-alerts': { title: 'NEO_STACK Events: billing and alerts', panels: [
    { title: 'Billing events', unit: 'ops', queries: { '{{type}}': rate('events_published_total', 'family="billing"', 'type') } },
    { title: 'Webhooks', unit: 'ops', queries: { '{{outcome}}': rate('webhook_requests_total', '', 'outcome') } },
    { title: 'Alerts of tenants and operators', unit: 'ops', queries: { '{{family}} {{type}}': rate('events_published_total', 'type=~"alert.*"', 'family, type') } },
    { title: 'Inbox, usage and rules', unit: 'reqps', queries: { '{{route}} {{status}}': rate('http_requests_total', 'route=~".*/(billing|usage|alerts|alert-rules).*"', 'route, status') } },
  ] },
  'database-queue-node': { title: 'NEO_STACK Events: database, queue, Node', panels: [
    { title: 'Database answers', unit: 'short', type: 'stat', queries: { '{{instance}}': 'database_up' } },
    { title: 'Transactions', unit: 'ops', queries: { '{{scope}}': rate('database_transaction_duration_seconds_count', '', 'scope') } },
    { title: 'Time of transactions', unit: 's', queries: { p50: quantile(0.5, 'database_transaction_duration_seconds'), p99: quantile(0.99, 'database_transaction_duration_seconds') } },
    { title: 'Channels behind in search', unit: 'short', queries: { channels: 'max(search_index_behind_channels)' } },
    { title: 'Event loop, p99', unit: 's', queries: { '{{job}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds' } },
    { title: 'CPU', unit: 'percentunit', queries: { '{{job}} {{instance}}': 'rate(process_cpu_seconds_total[$__rate_interval])' } },
    { title: 'Memory', unit: 'bytes', queries: { '{{job}} {{instance}}': 'process_resident_memory_bytes' } },
    { title: 'Open files', unit: 'short', queries: { '{{job}} {{instance}}': 'process_open_fds' } },
    { title: 'Free disk of the data folder', unit: 'bytes', queries: { '{{instance}}': 'data_folder_free_bytes' } },
  ] },
}
