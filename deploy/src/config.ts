/** Reads the environment of `start:cluster` once. */

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { identityProvidersSchema } from '@neo-stack/event-service'
import type { ClusterOptions } from './cluster.ts'
import { ClusterError } from './programs.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What services and deployers are told as it is given. */
export const handedOn: readonly string[] = [
  'NEO_IDENTITY_PROVIDERS', 'NEO_TENANT_METRICS', 'LOG_LEVEL', 'NEO_OTLP_URL', 'NEO_DEPLOYER', 'DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'NEO_INSTANCE_HOST', 'NEO_CATALOGUE',
]

/** Settings of `npm start` that are not read, and why. */
export const leftOut: readonly { names: readonly string[], why: string }[] = [
  { names: ['NEO_ALLOWED_ORIGINS'], why: 'Centrifugo would have to know them too' },
  { names: ['METRICS_TOKEN'], why: 'it is made once, in `secrets.json`' },
  { names: ['DATABASE_URL', 'REDIS_URL', 'CENTRIFUGO_URL', 'CENTRIFUGO_SOCKET_URL', 'CENTRIFUGO_API_KEY'], why: 'a cluster has its own' },
]

/** The settings of `npm start` that a cluster has too; the folder is another one by default. @throws {ClusterError} with one sentence */
export function readClusterOptions(env: Environment): ClusterOptions {
  const host = env['HOST'] || '127.0.0.1'
  if (!['127.0.0.1', '::1', 'localhost'].includes(host) && !env['NEO_DEMO']) throw new ClusterError(`HOST ${host} can be reached from elsewhere: set NEO_DEMO to 1 (demo accounts) or 0 (one operator with a one-time password).`)
  if (!env['NEO_PUBLIC_URL']) refuseWithoutAddress(env)
  return {
    folder: path.resolve(env['NEO_DATA_DIR'] || '.data/cluster'), host, port: Number(env['PORT'] || 8080),
    publicUrl: env['NEO_PUBLIC_URL'] || undefined, mail: env['NEO_SMTP_URL'] ? { smtpUrl: env['NEO_SMTP_URL'], from: env['NEO_MAIL_FROM'] ?? '' } : undefined,
    portals: env['NEO_PORTALS'] === 'none' ? 'none' : 'auto', demo: env['NEO_DEMO'] !== '0', searchPath: env['PATH'] ?? '',
    settings: Object.fromEntries(handedOn.flatMap(name => env[name] ? [[name, env[name]]] : [])),
  }
}

/** Services are always told an address: that nobody gave one is seen here alone. */
function refuseWithoutAddress(env: Environment): void {
  if (env['NEO_SMTP_URL']) throw new ClusterError('NEO_SMTP_URL is set without NEO_PUBLIC_URL: set it, because letters link to the portals there.')
  if (env['NEO_IDENTITY_PROVIDERS'] && offersSignIn(env['NEO_IDENTITY_PROVIDERS'])) {
    throw new ClusterError('NEO_IDENTITY_PROVIDERS offers sign-in without NEO_PUBLIC_URL: set it, because the provider sends browsers back there.')
  }
}

/** A file that cannot be read the services refuse, with a sentence that says why. */
function offersSignIn(file: string): boolean {
  try {
    return identityProvidersSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).some(({ clientId }) => clientId !== undefined)
  } catch {
    return false
  }
}
