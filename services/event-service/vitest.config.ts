import { defineProject } from 'vitest/config'

/**
 * Opening a database takes seconds on a busy machine, so hooks and tests have time; none of them waits for time to pass. Files share a
 * process, one after the other: nothing is mocked, and what costs most of a short file is PGlite's code getting warm.
 */
export default defineProject({
  test: { name: 'event-service', isolate: false, include: ['test/**/*.test.ts'], exclude: ['postgres', 'pooled-connections', 'centrifugo', 'outbox', 'shared', 'move'].map(name => `test/${name}.test.ts`), globalSetup: ['test/global-setup.ts'], testTimeout: 60_000, hookTimeout: 120_000 },
})
