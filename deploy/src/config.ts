/** Reads the environment of `start:cluster` once. */

import path from 'node:path'
import type { ClusterOptions } from './cluster.ts'

/** What services and deployers are told as it is given. `NEO_ALLOWED_ORIGINS` is not one: Centrifugo would have to know them too. */
const handedOn = ['NEO_IDENTITY_PROVIDERS', 'NEO_TENANT_METRICS', 'LOG_LEVEL', 'NEO_OTLP_URL', 'NEO_DEPLOYER', 'DOCKER_HOST', 'NEO_INSTANCE_HOST', 'NEO_CATALOGUE']

/** The settings of `npm start` that a cluster has too; the folder is another one by default. */
export function readClusterOptions(env: Readonly<Record<string, string | undefined>>): ClusterOptions {
  return {
    folder: path.resolve(env['NEO_DATA_DIR'] || '.data/cluster'), host: env['HOST'] || '127.0.0.1', port: Number(env['PORT'] || 8080),
    publicUrl: env['NEO_PUBLIC_URL'] || undefined, mail: env['NEO_SMTP_URL'] ? { smtpUrl: env['NEO_SMTP_URL'], from: env['NEO_MAIL_FROM'] ?? '' } : undefined,
    portals: env['NEO_PORTALS'] === 'none' ? 'none' : 'auto', demo: env['NEO_DEMO'] !== '0', searchPath: env['PATH'] ?? '',
    settings: Object.fromEntries(handedOn.flatMap(name => env[name] ? [[name, env[name]]] : [])),
  }
}
