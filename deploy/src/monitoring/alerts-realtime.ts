/** Alerts of what brings events to people. */

import { CANARY_EVERY_MS } from '@neo-stack/event-service'
import type { Alert, Samples } from './alert.ts'

/** Publications a second that all sockets are sent; until the first one there is no such series. */
const SENT = '(sum(rate(centrifugo_transport_messages_sent{frame_type="push_publication"}[5m])) or vector(0))'

/** Those of them that canaries are sent, each on its sockets that hear, with a tenth for the edges of the window. */
const TO_CANARIES = `1100 / ${CANARY_EVERY_MS} * (sum(avg_over_time(delivery_canary_ok[5m])) or vector(0))`

/** Two events a second, and 54 sockets of which four are canaries', one of each of two services on each of two nodes. */
const published: Samples = { 'events_published_total{job="event-service",instance="a",family="deployments",type="deployment_log"}': '0+120x40' }
const samples: Samples = { 'events_published_total{job="event-service",instance="a",family="metrics",type="metrics_update"}': '0+120x40' }
const people: Samples = { 'centrifugo_node_num_clients{job="centrifugo",instance="a"}': '27x40', 'centrifugo_node_num_clients{job="centrifugo",instance="b"}': '27x40' }
const canaries = (isHeard: 0 | 1): Samples => Object.fromEntries(['a', 'b'].flatMap(service => ['n1', 'n2'].map(node => [`delivery_canary_ok{job="event-service",instance="${service}",node="${node}"}`, `${isHeard}x40`])))
/** What those four are sent in a minute. */
const TO_FOUR = `0+${4 * 60_000 / CANARY_EVERY_MS}x40`
const sent = (frame: 'push_publication' | 'server_ping'): string => `centrifugo_transport_messages_sent{job="centrifugo",instance="a",transport="websocket",frame_type="${frame}",channel_namespace=""}`

const replyErrors = (method: string, code: string): string => `centrifugo_client_num_reply_errors{job="centrifugo",instance="a",method="${method}",code="${code}",channel_namespace=""}`

