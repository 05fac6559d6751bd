/** What Grafana shows: dashboards as rows of panels, each a question to Prometheus. */

/** A panel: a title, a unit of Grafana's, and PromQL by legend. */
export interface PanelSpec {
  title: string
  unit: 'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops'
  /** `stat` shows the newest figure. @default 'timeseries' */
  type?: 'stat'
  /** What to know about it. */
  description?: string
  queries: Readonly<Record<string, string>>
}

/** A dashboard by the file it is kept in. */
export interface DashboardSpec {
  title: string
  panels: readonly PanelSpec[]
}

const rate = (metric: string, filter = '', by = ''): string => `sum${by && ` by (${by}) `}(rate(${metric}${filter && `{${filter}}`}[$__rate_interval]))`
/** Share of its promise that something missed, as the alerts look at it. */
const shares = (ratio: string): Readonly<Record<string, string>> => Object.fromEntries(['5m', '30m', '1h', '6h'].map(window => [`over ${window}`, `neo:${ratio}:ratio_rate${window}`]))
const OF_SCALE_OUT = 'Scale-out alone: one process has no nodes.'
const OPT_IN = 'Empty unless event-services run with NEO_TENANT_METRICS=1: the busiest 100 tenants have names, all others are one.'

const quantile = (share: number, metric: string, by = ''): string => `histogram_quantile(${share}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket[$__rate_interval])))`

