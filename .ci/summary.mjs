/**
 * Adds up what ran: vitest's tests, and one per check. A test that was skipped, a file that did not load and a tool that ended
 * badly without saying why count as failed. What passed only when it was run again is named.
 * Usage: node .ci/summary.mjs <checks.json> <exit code> [<tests.json> <exit code> …]
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'

const [checksFile, checksStatus, ...tests] = process.argv.slice(2)

const read = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

const testResults = (report) => {
  const files = report?.testResults ?? []
  const assertions = files.flatMap(file => file.assertionResults.map(test => ({ name: `${file.name}: ${test.fullName}`, status: test.status, isSecond: test.status === 'passed' && test.failureMessages?.length > 0 })))
  const unloaded = files.filter(file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'))
  return [...assertions, ...unloaded.map(file => ({ name: `${file.name}: did not run to its end`, status: 'failed' }))]
}

const checkResults = report => (report ?? []).map(({ name, passed }) => ({ name: `check ${name}`, status: passed ? 'passed' : 'failed' }))

/** A tool that failed although nothing in its report did is a failure of its own. */
const withTool = (results, name, status) =>
  (status !== '0' || results.length === 0) && results.every(result => result.status === 'passed')
    ? [...results, { name: `${name} ended with ${status}, ${results.length} results`, status: 'failed' }]
    : results

const all = [
  ...tests.flatMap((report, at) => at % 2 > 0 ? [] : withTool(testResults(read(report)), `npm test (${path.basename(report, '.json')})`, tests[at + 1])),
  ...withTool(checkResults(read(checksFile)), 'npm run check', checksStatus),
]
const failed = all.filter(result => result.status !== 'passed')
for (const { name, isSecond } of all) if (isSecond) console.log(`passed only when run again: ${name}`)
for (const { name, status } of failed) console.log(`${status === 'failed' ? 'failed' : `not run (${status})`}: ${name}`)
process.exitCode = failed.length > 0 ? 1 : 0
console.log(`${all.length - failed.length} passed, ${failed.length} failed`)
