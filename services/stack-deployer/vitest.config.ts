import { defineProject } from 'vitest/config'

/** Real containers: in CI a test that failed is run once more, and named in the summary. */
export default defineProject({ test: { name: 'stack-deployer', include: ['test/**/*.test.ts'], retry: process.env['CI'] === 'true' ? 1 : 0 } })
