import { defineProject } from 'vitest/config'

// The portal's own tsconfig refers to files that only a build makes; these tests need nothing of it.
export default defineProject({ oxc: { tsconfig: false }, test: { name: 'certification', include: ['test/**/*.test.ts'] } })
