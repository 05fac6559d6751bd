/** Every metric of our own, each with labels that cannot explode: families, types, codes and routes, never a channel or a tenant. */

import { errorCodes, eventTypes } from '@neo-stack/events'
import { messageKinds, messageOutcomes } from '../outbound/outcome.ts'

/** Node's default metrics come beside them, and in one process with the engine its metrics under Centrifugo's names. */
export const metricsReference = [
  { name: 'events_published_total', type: 'counter', help: 'Events accepted', labels: ['family', 'type'] },
  { name: 'events_received_total', type: 'counter', help: 'Events that browsers received: an estimate from the sessions that report', labels: ['family', 'type'] },
  { name: 'event_paint_duration_seconds', type: 'histogram', help: 'Time from an event to the frame that showed it, as sampled browsers say', labels: [] },
  { name: 'event_size_bytes', type: 'histogram', help: 'Size of accepted events as JSON', labels: [] },
  { name: 'event_publish_duration_seconds', type: 'histogram', help: 'Time from request to commit of a publish', labels: [] },
  { name: 'active_connections', type: 'gauge', help: 'Open realtime connections; told by one process of an installation', labels: [] },
  { name: 'active_channels', type: 'gauge', help: 'Channels with a subscriber; told by one process of an installation', labels: [] },
  { name: 'realtime_delivery_duration_seconds', type: 'histogram', help: 'Time that handing committed events over to realtime takes', labels: [] },
  { name: 'realtime_deliveries_total', type: 'counter', help: 'Events handed over to realtime, those of the outbox not included', labels: ['family', 'type'] },
  { name: 'outbox_rows', type: 'gauge', help: 'Scale-out: events that wait for Centrifugo', labels: [] },
  { name: 'outbox_oldest_row_seconds', type: 'gauge', help: 'Scale-out: how long the oldest event has waited for Centrifugo; more than 5 means that no node reads', labels: [] },
  { name: 'delivery_canary_ok', type: 'gauge', help: 'Scale-out: 1 while what this process publishes reaches its own socket on a Centrifugo node', labels: ['node'] },
  { name: 'history_recoveries_total', type: 'counter', help: 'Clients that asked for what came after a place: ok, trimmed, refused or failed', labels: ['outcome'] },
  { name: 'presence_ends_total', type: 'counter', help: 'Presence connections that ended', labels: [] },
  { name: 'presence_silent_ends_total', type: 'counter', help: 'Presence connections that ended because nothing was heard of them', labels: [] },
  { name: 'revocations_total', type: 'counter', help: 'Cuts that were asked for after a revocation of a user, session or tenant, repeats included', labels: ['kind'] },
  { name: 'revocation_cut_duration_seconds', type: 'histogram', help: 'Time from a revocation to the cut of its sockets', labels: [] },
  { name: 'webhook_requests_total', type: 'counter', help: 'Webhooks of billing systems: accepted, refused or failed', labels: ['outcome'] },
  { name: 'outbound_messages_total', type: 'counter', help: 'Attempts to send an alert to a channel or an e-mail of the inbox: sent, failed and tried again, or given_up; a message that is given up untried, because too many wait for its channel, is none', labels: ['kind', 'outcome'] },
  { name: 'sign_ins_total', type: 'counter', help: 'Attempts to sign in: accepted, refused or failed', labels: ['outcome'] },
  { name: 'http_requests_total', type: 'counter', help: 'HTTP requests; whoever asks an address that is none, or with a method that it has not, asks the route unknown', labels: ['method', 'route', 'status'] },
  { name: 'http_request_duration_seconds', type: 'histogram', help: 'Time of HTTP requests', labels: ['route'] },
  { name: 'http_problems_total', type: 'counter', help: 'Answers that were a problem, by its code', labels: ['code'] },
  { name: 'database_up', type: 'gauge', help: '1 while the database answers', labels: [] },
  { name: 'database_transaction_duration_seconds', type: 'histogram', help: 'Time of transactions, waiting for a connection included', labels: ['scope'] },
  { name: 'database_transaction_failures_total', type: 'counter', help: 'Transactions that were rolled back by a fault', labels: ['scope'] },
  { name: 'job_queue_jobs', type: 'gauge', help: 'Jobs of deployments: waiting, running, or failed and still kept', labels: ['state'] },
  { name: 'job_queue_oldest_seconds', type: 'gauge', help: 'How long the oldest job has waited that could run now: neither another of its instance nor its tenant\'s limit holds it up', labels: [] },
  { name: 'database_size_bytes', type: 'gauge', help: 'What the database takes on its disk, indexes included, write-ahead log not; told by one process of an installation', labels: [] },
  { name: 'public_certificate_expiry_timestamp_seconds', type: 'gauge', help: 'When the certificate ends that NEO_PUBLIC_URL shows, in seconds since 1970; looked at hourly by one process of an installation, and only where the address is https', labels: [] },
  { name: 'public_certificate_seen', type: 'gauge', help: '1 while the last look at that certificate succeeded', labels: [] },
  { name: 'search_index_behind_channels', type: 'gauge', help: 'Channels whose newest events are not in the search index yet', labels: [] },
  { name: 'data_folder_free_bytes', type: 'gauge', help: 'Free space where the data folder is; without one no number', labels: [] },
  { name: 'background_faults_total', type: 'counter', help: 'Faults of background tasks, which go on by themselves', labels: [] },
  { name: 'service_info', type: 'gauge', help: 'Version of the service and column it runs in; always 1', labels: ['version', 'column'] },
] as const

/** Name of a metric. */
export type MetricName = (typeof metricsReference)[number]['name']

const outcomes = (...values: string[]): Labels[] => values.map(outcome => ({ outcome }))

/** Values of a counter's labels. */
export type Labels = Readonly<Record<string, string>>

/** Series of counters whose labels have few and known values: they stand at 0 from the start, because the growth of a series that begins with 1 is not seen. */
export const knownSeries: Readonly<Partial<Record<MetricName, readonly Labels[]>>> = {
  events_published_total: Object.values(eventTypes).flatMap(({ type, families }) => families.map(family => ({ family, type }))),
  history_recoveries_total: outcomes('ok', 'trimmed', 'refused', 'failed'),
  revocations_total: ['session', 'user', 'tenant'].map(kind => ({ kind })),
  webhook_requests_total: outcomes('accepted', 'refused', 'failed'),
  outbound_messages_total: messageKinds.flatMap(kind => messageOutcomes.map(outcome => ({ kind, outcome }))),
  sign_ins_total: outcomes('accepted', 'refused', 'failed'),
  http_problems_total: Object.keys(errorCodes).map(code => ({ code })),
  database_transaction_failures_total: ['tenant', 'system'].map(scope => ({ scope })),
}
