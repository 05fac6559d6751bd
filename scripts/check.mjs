/**
 * Every check of the repository, two at a time; a failure does not hide the next one.
 * Usage: node scripts/check.mjs [--write] [--report=file] [name …]
 *   --write makes the generated pages anew, --report writes [{name, passed}] as JSON
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const write = process.argv.includes('--write')
const report = process.argv.find(argument => argument.startsWith('--report='))?.slice('--report='.length)
const asked = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const parallel = write ? 1 : 2
const pages = write ? '--write' : '--check'
const eslint = path.join(root, 'node_modules/eslint/bin/eslint.js')
const jscpd = path.join(root, 'node_modules/jscpd/bin/jscpd')

const checks = {
  typecheck: ['scripts/typecheck.mjs'],
  lint: [eslint, '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/', '--max-warnings', '0'],
  floors: ['scripts/check-floors.ts'],
  budgets: ['scripts/check-budgets.ts'],
  unused: ['scripts/check-unused.ts'],
  copies: [jscpd, '--config', 'scripts/copies.json'],
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

/** Says all that a check said once it has ended: two run at a time. */
const run = async ([name, args]) => {
  const start = performance.now()
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => output += text)
  const [code] = await once(child, 'close')
  const line = `${code === 0 ? '✔' : '✘'} ${name} ${seconds(start)}`
  process.stdout.write(`\n── ${name}\n${output}${line}\n`)
  return { name, passed: code === 0, line }
}

const wanted = Object.entries(checks).filter(([name]) => asked.length === 0 || asked.includes(name))
const queue = [...wanted]
const begun = new Map()
const worker = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) begun.set(next[0], await run(next))
}
const since = performance.now()
await Promise.all(Array.from({ length: parallel }, worker))
const results = wanted.map(([name]) => begun.get(name))

if (report) writeFileSync(report, JSON.stringify(results.map(({ name, passed }) => ({ name, passed }))))
const failed = results.filter(result => !result.passed).length
console.log(`\n${results.map(result => result.line).join('\n')}\nchecks: ${results.length - failed} passed, ${failed} failed in ${seconds(since)}`)
process.exitCode = failed > 0 ? 1 : 0
