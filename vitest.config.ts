import { defineConfig } from 'vitest/config'

/** One project per package that has tests; a project needs no build step: sources are imported as they are. */
export default defineConfig({
  test: {
    projects: ['packages/*/vitest.config.ts', 'services/*/vitest.config.ts', 'tests/vitest.config.ts', 'scripts/vitest.config.ts', 'bench/vitest.config.ts'],
  },
})
