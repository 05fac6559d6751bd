import { defineProject } from 'vitest/config'

export default defineProject({ test: { name: 'event-service', include: ['test/**/*.test.ts'] } })
