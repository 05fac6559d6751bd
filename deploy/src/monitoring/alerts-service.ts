/** Alerts of what people ask the service for. */

import { grow, type Alert, type Samples } from './alert.ts'

const requests = (route: string, status: string): string => `http_requests_total{job="event-service",instance="a",method="POST",route="${route}",status="${status}"}`

/** Fewer failures than this in the long window are a large share of little traffic, and no reason to wake anybody. */
const HANDFUL = 10

/** A budget that burns at `factor` times its rate in both windows is gone after a fraction of the month (Google's SRE workbook, chapter 5). */
const burns = (ratio: string, budget: number, windows: readonly [short: string, long: string], factor: number): string =>
  [...windows.map(window => `neo:${ratio}:ratio_rate${window} > ${Number((factor * budget).toPrecision(3))}`), `neo:${ratio}:increase${windows[1]} > ${HANDFUL}`].join(' and ')

/** So many failures a minute among so many requests, for so many minutes. */
type Phase = readonly [bad: number, all: number, minutes: number]

/** Requests, and those of them that failed. */
const failed = (route: string) => (phases: readonly Phase[]): Samples => ({
  // Of what did not fail half was refused, which is no failure.
  ...Object.fromEntries(['201', '403'].map(status => [requests(route, status), grow(...phases.map(([bad, all, minutes]) => [(all - bad) / 2, minutes] as const))])),
  [requests(route, '500')]: grow(...phases.map(([bad, , minutes]) => [bad, minutes] as const)),
})

/** What browsers report, and what of it took longer than a second. */
const painted = (phases: readonly Phase[]): Samples => ({
  'event_paint_duration_seconds_bucket{job="event-service",instance="a",le="1"}': grow(...phases.map(([bad, all, minutes]) => [all - bad, minutes] as const)),
  'event_paint_duration_seconds_count{job="event-service",instance="a"}': grow(...phases.map(([, all, minutes]) => [all, minutes] as const)),
})

/** Under which a pair of windows fires, and does not: over its share in the short window alone, in the long one alone, and in both of them with nine failures. */
function samples(pair: 'fast' | 'slow', budget: number, toSamples: (phases: readonly Phase[]) => Samples): Pick<Alert, 'fires' | 'quiet' | 'at'> {
  const [at, share, short, long] = pair === 'fast' ? [80, 50, 10, 40] as const : [370, 20, 30, 280] as const
  const bad = share * budget * 1000
  return {
    at, fires: { samples: toSamples([[bad, 1000, at + 5]]) },
    quiet: [
      toSamples([[0, 1000, at - short], [bad, 1000, short + 5]]),
      toSamples([[0, 1000, at - 2 * short - long], [bad, 1000, long], [0, 1000, 2 * short + 5]]),
      toSamples([[0, 0, at - short], [9 / short, 2, short + 1]]),
    ],
  }
}

const endsWithin = (days: number): string => `min(public_certificate_expiry_timestamp_seconds) - time() < ${days * 86_400}`
/** Of a certificate that ends so many days after the clock of the samples began. */
const endsIn = (days: number): Samples => ({ 'public_certificate_expiry_timestamp_seconds{job="event-service",instance="a"}': `${days * 86_400}x100` })

