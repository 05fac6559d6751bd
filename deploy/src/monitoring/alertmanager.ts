/** Who is told of an alert that fires: Alertmanager's configuration. Pure. */

/** Where the operator's own is kept: it names whom it wakes and how, which is secret, and is written once. */
export const ALERTMANAGER_SECRET = 'alertmanager.yaml'

/** Names of alerts that fire because no event-service answers or its database is away; patterns as Alertmanager reads them, whole. */
const FOLLOWS = [
  'PublishErrorBudget.*', 'ApiErrorBudget.*', 'EventServiceDown', 'RecoveryFailing', 'TransactionsFailing', 'DatabaseSlow', 'WebhooksFailing', 'Outbox.*', 'DeliveryStopped',
  'DeliveryCanaryRed', 'MailFailing', 'BackgroundFaults', 'LiveUpdates.*', 'SearchIndexBehind',
]

/**
 * The configuration that an installation begins with. `page` is repeated every hour, `ticket` once a day; what follows from a cause that
 * fires too is not told. The receivers tell nobody until the operator says whom.
 */
export const ALERTMANAGER_START: string = `# Who is told, by severity: page wakes somebody, ticket waits for the morning. Until receivers below say whom, alerts are seen at :9093 only.
route:
  receiver: ticket
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 24h
  routes:
    - matchers: ['severity="page"']
      receiver: page
      group_wait: 10s
      repeat_interval: 1h

inhibit_rules:
  # What fails too without a database or a service. Everything else is told: it has a cause of its own.
  - source_matchers: ['alertname=~"DatabaseDown|NoEventServiceUp"']
    target_matchers: ['alertname=~"${FOLLOWS.join('|')}"']

receivers:
  - name: page
    # webhook_configs: [{ url: 'https://…' }]
    # email_configs: [{ to: …, from: …, smarthost: 'smtp.example:587', auth_username: …, auth_password: … }]
  - name: ticket
`
