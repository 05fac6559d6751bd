import { configDefaults, defineProject } from 'vitest/config'

/** Patterns of files, as the repository's configuration gives them for a group of tests. */
const patterns = (name: string): string[] => process.env[name]?.split(' ').filter(Boolean) ?? []
/** Of this group nothing is mocked and nothing is killed: its files share a process, one after the other, instead of each loading the platform anew. */
const shares = process.env['NEO_TEST_GROUP'] === 'embedded'
const [taken, left] = [patterns('NEO_TESTS_TAKEN'), patterns('NEO_TESTS_LEFT')]

/**
 * Whole platforms and real processes: longer limits than elsewhere. The end-to-end story stands in `e2e/`. In CI a test that failed is
 * run once more, because a shared machine may stand still for longer than any limit; the summary names it, it is not forgotten.
 */
export default defineProject({
  test: {
    name: 'tests', isolate: !shares, include: taken.length > 0 ? taken : ['**/*.test.ts'], exclude: [...configDefaults.exclude, ...left],
    testTimeout: 180_000, hookTimeout: 180_000, retry: process.env['CI'] === 'true' ? 1 : 0,
  },
})
