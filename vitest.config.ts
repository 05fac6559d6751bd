import path from 'node:path'
import { defineConfig } from 'vitest/config'
import { toVariables } from './scripts/lengths.ts'
import { askedGroup, testsOf } from './scripts/test-groups.ts'

// The processes of the tests inherit them.
Object.assign(process.env, toVariables(process.env))
process.env['NODE_COMPILE_CACHE'] ??= path.join(import.meta.dirname, 'node_modules/.cache/compile')

// Read by the configuration of `tests`.
const group = askedGroup(process.env)
const { include, exclude } = testsOf(group)
Object.assign(process.env, { NEO_TESTS_TAKEN: include.join(' '), NEO_TESTS_LEFT: exclude.join(' ') })

/** One project per package that has tests; a project needs no build step: sources are imported as they are. */
export default defineConfig({
  test: {
    projects: [...group?.configs ?? ['{packages,services,portals}/*/vitest{,.postgres}.config.ts', '{tests,bench,scripts,deploy}/vitest{,.cluster}.config.ts']],
  },
})
