/** Reads the environment of `start:cluster` once. */

import path from 'node:path'
import type { ClusterOptions } from './cluster.ts'

/** The settings of `npm start` that a cluster has too; the folder is another one by default. */
export function readClusterOptions(env: Readonly<Record<string, string | undefined>>): ClusterOptions {
  return {
    folder: path.resolve(env['NEO_DATA_DIR'] || '.data/cluster'), host: env['HOST'] || '127.0.0.1', port: Number(env['PORT'] || 8080),
    publicUrl: env['NEO_PUBLIC_URL'] || undefined, mail: env['NEO_SMTP_URL'] ? { smtpUrl: env['NEO_SMTP_URL'], from: env['NEO_MAIL_FROM'] ?? '' } : undefined,
    portals: env['NEO_PORTALS'] === 'none' ? 'none' : 'auto', demo: env['NEO_DEMO'] !== '0', searchPath: env['PATH'] ?? '',
  }
}
