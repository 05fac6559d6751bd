import { defineProject } from 'vitest/config'

export default defineProject({ test: { name: 'stack-deployer', include: ['test/**/*.test.ts'] } })
