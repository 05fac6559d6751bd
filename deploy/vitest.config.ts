import { defineProject } from 'vitest/config'

/** Images take minutes to build: they are among the long tests (`NEO_LONG=1`). */
const isLong = process.env['NEO_LONG'] === '1'

export default defineProject({ test: { name: 'deploy', include: [isLong ? 'test/**/*.test.ts' : 'test/**/!(images).test.ts'], testTimeout: 60_000 } })
