import { defineProject } from 'vitest/config'
import { isLeftOut } from './cluster/left-out.ts'

/** The scale-out column: what `tests` says of the platform in one process, said of its real parts; among the long tests (`NEO_LONG=1`). */
const shared = ['billing-counters', 'feed-interleavings', 'idempotency', 'isolation', 'official-client'].map(name => `${name}.test.ts`)

export default defineProject({
  test: {
    name: 'tests-cluster', include: isLeftOut || process.env['NEO_LONG'] !== '1' ? [] : shared, env: { NEO_COLUMN: 'scale-out' },
    testTimeout: 180_000, hookTimeout: 240_000, retry: process.env['CI'] === 'true' ? 1 : 0,
  },
})