export const serviceAlerts: readonly Alert[] = [
  {
    name: 'PublishErrorBudgetBurnsFast', expr: burns('publish_errors', 0.001, ['5m', '1h'], 14.4), for: '2m', severity: 'page', dashboard: 'overview',
    summary: 'More than 1.4 % of publishes fail: a month\'s budget of 0.1 % is gone within two days.',
    runbook: {
      means: 'Publishes are answered with a 5xx, over five minutes and over an hour. Nothing is lost: what was answered with 201 is committed, what was not is sent again by its publisher with the same idempotency key.',
      feels: 'Deployments and billing systems see errors; pages show what was committed before.',
      look: ['`database_up` and `database_transaction_duration_seconds`: a database that is away answers publishes with 503 within three seconds.', '`http_problems_total` by code: `unavailable` points to the database, `internal` to a fault of ours, whose `requestId` stands in the log.', '`outbox_oldest_row_seconds` in scale-out: a blocked table holds transactions.'],
      act: ['Bring the database back, or fail over to its replica.', 'Where one instance alone fails, take it out of the gateway: the other serves everything.', 'After a deployment of a new version, roll it back: migrations only ever add.'],
    },
    ...samples('fast', 0.001, failed('/v1/events')),
  },
  {
    name: 'PublishErrorBudgetBurnsSlowly', expr: burns('publish_errors', 0.001, ['30m', '6h'], 6), for: '15m', severity: 'ticket', dashboard: 'overview',
    summary: 'More than 0.6 % of publishes have failed for hours: a month\'s budget is gone within five days.',
    runbook: {
      means: 'The same as PublishErrorBudgetBurnsFast, slower: a part of the requests fails all the time.',
      feels: 'Some publishers retry; events arrive late.',
      look: ['`http_requests_total` by `instance` and `status`: is it one instance?', '`http_problems_total` by code.', 'The log at level error around one `requestId`.'],
      act: ['Restart the instance that stands out.', 'File what the log says with the `requestId`.'],
    },
    ...samples('slow', 0.001, failed('/v1/events')),
  },
  {
    name: 'ApiErrorBudgetBurnsFast', expr: burns('api_errors', 0.001, ['5m', '1h'], 14.4), for: '2m', severity: 'page', dashboard: 'overview',
    summary: 'More than 1.4 % of all requests fail with a 5xx.',
    runbook: {
      means: 'Reading fails too: snapshots, history, sign-in.',
      feels: 'Pages show an error and try again by themselves; who signs in is told that the service does not answer.',
      look: ['`http_requests_total` by `route` and `status`: one route or all?', '`database_up`, `nodejs_eventloop_lag_p99_seconds`, `process_resident_memory_bytes`.'],
      act: ['One route: roll back the last version. All routes: treat the database first, then the instances one by one.'],
    },
    ...samples('fast', 0.001, failed('/v1/session')),
  },
  {
    name: 'ApiErrorBudgetBurnsSlowly', expr: burns('api_errors', 0.001, ['30m', '6h'], 6), for: '15m', severity: 'ticket', dashboard: 'overview',
    summary: 'More than 0.6 % of all requests have failed with a 5xx for hours.',
    runbook: {
      means: 'A part of the requests fails all the time.', feels: 'Now and then an error that goes away when tried again.',
      look: ['`http_requests_total` by `route`, `status` and `instance`.'], act: ['File the route with a `requestId` of the log; restart an instance that stands out.'],
    },
    ...samples('slow', 0.001, failed('/v1/history')),
  },
  {
    name: 'LiveUpdatesSlow', expr: burns('paint_slow', 0.01, ['5m', '1h'], 14.4), for: '5m', severity: 'page', dashboard: 'realtime',
    summary: 'More than 14 % of live updates take over a second until people see them.',
    runbook: {
      means: 'Browsers that report say that an event was painted later than a second after it was accepted, over five minutes and an hour.',
      feels: 'Progress and logs lag behind; nothing is missing.',
      look: ['`realtime_delivery_duration_seconds` and, in scale-out, `outbox_oldest_row_seconds`: is it before the socket?', '`centrifugo_client_num_server_disconnects` with code 3008: are readers too slow?', '`nodejs_eventloop_lag_p99_seconds`.'],
      act: ['Outbox: see OutboxStalled. Event loop: see EventLoopBlocked.', 'One busy channel: `events_published_total` by family and type shows what floods; its publisher has a quota.'],
    },
    ...samples('fast', 0.01, painted),
  },
  {
    name: 'LiveUpdatesSlowForHours', expr: burns('paint_slow', 0.01, ['30m', '6h'], 6), for: '15m', severity: 'ticket', dashboard: 'realtime',
    summary: 'More than 6 % of live updates have taken over a second for hours.',
    runbook: {
      means: 'The same as LiveUpdatesSlow, slower: a part of what browsers report is painted late all the time.',
      feels: 'Now and then a page lags behind; nothing is missing.',
      look: ['`event_paint_duration_seconds` beside `realtime_delivery_duration_seconds`: late in the browser, or before it?', '`events_published_total` by family and type: which pages have most to paint?'],
      act: ['As in LiveUpdatesSlow. Where only browsers are late: one tenant\'s network or its busiest page; file it with its figures.'],
    },
    ...samples('slow', 0.01, painted),
  },
  {
    name: 'EventServiceDown', expr: 'up{job="event-service"} == 0', for: '1m', severity: 'ticket', dashboard: 'overview',
    summary: 'An event-service does not answer.',
    runbook: {
      means: 'Prometheus cannot read /metrics of one instance.', feels: 'Nothing, as long as the other instance is there.',
      look: ['Is the process there? Its log ends with the reason when it ended by itself.', '`/readyz` of the instance: its body names the part that is not ready.'],
      act: ['Start it again. It takes part in the work as soon as `/readyz` is 200.', 'Where only /metrics is refused, compare METRICS_TOKEN with the one Prometheus has.'],
    },
    fires: { samples: { 'up{job="event-service",instance="a"}': '1x5 0x30' }, labels: { job: 'event-service', instance: 'a' } },
    quiet: { 'up{job="event-service",instance="a"}': '1x40' },
  },
  {
    name: 'NoEventServiceUp', expr: 'sum by (job) (up{job="event-service"}) == 0 or absent(up{job="event-service"})', for: '30s', severity: 'page', dashboard: 'overview',
    summary: 'No event-service answers: nothing can be published or read.',
    runbook: {
      means: 'All instances are away, or Prometheus finds none.', feels: 'Portals say that the service does not answer; sockets to Centrifugo stay open, but nothing new comes.',
      look: ['The database: instances that cannot reach it at the start end with one sentence.', 'Disk and memory of the machines.', 'A new version that was just rolled out.'],
      act: ['Roll back, or start the instances by hand and read the first line of the log: half a configuration is refused with what to set.'],
    },
    fires: [{ 'up{job="event-service",instance="a"}': '0x40', 'up{job="event-service",instance="b"}': '0x40' }, { 'up{job="centrifugo",instance="a"}': '1x40' }].map(samples => ({ samples, labels: { job: 'event-service' } })),
    quiet: { 'up{job="event-service",instance="a"}': '0x40', 'up{job="event-service",instance="b"}': '1x40' },
  },
  {
    name: 'ProblemsOfOurs', expr: 'sum(rate(http_problems_total{code="internal"}[5m])) > 0.05', for: '5m', severity: 'ticket', dashboard: 'overview',
    summary: 'Requests end in a fault of ours.',
    runbook: {
      means: 'Something was thrown that nobody expected; the answer was 500 with a `requestId`.', feels: 'One act fails with a sentence that asks for the `requestId`.',
      look: ['The log at level error: the `requestId` leads to the cause and its stack.'], act: ['File it. When it began with a version, roll that back.'],
    },
    fires: { samples: { 'http_problems_total{job="event-service",instance="a",code="internal"}': '0+60x40' } },
    quiet: { 'http_problems_total{job="event-service",instance="a",code="internal"}': '0x40', 'http_problems_total{job="event-service",instance="a",code="forbidden"}': '0+60x40' },
  },
  {
    name: 'TokensRefused', expr: 'sum(rate(http_problems_total{code=~"unauthenticated|invalid_signature|signature_expired"}[5m])) > 5', for: '5m', severity: 'ticket', dashboard: 'overview',
    summary: 'More than five requests a second carry no valid token, key or signature.',
    runbook: {
      means: 'Tokens, API keys or signatures are refused: an expired key, a clock that is off, signing keys that are not shared, or somebody who guesses.',
      feels: 'A program does not get in, or everybody is signed out again and again.',
      look: ['`http_requests_total{status="401"}` by `route`: webhooks, publishes or portals?', 'The clocks of the machines against each other.', '`/.well-known/jwks.json` of each instance: they must name the same keys.'],
      act: ['Set the clock. Make a new API key. After a rotation that went wrong start the instance that names other keys again.'],
    },
    fires: { samples: { 'http_problems_total{job="event-service",instance="a",code="unauthenticated"}': '0+600x40' } },
    quiet: { 'http_problems_total{job="event-service",instance="a",code="unauthenticated"}': '0+60x40' },
  },
  {
    name: 'CertificateExpiresSoon', expr: endsWithin(14), for: '1h', severity: 'ticket', dashboard: 'overview',
    summary: 'The certificate of the public address ends within 14 days.',
    runbook: {
      means: 'The gateway that ends TLS shows a certificate that should have been renewed by now: an ACME client that fails, or one that is renewed by hand.', feels: 'Nothing yet. When it ends browsers refuse every page and socket.',
      look: ['The log of whatever renews it: `certbot renew --dry-run`, or the gateway\'s own.', '`openssl s_client -connect HOST:443 -servername HOST < /dev/null | openssl x509 -noout -dates`: it may be renewed and not loaded.'], act: ['Renew it, and let the gateway load it anew. The alert ends with the next look, within an hour.'],
    },
    fires: { samples: endsIn(13) }, quiet: endsIn(15), at: 90,
  },
  {
    name: 'CertificateAboutToExpire', expr: endsWithin(3), for: '15m', severity: 'page', dashboard: 'overview',
    summary: 'The certificate of the public address ends within three days.',
    runbook: {
      means: 'CertificateExpiresSoon was not answered, or a certificate of a few days was not renewed.', feels: 'Nothing yet. When it ends browsers refuse every page and socket, and programs every request.',
      look: ['As in CertificateExpiresSoon.'], act: ['Renew it now, by hand if need be, and let the gateway load it anew.'],
    },
    fires: [{ samples: endsIn(2) }, { samples: endsIn(-1) }], quiet: endsIn(4), at: 90,
  },
  {
    name: 'CertificateNotSeen', expr: 'min(public_certificate_seen) == 0', for: '1h', severity: 'ticket', dashboard: 'overview',
    summary: 'Event-service cannot look at the certificate of the public address.',
    runbook: {
      means: 'Nothing answers with TLS at NEO_PUBLIC_URL as seen from event-service, for an hour: nobody would be told that the certificate ends.', feels: 'Nothing, where only the way from inside is missing; else people do not get in either.',
      look: ['Does the address answer from elsewhere?', 'The name and the way from inside the container: a router that does not lead its own public address back, a firewall.'], act: ['Let the containers reach the gateway under its public name: a DNS entry inside, or `extra_hosts` in compose.'],
    },
    fires: { samples: { 'public_certificate_seen{job="event-service",instance="a"}': '0x100' } }, quiet: { 'public_certificate_seen{job="event-service",instance="a"}': '1x20 0x20 1x60' }, at: 90,
  },
  {
    name: 'SignInsRefused', expr: 'sum(rate(sign_ins_total{outcome="refused"}[5m])) > 1', for: '10m', severity: 'ticket', dashboard: 'overview',
    summary: 'More than one sign-in a second is refused.',
    runbook: {
      means: 'Somebody tries passwords, or a program signs in with an old one. Limits by address, e-mail and user are at work.', feels: 'Whose e-mail is tried may have to wait for minutes before the next attempt.',
      look: ['The log: each `sign-in refused` names its address.', '`http_problems_total{code="rate_limited"}`.'], act: ['Block the address at the gateway. Tell the tenant whose people are tried.'],
    },
    fires: { samples: { 'sign_ins_total{job="event-service",instance="a",outcome="refused"}': '0+120x40' } },
    quiet: { 'sign_ins_total{job="event-service",instance="a",outcome="refused"}': '0+6x40', 'sign_ins_total{job="event-service",instance="a",outcome="accepted"}': '0+600x40' },
  },
  {
    name: 'TooManyRefusedByRate', expr: 'sum(rate(http_problems_total{code="rate_limited"}[5m])) > 5', for: '10m', severity: 'ticket', dashboard: 'tenants',
    summary: 'More than five requests a second are over a limit.',
    runbook: {
      means: 'A tenant is over its quota, or an address over its limit.', feels: 'That publisher is told to wait and when to come back; others notice nothing.',
      look: ['`/metrics/tenants` (NEO_TENANT_METRICS=1): who publishes most?', 'The answer\'s `quota` names which limit was met.'], act: ['Raise the tenant\'s quota in the admin API, or talk to whoever floods.'],
    },
    fires: { samples: { 'http_problems_total{job="event-service",instance="a",code="rate_limited"}': '0+600x40' } },
    quiet: { 'http_problems_total{job="event-service",instance="a",code="rate_limited"}': '0+60x40' },
  },
  {
    name: 'WebhooksFailing', expr: 'sum(rate(webhook_requests_total{outcome="failed"}[10m])) > 0', for: '5m', severity: 'page', dashboard: 'billing-and-alerts',
    summary: 'Webhooks of a billing system fail on our side.',
    runbook: {
      means: 'We answer a billing system with a 5xx: it will repeat for hours to days, then give up.', feels: 'Invoices and payments appear late.',
      look: ['The log around `/v1/webhooks/billing`.', '`database_up`.'], act: ['Repair within a day, then ask the billing system to deliver again: repeats are recognised by their identifier for 40 days.'],
    },
    fires: { samples: { 'webhook_requests_total{job="event-service",instance="a",outcome="failed"}': '0+6x40' } },
    quiet: { 'webhook_requests_total{job="event-service",instance="a",outcome="accepted"}': '0+60x40', 'webhook_requests_total{job="event-service",instance="a",outcome="failed"}': '0x40' },
  },
  {
    name: 'MailFailing', for: '15m', severity: 'ticket', dashboard: 'billing-and-alerts',
    expr: 'sum(increase(outbound_messages_total{kind=~"alert_email|billing_email",outcome="failed"}[15m])) > 5 unless sum(rate(outbound_messages_total{kind=~"alert_email|billing_email",outcome="sent"}[15m])) > 0',
    summary: 'The mail server takes no letter.',
    runbook: {
      means: 'Every letter of the last quarter of an hour failed, and none went out: more attempts than one mailbox takes that is refused for a while. They are tried again, later and later: letters of the inbox for some hours, those of alerts for about an hour and a quarter.',
      feels: 'Nobody is written to about invoices and alerts. In the portals everything stands.',
      look: ['The log at level error: `a background task failed` with what the server or the connection said.', '`NEO_SMTP_URL` and `NEO_MAIL_FROM`: did a password or a name change?'],
      act: ['Bring the server back, or name another and restart the services one by one.', 'Messages of alerts that were given up are sent again on the page of alert channels.'],
    },
    fires: { samples: { 'outbound_messages_total{job="event-service",instance="a",kind="billing_email",outcome="failed"}': '0+1x60' }, labels: {} }, at: 40,
    quiet: [
      { 'outbound_messages_total{job="event-service",instance="a",kind="billing_email",outcome="failed"}': '0+1x60', 'outbound_messages_total{job="event-service",instance="b",kind="alert_email",outcome="sent"}': '0+1x60' },
      { 'outbound_messages_total{job="event-service",instance="a",kind="alert_webhook",outcome="failed"}': '0+5x60' },
      // One mailbox that answers 4xx, its attempts as close to each other as chance lets them be.
      { 'outbound_messages_total{job="event-service",instance="a",kind="alert_email",outcome="failed"}': '0x23 1 5 6 6 7x3 8x7 9x14 10x14' },
    ],
  },
  {
    name: 'MessagesGivenUp', expr: 'sum by (kind) (increase(outbound_messages_total{outcome="given_up"}[1h])) > 5', for: '5m', severity: 'ticket', dashboard: 'billing-and-alerts',
    summary: 'More than five messages were given up within an hour.',
    runbook: {
      means: 'Receivers of alerts were away for about an hour and a quarter or refused for good, or a mail server will not take what it is given. One receiver that is gone is its tenant\'s affair; several at once are ours.',
      feels: 'Somebody was not told of an alert. The channel\'s page says so, with the reason, and sends it again.',
      look: ['`outbound_messages_total` by kind: webhooks or letters?', 'Whether this installation may still reach the internet: a firewall or a proxy gives up all of them.'],
      act: ['Open the way out, or talk to the tenant whose receiver is gone.', 'Given up messages are kept for a month and can be sent again.'],
    },
    fires: { samples: { 'outbound_messages_total{job="event-service",instance="a",kind="alert_webhook",outcome="given_up"}': '0x5 12x60' }, labels: { kind: 'alert_webhook' } },
    quiet: { 'outbound_messages_total{job="event-service",instance="a",kind="alert_webhook",outcome="given_up"}': '0x5 3x60', 'outbound_messages_total{job="event-service",instance="a",kind="alert_webhook",outcome="failed"}': '0+10x60' },
  },
]
