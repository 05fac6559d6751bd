import { defineProject } from 'vitest/config'

/** Whole platforms and real processes: longer limits than elsewhere. The end-to-end story stands in `e2e/`. */
export default defineProject({
  test: { name: 'tests', include: ['**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
})
