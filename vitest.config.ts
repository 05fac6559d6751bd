import { defineConfig } from 'vitest/config'
import { toVariables } from './scripts/lengths.ts'

// The processes of the tests inherit them.
Object.assign(process.env, toVariables(process.env))

/** One project per package that has tests; a project needs no build step: sources are imported as they are. */
export default defineConfig({
  test: {
    projects: ['{packages,services,portals}/*/vitest{,.postgres}.config.ts', '{tests,bench,scripts,deploy}/vitest{,.cluster}.config.ts'],
  },
})