export const realtimeAlerts: readonly Alert[] = [
  {
    name: 'CentrifugoDown', expr: 'up{job="centrifugo"} == 0', for: '30s', severity: 'page', dashboard: 'realtime',
    summary: 'A Centrifugo node does not answer.',
    runbook: {
      means: 'One node is away. Its clients go to the other one and fetch what they missed.', feels: 'A moment of "reconnecting" for half of the people.',
      look: ['The node\'s process and log.', '`centrifugo_node_num_clients` of the other node: can it carry all of them?'], act: ['Start it again: it needs Redis and its configuration, nothing else.'],
    },
    fires: { samples: { 'up{job="centrifugo",instance="a"}': '1x5 0x30' }, labels: { job: 'centrifugo', instance: 'a' } },
    quiet: { 'up{job="centrifugo",instance="a"}': '1x40' },
  },
  {
    name: 'OutboxStalled', expr: 'max(outbox_oldest_row_seconds) > 5', for: '30s', severity: 'page', dashboard: 'realtime',
    summary: 'Events wait in the outbox: no Centrifugo node reads it.',
    runbook: {
      means: 'Committed events are not delivered. They are kept in order and delivered as soon as a node reads again.', feels: 'Pages stand still although they say "live"; loading anew shows everything.',
      look: ['`up{job="centrifugo"}`.', 'Centrifugo\'s log for `consumer`: its database role, its password, a row it cannot deliver (Redis away).', '`select pid, state, query from pg_stat_activity` for a session that holds a partition.'],
      act: ['Bring Redis back: the consumer goes on by itself within seconds.', 'End a session that holds a partition and does nothing: `select pg_terminate_backend(pid)`.', 'Restart the nodes one after the other.'],
    },
    fires: { samples: { 'outbox_oldest_row_seconds{job="event-service",instance="a"}': '0+60x40' } },
    quiet: { 'outbox_oldest_row_seconds{job="event-service",instance="a"}': '0.2x40' },
  },
  {
    name: 'OutboxGrowing', expr: 'max(outbox_rows) > 1000 and max(deriv(outbox_rows[10m])) > 0', for: '5m', severity: 'ticket', dashboard: 'realtime',
    summary: 'More events are published than Centrifugo takes.',
    runbook: {
      means: 'The outbox is read, but slower than it grows.', feels: 'Live updates are late by a growing time.',
      look: ['`rate(events_published_total[5m])` by type: is there a flood?', 'CPU of the Centrifugo nodes and of Redis.'], act: ['Stop the flood by its tenant\'s quota.', 'Add a Centrifugo node: partitions are shared among the nodes.'],
    },
    fires: { samples: { 'outbox_rows{job="event-service",instance="a"}': '1000+500x40' } },
    quiet: ['5000-100x40', '0+10x40'].map(values => ({ 'outbox_rows{job="event-service",instance="a"}': values })),
  },
  {
    name: 'DeliveryStopped', expr: `sum(rate(events_published_total{family!~"admin.*|metrics"}[5m])) > 0.5 and sum(centrifugo_node_num_clients) - (sum(delivery_canary_ok) or vector(0)) > 10 and ${SENT} <= ${TO_CANARIES}`, for: '5m', severity: 'ticket', dashboard: 'realtime',
    summary: 'Events are published and people are connected, but nothing is sent to them.',
    runbook: {
      means: 'Everything looks healthy and nothing arrives at people, at most what the services\' canaries publish for themselves: channels of people alone are concerned, or there is no canary. Samples do not count, which are taken whether anybody looks or not. DeliveryCanaryRed wakes somebody where nothing arrives at all.', feels: 'Pages stand still and say "live".',
      look: ['Is anybody subscribed to what is published? `events_published_total` by family and type: a log that only a program writes and nobody has open is no fault.', '`outbox_oldest_row_seconds`: 0 means that rows are read.', '`delivery_canary_ok` by node: where it is 0, not even the canary arrives; where it is 1, channels of people alone are concerned.', 'Redis: `pubsub numsub`, `client list`.', 'A page of your own: does publishing by hand appear?'], act: ['Restart the Centrifugo nodes one after the other: clients fetch what they missed.'],
    },
    fires: [
      { samples: { ...published, ...people, ...canaries(1), [sent('push_publication')]: TO_FOUR, [sent('server_ping')]: '0+120x40' } },
      { samples: { ...published, ...people, ...canaries(0), [sent('push_publication')]: '900x40', [sent('server_ping')]: '0+120x40' } },
      // Canaries that hear nothing hold no sockets for long: these are people's.
      { samples: { ...published, ...canaries(0), 'centrifugo_node_num_clients{job="centrifugo",instance="a"}': '12x40', [sent('push_publication')]: '900x40' } },
      // Nodes that have sent nothing since they started, and none of whose readers is a canary.
      { samples: { ...published, ...people, [sent('server_ping')]: '0+120x40' } },
    ],
    quiet: [
      { ...published, ...people, ...canaries(1), [sent('push_publication')]: '0+140x40' },
      { ...published, ...people, [sent('push_publication')]: '0+1x40' },
      { ...published, ...canaries(1), 'centrifugo_node_num_clients{job="centrifugo",instance="a"}': '12x40', [sent('push_publication')]: TO_FOUR },
      { ...people, ...canaries(1), [sent('push_publication')]: TO_FOUR },
      { ...samples, ...people, ...canaries(1), [sent('push_publication')]: TO_FOUR },
    ],
  },
  {
    name: 'DeliveryCanaryRed', expr: 'min by (node) (delivery_canary_ok) == 0', for: '30s', severity: 'page', dashboard: 'realtime',
    summary: 'What is published does not arrive at a Centrifugo node\'s sockets.',
    runbook: {
      means: 'Each service publishes every 3 s through the outbox and listens on every node. For 10 s nothing of it has come through this node: it is away, deaf to Redis, or nobody reads the outbox.',
      feels: 'Pages on this node stand still although their sockets are open; what they missed they find when it delivers again.',
      look: ['One node or all: one is the node\'s own, all are Redis, the outbox (`outbox_oldest_row_seconds`) or the database.', 'The node\'s log for `redis` and `consumer`.', 'Redis as its user `operator`: `client list type pubsub` has a connection of each node, `pubsub numsub`.'],
      act: ['Restart the node: its clients go to the other one and fetch what they missed.', 'All nodes: bring Redis or the database back; delivery goes on by itself.'],
    },
    fires: { samples: { 'delivery_canary_ok{job="event-service",instance="a",node="n1"}': '0x40', 'delivery_canary_ok{job="event-service",instance="a",node="n2"}': '1x40' }, labels: { node: 'n1' } },
    quiet: { 'delivery_canary_ok{job="event-service",instance="a",node="n1"}': '1x40' },
  },
  {
    name: 'SlowConsumers', expr: 'sum(rate(centrifugo_client_num_server_disconnects{code="3008"}[5m])) > 0.2', for: '5m', severity: 'ticket', dashboard: 'realtime',
    summary: 'Readers are cut because they do not keep up.',
    runbook: {
      means: 'Connections are closed with 3008: more than their queue holds was waiting.', feels: 'On a bad network the page reconnects every now and then and fetches what it missed.',
      look: ['`events_published_total` by type: a log that floods?', 'One network or all of them: addresses in the gateway\'s log.'], act: ['A flood: the tenant\'s quota. Bad networks: nothing, the feed fills its holes.'],
    },
    fires: { samples: { 'centrifugo_client_num_server_disconnects{job="centrifugo",instance="a",code="3008"}': '0+60x40' } },
    quiet: { 'centrifugo_client_num_server_disconnects{job="centrifugo",instance="a",code="3008"}': '0+1x40', 'centrifugo_client_num_server_disconnects{job="centrifugo",instance="a",code="3001"}': '0+600x40' },
  },
  {
    name: 'RealtimeTokensRefused', expr: '(sum(rate(centrifugo_client_num_server_disconnects{code="3500"}[5m])) or vector(0)) + (sum(rate(centrifugo_client_num_reply_errors{code=~"103|109",method=~"connect|subscribe"}[5m])) or vector(0)) > 1', for: '5m', severity: 'ticket', dashboard: 'realtime',
    summary: 'More than one token a second is refused where sockets are taken.',
    runbook: {
      means: 'Tokens of connections or subscriptions are not valid (3500, 103) or have run out when they arrive (109): nodes check against other keys than services sign with, a clock is off by more than the 60 s that a token lives, or somebody guesses.',
      feels: 'Pages stay at "reconnecting", or some of their channels do not come.',
      look: ['The panels "Connections ended by the server" and "Commands that were refused": which code?', 'Centrifugo\'s log for `invalid token` and `jwks`: does it reach `/.well-known/jwks.json` through the gateway?', 'The clocks of nodes and services against each other.'],
      act: ['109: set the clock. 3500 after a rotation of keys: restart the nodes, so that they fetch the keys anew.', 'One address only: block it at the gateway.'],
    },
    fires: [
      { samples: { 'centrifugo_client_num_server_disconnects{job="centrifugo",instance="a",code="3500"}': '0+120x40' } },
      { samples: { [replyErrors('connect', '109')]: '0+120x40' } },
      { samples: { [replyErrors('subscribe', '103')]: '0+120x40' } },
    ],
    quiet: { 'centrifugo_client_num_server_disconnects{job="centrifugo",instance="a",code="3008"}': '0+600x40', [replyErrors('connect', '109')]: '0+30x40', [replyErrors('publish', '103')]: '0+600x40' },
  },
  {
    name: 'ReconnectStorm', expr: 'sum(rate(centrifugo_client_connections_accepted[2m])) > 0.5 * sum(centrifugo_node_num_clients) / 60 and sum(centrifugo_node_num_clients) > 100', for: '5m', severity: 'ticket', dashboard: 'realtime',
    summary: 'Half of all connections are made anew every minute.',
    runbook: {
      means: 'Clients come and go: a gateway that cuts idle connections, a load balancer that restarts, a token that is refused.', feels: 'Pages flicker between "live" and "reconnecting".',
      look: ['`centrifugo_client_num_server_disconnects` by code.', 'The gateway\'s timeouts: longer than the 25 s of a ping.', '`http_problems_total` around `/v1/realtime/connection-token`.'], act: ['Set the gateway\'s read timeout to 60 s or more.', 'See RealtimeTokensRefused and TokensRefused.'],
    },
    fires: { samples: { 'centrifugo_client_connections_accepted{job="centrifugo",instance="a"}': '0+300x40', 'centrifugo_node_num_clients{job="centrifugo",instance="a"}': '200x40' } },
    quiet: [['0+20x40', '200x40'] as const, ['0+300x40', '50x40'] as const].map(([accepted, clients]) => ({ 'centrifugo_client_connections_accepted{job="centrifugo",instance="a"}': accepted, 'centrifugo_node_num_clients{job="centrifugo",instance="a"}': clients })),
  },
  {
    name: 'RecoveryFailing', expr: 'sum(rate(history_recoveries_total{outcome="failed"}[5m])) > 0.1', for: '5m', severity: 'page', dashboard: 'realtime',
    summary: 'Clients that missed something cannot fetch it.',
    runbook: {
      means: '`GET /v1/history?after=` fails with a 5xx.', feels: 'Pages say "catching up" and stay there; they try again by themselves.',
      look: ['`database_transaction_duration_seconds` and `database_up`.', '`http_requests_total{route="/v1/history"}` by status.'], act: ['Treat the database; see DatabaseDown and DatabaseSlow.'],
    },
    fires: { samples: { 'history_recoveries_total{job="event-service",instance="a",outcome="failed"}': '0+60x40' } },
    quiet: { 'history_recoveries_total{job="event-service",instance="a",outcome="ok"}': '0+600x40', 'history_recoveries_total{job="event-service",instance="a",outcome="failed"}': '0x40' },
  },
  {
    name: 'HistoryTrimmedOften', expr: 'sum(rate(history_recoveries_total{outcome="trimmed"}[30m])) > 0.02', for: '15m', severity: 'ticket', dashboard: 'realtime',
    summary: 'Clients come back after what they missed is gone.',
    runbook: {
      means: 'Readers ask for events that retention has removed (410).', feels: 'They take a new snapshot: nothing is wrong on the page, but their own journal has a hole.',
      look: ['Retention against how long readers are away: logs 30 days, deployments 180.'], act: ['Readers that keep a journal have to come back within the retention, or export before.'],
    },
    fires: { samples: { 'history_recoveries_total{job="event-service",instance="a",outcome="trimmed"}': '0+6x90' } },
    quiet: { 'history_recoveries_total{job="event-service",instance="a",outcome="ok"}': '0+60x90' }, at: 80,
  },
  {
    name: 'RevocationSlow', expr: 'histogram_quantile(0.99, sum by (le) (rate(revocation_cut_duration_seconds_bucket[10m]))) > 1', for: '2m', severity: 'page', dashboard: 'realtime',
    summary: 'Cutting the sockets of somebody who was revoked takes more than a second.',
    runbook: {
      means: 'A revoked user, session or tenant keeps its sockets for longer than promised. New requests are refused at once all the same.', feels: 'Who should be out still sees live events for seconds.',
      look: ['Centrifugo\'s API: `centrifugo_api_command_duration_seconds_count`, its log.', '`up{job="centrifugo"}`: calls to a node that is away are repeated.'], act: ['Bring the nodes back. Who must be out now: restart the nodes, tokens of revoked sessions are refused by the service.'],
    },
    fires: { samples: { 'revocation_cut_duration_seconds_bucket{job="event-service",instance="a",le="1"}': '0x40', 'revocation_cut_duration_seconds_bucket{job="event-service",instance="a",le="2.5"}': '0+6x40', 'revocation_cut_duration_seconds_bucket{job="event-service",instance="a",le="+Inf"}': '0+6x40' } },
    quiet: { 'revocation_cut_duration_seconds_bucket{job="event-service",instance="a",le="0.1"}': '0+6x40', 'revocation_cut_duration_seconds_bucket{job="event-service",instance="a",le="+Inf"}': '0+6x40' },
  },
  {
    name: 'PresenceGhosts', expr: 'sum(rate(presence_silent_ends_total[10m])) > 0.5 * sum(rate(presence_ends_total[10m])) and sum(rate(presence_ends_total[10m])) > 0.1', for: '10m', severity: 'ticket', dashboard: 'realtime',
    summary: 'Most people leave by falling silent: until then they are shown although they are gone.',
    runbook: {
      means: 'Presence connections end because their heartbeat stays out, not by a goodbye or a closed socket.', feels: 'People are shown as here for up to 95 seconds after they left.',
      look: ['`http_requests_total{method="DELETE",route=~".*/presence/me/.*"}`: are goodbyes refused?', 'A gateway that cuts requests of pages that close.'], act: ['Let `DELETE /v1/tenants/*/presence/me/*` through the gateway.'],
    },
    fires: { samples: { 'presence_ends_total{job="event-service",instance="a"}': '0+60x40', 'presence_silent_ends_total{job="event-service",instance="a"}': '0+50x40' } },
    quiet: [['0+60x40', '0+5x40'] as const, ['0+1x40', '0+1x40'] as const].map(([all, silent]) => ({ 'presence_ends_total{job="event-service",instance="a"}': all, 'presence_silent_ends_total{job="event-service",instance="a"}': silent })),
  },
]
