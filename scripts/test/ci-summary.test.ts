import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})

interface Run { tests?: unknown, testsStatus?: string, more?: string[], checks?: unknown, checksStatus?: string }

const file = (name: string, ...tests: string[]): object =>
  ({ name, status: tests.includes('failed') || tests.length === 0 ? 'failed' : 'passed', assertionResults: tests.map(status => ({ fullName: status, status })) })

const summarize = ({ tests, testsStatus = '0', more = [], checks = [{ name: 'lint', passed: true }], checksStatus = '0' }: Run): { last: string | undefined, code: number | null } => {
  const folder = mkdtempSync(path.join(tmpdir(), 'summary-'))
  made.push(folder)
  const [testsFile, checksFile] = [path.join(folder, 'tests.json'), path.join(folder, 'checks.json')]
  if (tests) writeFileSync(testsFile, JSON.stringify({ testResults: tests }))
  writeFileSync(checksFile, JSON.stringify(checks))
  const script = path.join(import.meta.dirname, '../../.ci/summary.mjs')
  const { stdout, status } = spawnSync(process.execPath, [script, checksFile, checksStatus, testsFile, testsStatus, ...more], { encoding: 'utf8' })
  return { last: stdout.trimEnd().split('\n').at(-1), code: status }
}

describe('the summary of a CI run', () => {
  it('adds tests and checks up', () => {
    expect(summarize({ tests: [file('a', 'passed', 'passed')] })).toEqual({ last: '3 passed, 0 failed', code: 0 })
  })

  it('counts a skipped test as failed', () => {
    expect(summarize({ tests: [file('a', 'passed', 'skipped')] })).toEqual({ last: '2 passed, 1 failed', code: 1 })
  })

  it('counts a test file that did not load as failed', () => {
    expect(summarize({ tests: [file('a', 'passed'), file('b')], testsStatus: '1' })).toEqual({ last: '2 passed, 1 failed', code: 1 })
  })

  it('counts a failed check as failed', () => {
    const checks = [{ name: 'lint', passed: false }, { name: 'docs', passed: true }]
    expect(summarize({ tests: [file('a', 'passed')], checks, checksStatus: '1' })).toEqual({ last: '2 passed, 1 failed', code: 1 })
  })

  it('does not take a missing report for a pass, of none of the groups', () => {
    expect(summarize({})).toEqual({ last: '1 passed, 1 failed', code: 1 })
    expect(summarize({ tests: [file('a', 'passed')], more: ['/nowhere/rest.json', '0'] })).toEqual({ last: '2 passed, 1 failed', code: 1 })
  })

  it('does not take a tool that ended badly after its last test for a pass', () => {
    expect(summarize({ tests: [file('a', 'passed')], testsStatus: '124' })).toEqual({ last: '2 passed, 1 failed', code: 1 })
  })
})
