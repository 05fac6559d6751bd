/** The generated files of this folder, by name. Pure. */

import { createCentrifugoConfig } from '@neo-stack/event-service'
import { composePlace, createCompose } from './compose.ts'
import { createGrafana } from './monitoring/grafana.ts'
import { alerts, createPrometheusConfig, createRules, createRuleTests } from './monitoring/prometheus.ts'
import { CONSOLE, createRunbookConsole } from './monitoring/runbook-console.ts'
import { createRunbooks } from './monitoring/runbooks.ts'
import { createMonitoringCompose } from './monitoring/compose.ts'
import { createNginxConfig } from './nginx.ts'
import { namesOf } from './topology.ts'

const under = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]))

/** Texts of everything that is generated: configuration, what watches the platform, and the runbooks in `docs/`. */
export function generate(): Record<string, string> {
  const secret = 'secret'
  const place = composePlace({ databasePassword: secret, centrifugoDatabasePassword: secret, redisPassword: secret, centrifugoRedisPassword: secret, operatorRedisPassword: secret, centrifugoApiKey: secret, metricsToken: secret, grafanaAdminPassword: secret })
  const toAddress = ({ host, port }: { host: string, port: number }): string => `${host}:${port}`
  const at = (name: string): string => toAddress(place.addressOf(name))
  return {
    'compose.yaml': createCompose(place),
    'centrifugo/config.json': `${JSON.stringify(createCentrifugoConfig(), null, 2)}\n`,
    'nginx/nginx.conf': createNginxConfig({ listen: '8080', eventServices: namesOf('event-service').map(at), centrifugos: namesOf('centrifugo').map(at), folder: '/tmp' }),
    'compose.monitoring.yaml': createMonitoringCompose(),
    'prometheus/prometheus.yaml': createPrometheusConfig({
      'event-service': namesOf('event-service').map(at), 'stack-deployer': namesOf('stack-deployer').map(at),
      'centrifugo': namesOf('centrifugo').map(name => toAddress(place.addressOf(name, 'internal'))),
    }, { token: '/run/secrets/metrics_token', alertmanager: 'alertmanager:9093' }),
    'prometheus/rules.yaml': createRules(),
    'prometheus/rules.test.yaml': createRuleTests('quick'),
    'prometheus/rules.slow.test.yaml': createRuleTests('slow'),
    [`prometheus/consoles/${CONSOLE}`]: createRunbookConsole(alerts),
    ...under('grafana', createGrafana()),
    ...under('../docs/runbooks', createRunbooks()),
  }
}
