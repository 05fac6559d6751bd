import { configDefaults, defineProject } from 'vitest/config'
import { askedGroup, testsOf } from '../scripts/test-groups.ts'

const { include, exclude } = testsOf(askedGroup(process.env))

/**
 * Whole platforms and real processes: longer limits than elsewhere. The end-to-end story stands in `e2e/`. In CI a test that failed is
 * run once more, because a shared machine may stand still for longer than any limit; the summary names it, it is not forgotten.
 */
export default defineProject({
  test: { name: 'tests', include, exclude: [...configDefaults.exclude, ...exclude], testTimeout: 180_000, hookTimeout: 180_000, retry: process.env['CI'] === 'true' ? 1 : 0 },
})
