import { defineProject } from 'vitest/config'
import { isLeftOut } from './cluster/left-out.ts'

/** The scale-out column: what `tests` says of the platform in one process, said of its real parts. */
const shared = ['authorization/authorization', 'crash', 'e2e/story', 'idempotency', 'isolation', 'metrics-joins', 'skew/skew']

/** What takes long there, or is said in CI by `cluster/` already: among the long tests (`NEO_LONG=1`). */
const long = ['bad-input', 'billing-counters', 'e2e/history', 'e2e/presence', 'feed-interleavings', 'official-client', 'revocation']

const names = isLeftOut ? [] : [...shared, ...process.env['NEO_LONG'] === '1' ? long : []]

export default defineProject({
  test: {
    name: 'tests-cluster', include: names.map(name => `${name}.test.ts`), env: { NEO_COLUMN: 'scale-out' },
    testTimeout: 180_000, hookTimeout: 240_000, retry: process.env['CI'] === 'true' ? 1 : 0,
  },
})
