/**
 * Every check of the repository, one after the other; a failure does not hide the next one.
 * Usage: node scripts/check.mjs [--write] [--report=file] [name …]
 *   --write makes the generated pages anew, --report writes [{name, passed}] as JSON
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const write = process.argv.includes('--write')
const report = process.argv.find(argument => argument.startsWith('--report='))?.slice('--report='.length)
const asked = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const pages = write ? '--write' : '--check'
const eslint = path.join(root, 'node_modules/eslint/bin/eslint.js')

const checks = {
  lint: [eslint, '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/', '--max-warnings', '0'],
  typecheck: ['scripts/typecheck.mjs'],
  floors: ['scripts/check-floors.ts'],
  budgets: ['scripts/check-budgets.ts'],
  unused: ['scripts/check-unused.ts'],
  messages: ['scripts/check-messages.ts'],
  docs: ['scripts/check-docs.ts', pages],
  api: ['scripts/api-snapshot.ts', pages],
}

const unknown = asked.filter(name => !Object.hasOwn(checks, name))
if (unknown.length > 0) {
  console.error(`check: there is no '${unknown.join('\', \'')}'; there are ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

const seconds = since => `${((performance.now() - since) / 1000).toFixed(1)} s`
const results = Object.entries(checks).filter(([name]) => asked.length === 0 || asked.includes(name)).map(([name, args]) => {
  const start = performance.now()
  console.log(`\n── ${name}`)
  const passed = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
  const line = `${passed ? '✔' : '✘'} ${name} ${seconds(start)}`
  console.log(line)
  return { name, passed, line }
})

if (report) writeFileSync(report, JSON.stringify(results.map(({ name, passed }) => ({ name, passed }))))
const failed = results.filter(result => !result.passed).length
console.log(`\n${results.map(result => result.line).join('\n')}\nchecks: ${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
