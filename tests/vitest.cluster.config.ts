import { defineProject } from 'vitest/config'
import { inCi, inLongRuns } from './cluster/column-files.ts'
import { isLeftOut } from './cluster/left-out.ts'

const names = isLeftOut ? [] : [...inCi, ...process.env['NEO_LONG'] === '1' ? inLongRuns : []]

/** The scale-out column: what `tests` says of the platform in one process, said of its real parts. */
export default defineProject({
  test: {
    name: 'tests-cluster', include: names.map(name => `${name}.test.ts`), env: { NEO_COLUMN: 'scale-out' },
    testTimeout: 180_000, hookTimeout: 240_000, retry: process.env['CI'] === 'true' ? 1 : 0,
  },
})
