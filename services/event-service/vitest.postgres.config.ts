import { defineProject } from 'vitest/config'
import { isPostgresInstalled, isRequired } from './test/postgres-server.ts'

/** Behaviour that must be the same on both databases, here on PostgreSQL. */
const shared = [
  'account-requests', 'alert-rounds', 'alert-silences', 'api-keys', 'audit', 'backlog', 'backup', 'billing', 'billing-mail', 'billing-records', 'billing-webhooks', 'deployment-logs', 'deployments', 'everywhere', 'exams', 'history', 'indexer', 'isolation', 'metrics', 'retention', 'revocation', 'export', 'tenants', 'users', 'quotas', 'search', 'search-model', 'sessions', 'write-path',
].map(name => `test/${name}.test.ts`)

export default defineProject({
  test: {
    name: 'event-service-postgres', include: ['test/postgres.test.ts', 'test/pooled-connections.test.ts', 'test/centrifugo.test.ts', 'test/outbox.test.ts', 'test/shared.test.ts', 'test/move.test.ts', ...isPostgresInstalled || isRequired ? shared : []],
    globalSetup: ['test/postgres-setup.ts'], testTimeout: 60_000, hookTimeout: 120_000,
  },
})