/** Every dashboard; the names are those that alerts point to. */
export const dashboards: Readonly<Record<string, DashboardSpec>> = {
  'overview': { title: 'NEO_STACK Events: overview', panels: [
    { title: 'Parts that answer', unit: 'short', type: 'stat', queries: { '{{job}}': 'sum by (job) (up{job!="tenants"})' } },
    { title: 'Version', unit: 'short', type: 'stat', queries: { '{{version}} {{column}}': 'count by (version, column) (service_info)' } },
    { title: 'Events accepted', unit: 'ops', queries: { '{{family}}': rate('events_published_total', '', 'family') } },
    { title: 'Time to commit', unit: 's', queries: { p50: quantile(0.5, 'event_publish_duration_seconds'), p99: quantile(0.99, 'event_publish_duration_seconds') } },
    { title: 'Requests by status', unit: 'reqps', queries: { '{{status}}': rate('http_requests_total', '', 'status') } },
    { title: 'Share of publishes that failed', unit: 'percentunit', queries: shares('publish_errors') },
    { title: 'Share of requests that failed', unit: 'percentunit', queries: shares('api_errors') },
    { title: 'Time of requests, p99', unit: 's', queries: { '{{route}}': `topk(8, ${quantile(0.99, 'http_request_duration_seconds', 'route')})` } },
    { title: 'Problems by code', unit: 'ops', queries: { '{{code}}': rate('http_problems_total', '', 'code') } },
    { title: 'Until the public certificate ends', unit: 's', type: 'stat', description: 'Empty unless NEO_PUBLIC_URL is https.', queries: { 'until it ends': 'min(public_certificate_expiry_timestamp_seconds) - time()', 'seen': 'min(public_certificate_seen)' } },
    { title: 'Sign-ins', unit: 'ops', queries: { '{{outcome}}': rate('sign_ins_total', '', 'outcome') } },
    { title: 'Faults of background tasks', unit: 'ops', queries: { faults: rate('background_faults_total') } },
  ] },
  'realtime': { title: 'NEO_STACK Events: realtime', panels: [
    { title: 'Connections', unit: 'short', queries: { connections: 'max(active_connections)', channels: 'max(active_channels)' } },
    { title: 'Clients by node', unit: 'short', queries: { '{{instance}}': 'centrifugo_node_num_clients' } },
    { title: 'Nodes that answer', unit: 'short', type: 'stat', description: OF_SCALE_OUT, queries: { '{{instance}}': 'up{job="centrifugo"}' } },
    { title: 'Delivery by node, as canaries see it', unit: 'short', description: `1 while what services publish arrives at their sockets on the node. ${OF_SCALE_OUT}`, queries: { '{{node}}': 'min by (node) (delivery_canary_ok)' } },
    { title: 'Messages sent', unit: 'ops', queries: { '{{transport}} {{frame_type}}': rate('centrifugo_transport_messages_sent', '', 'transport, frame_type') } },
    { title: 'Handing over to realtime', unit: 's', queries: { p50: quantile(0.5, 'realtime_delivery_duration_seconds'), p99: quantile(0.99, 'realtime_delivery_duration_seconds') } },
    { title: 'Outbox', unit: 'short', queries: { rows: 'max(outbox_rows)', 'oldest, seconds': 'max(outbox_oldest_row_seconds)' } },
    { title: 'Painted in the browser (estimate)', unit: 's', queries: { p50: quantile(0.5, 'event_paint_duration_seconds'), p99: quantile(0.99, 'event_paint_duration_seconds') } },
    { title: 'Share painted later than a second', unit: 'percentunit', queries: shares('paint_slow') },
    { title: 'Recoveries from history', unit: 'ops', queries: { '{{outcome}}': rate('history_recoveries_total', '', 'outcome') } },
    { title: 'Connections accepted', unit: 'ops', queries: { accepted: rate('centrifugo_client_connections_accepted') } },
    { title: 'Connections ended by the server', unit: 'ops', description: '3008: slow readers. 3500: tokens that are not valid. 3503: revoked.', queries: { '{{code}}': rate('centrifugo_client_num_server_disconnects', '', 'code') } },
    { title: 'Commands that were refused', unit: 'ops', description: '103: no right. 109: a token that has run out; its client fetches another.', queries: { '{{method}} {{code}}': rate('centrifugo_client_num_reply_errors', '', 'method, code') } },
    { title: 'Presence: ends, and those by silence', unit: 'ops', queries: { ends: rate('presence_ends_total'), 'by silence': rate('presence_silent_ends_total') } },
    { title: 'Cutting who was revoked, p99', unit: 's', queries: { p99: quantile(0.99, 'revocation_cut_duration_seconds') } },
  ] },
  'tenants': { title: 'NEO_STACK Events: tenants', panels: [
    { title: 'Events by tenant, the busiest 20', unit: 'ops', description: OPT_IN, queries: { '{{tenant}}': 'topk(20, sum by (tenant) (rate(tenant_events_published{tenant!="other"}[$__rate_interval])))' } },
    { title: 'Share of the busiest tenant', unit: 'percentunit', description: OPT_IN, queries: { share: 'max(sum by (tenant) (rate(tenant_events_published{tenant!="other"}[$__rate_interval]))) / sum(rate(events_published_total[$__rate_interval]))' } },
    { title: 'Events by family and type', unit: 'ops', queries: { '{{family}} {{type}}': rate('events_published_total', '', 'family, type') } },
    { title: 'Size of events', unit: 'bytes', queries: { p50: quantile(0.5, 'event_size_bytes'), p99: quantile(0.99, 'event_size_bytes') } },
    { title: 'Received in browsers (estimate)', unit: 'ops', queries: { '{{family}}': rate('events_received_total', '', 'family') } },
    { title: 'Refused: over a limit, without right', unit: 'ops', queries: { '{{code}}': rate('http_problems_total', 'code=~"rate_limited|forbidden|not_found"', 'code') } },
    { title: 'Revocations', unit: 'ops', queries: { '{{kind}}': rate('revocations_total', '', 'kind') } },
  ] },
  'deployments': { title: 'NEO_STACK Events: deployments and logs', panels: [
    { title: 'Deployers that answer', unit: 'short', type: 'stat', description: OF_SCALE_OUT, queries: { '{{instance}}': 'up{job="stack-deployer"}' } },
    { title: 'Jobs', unit: 'short', queries: { '{{state}}': 'max by (state) (job_queue_jobs)' } },
    { title: 'Oldest job that could run', unit: 's', queries: { oldest: 'max(job_queue_oldest_seconds)' } },
    { title: 'Deployment events', unit: 'ops', queries: { '{{type}}': rate('events_published_total', 'family="deployments"', 'type') } },
    { title: 'Log chunks', unit: 'ops', queries: { '{{type}}': rate('events_published_total', 'type="deployment_log"', 'type') } },
    { title: 'Commands', unit: 'reqps', queries: { '{{method}} {{route}} {{status}}': rate('http_requests_total', 'route=~".*/deployments.*"', 'method, route, status') } },
  ] },
  'billing-and-alerts': { title: 'NEO_STACK Events: billing and alerts', panels: [
    { title: 'Billing events', unit: 'ops', queries: { '{{type}}': rate('events_published_total', 'family="billing"', 'type') } },
    { title: 'Webhooks', unit: 'ops', queries: { '{{outcome}}': rate('webhook_requests_total', '', 'outcome') } },
    { title: 'Alerts of tenants and operators', unit: 'ops', queries: { '{{family}} {{type}}': rate('events_published_total', 'type=~"alert.*"', 'family, type') } },
    { title: 'Messages to channels and mailboxes', unit: 'ops', queries: { '{{kind}} {{outcome}}': rate('outbound_messages_total', '', 'kind, outcome') } },
    { title: 'Inbox, usage and rules', unit: 'reqps', queries: { '{{route}} {{status}}': rate('http_requests_total', 'route=~".*/(billing|usage|alerts|alert-rules).*"', 'route, status') } },
  ] },
  'database-queue-node': { title: 'NEO_STACK Events: database, queue, Node', panels: [
    { title: 'Database answers', unit: 'short', type: 'stat', queries: { '{{instance}}': 'database_up' } },
    { title: 'Transactions', unit: 'ops', queries: { '{{scope}}': rate('database_transaction_duration_seconds_count', '', 'scope') } },
    { title: 'Time of transactions', unit: 's', queries: { p50: quantile(0.5, 'database_transaction_duration_seconds'), p99: quantile(0.99, 'database_transaction_duration_seconds') } },
    { title: 'Transactions that faults rolled back', unit: 'ops', queries: { '{{scope}}': rate('database_transaction_failures_total', '', 'scope') } },
    { title: 'Channels behind in search', unit: 'short', queries: { channels: 'max(search_index_behind_channels)' } },
    { title: 'Event loop, p99', unit: 's', queries: { '{{job}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds' } },
    { title: 'CPU', unit: 'percentunit', queries: { '{{job}} {{instance}}': 'rate(process_cpu_seconds_total[$__rate_interval])' } },
    { title: 'Memory', unit: 'bytes', queries: { '{{job}} {{instance}}': 'process_resident_memory_bytes' } },
    { title: 'Open files', unit: 'short', queries: { '{{job}} {{instance}}': 'process_open_fds' } },
    { title: 'Size of the database', unit: 'bytes', description: 'Tables and indexes. In scale-out nothing here sees how much is free on PostgreSQL\'s disk.', queries: { size: 'max(database_size_bytes)' } },
    { title: 'Free disk of the data folder', unit: 'bytes', queries: { '{{instance}}': 'data_folder_free_bytes' } },
  ] },
}
