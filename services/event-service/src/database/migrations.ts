/** Forward-only migrations, in order; each runs once, in a transaction of its own. */

import { createHash } from 'node:crypto'
import { sql as start } from './migrations/0001-start.ts'
import { sql as search } from './migrations/0020-search.ts'
import { sql as roles } from './migrations/0021-roles.ts'
import { sql as retention } from './migrations/0022-retention.ts'
import { sql as billing } from './migrations/0030-billing.ts'
import { sql as overview } from './migrations/0031-overview.ts'
import { sql as inbox } from './migrations/0032-inbox.ts'
import { sql as sources } from './migrations/0033-sources.ts'
import { sql as usage } from './migrations/0034-usage.ts'
import { sql as mail } from './migrations/0035-mail.ts'
import { sql as alerts } from './migrations/0050-alerts.ts'
import { sql as auditChain } from './migrations/0060-audit-chain.ts'
import { sql as accounts } from './migrations/0061-accounts.ts'
import { sql as words } from './migrations/0070-words.ts'
import { sql as presence } from './migrations/0090-presence.ts'
import { sql as demoKeys } from './migrations/0095-demo-keys.ts'
import { sql as backTo } from './migrations/0096-back-to.ts'
import { sql as mailStarts } from './migrations/0150-mail-starts.ts'
import { sql as metricTiers } from './migrations/0120-metric-tiers.ts'
import { sql as alertSilences } from './migrations/0121-alert-silences.ts'
import { sql as everywhere } from './migrations/0130-everywhere.ts'
import { sql as alertChannels } from './migrations/0170-alert-channels.ts'
import { sql as exams } from './migrations/0140-exams.ts'
import { sql as examWithdrawals } from './migrations/0220-exam-withdrawals.ts'
import { sql as alertCollecting } from './migrations/0230-alert-collecting.ts'
import { sql as alertHolds } from './migrations/0231-alert-holds.ts'
import { sql as marks } from './migrations/0250-marks.ts'
import { sql as policies } from './migrations/0270-policies.ts'
import { sql as lists } from './migrations/0271-lists.ts'
import { sql as eventsFree } from './migrations/0272-events-free.ts'
import { sql as tenantsPolicy } from './migrations/0290-tenants-policy.ts'
import { sql as traces } from './migrations/0180-traces.ts'
import { sql as outbox } from './migrations/0080-outbox.ts'
import { sql as shared } from './migrations/0081-shared.ts'

/** One migration: `name` is remembered in the table `migrations`. */
export interface Migration {
  name: string
  sql: string
}

/** All migrations; append, never change one that was released. */
const migrations: readonly Migration[] = [
  { name: '0001-start', sql: start },
  { name: '0020-search', sql: search },
  { name: '0021-roles', sql: roles },
  { name: '0022-retention', sql: retention },
  { name: '0030-billing', sql: billing },
  { name: '0031-overview', sql: overview },
  { name: '0032-inbox', sql: inbox },
  { name: '0033-sources', sql: sources },
  { name: '0034-usage', sql: usage },
  { name: '0050-alerts', sql: alerts },
  { name: '0060-audit-chain', sql: auditChain },
  { name: '0061-accounts', sql: accounts },
  { name: '0070-words', sql: words },
  { name: '0090-presence', sql: presence },
  { name: '0095-demo-keys', sql: demoKeys },
  { name: '0080-outbox', sql: outbox },
  { name: '0081-shared', sql: shared },
  { name: '0035-mail', sql: mail },
  { name: '0096-back-to', sql: backTo },
  { name: '0140-exams', sql: exams },
  { name: '0150-mail-starts', sql: mailStarts },
  { name: '0120-metric-tiers', sql: metricTiers },
  { name: '0121-alert-silences', sql: alertSilences },
  { name: '0130-everywhere', sql: everywhere },
  { name: '0170-alert-channels', sql: alertChannels },
  { name: '0220-exam-withdrawals', sql: examWithdrawals },
  { name: '0230-alert-collecting', sql: alertCollecting },
  { name: '0231-alert-holds', sql: alertHolds },
  { name: '0250-marks', sql: marks },
  { name: '0180-traces', sql: traces },
  { name: '0270-policies', sql: policies },
  { name: '0271-lists', sql: lists },
  { name: '0272-events-free', sql: eventsFree },
  { name: '0290-tenants-policy', sql: tenantsPolicy },
]

/** Another one with any change of a migration: a database that was prepared by another build is told by it. */
export const digestMigrations = (): string => createHash('sha256').update(JSON.stringify(migrations)).digest('hex')

/** Names of all migrations of this code, in their order. */
export const knownMigrations: readonly string[] = migrations.map(({ name }) => name)

/** What {@link migrate} needs of a connection: runs several statements at once. */
export interface MigrationRunner {
  exec: (sql: string) => Promise<unknown>
  names: () => Promise<string[]>
}

/** Applies what is missing and says what it did. */
export async function migrate(runner: MigrationRunner): Promise<string[]> {
  await runner.exec('create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())')
  const applied = new Set(await runner.names())
  const missing = migrations.filter(migration => !applied.has(migration.name))
  for (const migration of missing) {
    await runner.exec(`begin; ${migration.sql} insert into migrations (name) values ('${migration.name}'); commit;`)
  }
  return missing.map(migration => migration.name)
}
