import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareCommits } from '../src/commits.ts'

/** A scenario of one figure, which is the argument of `--seconds` times a number of the commit's. */
const bench = (times: number): string => `
const { writeFileSync } = require('node:fs')
const [scenario, ...flags] = process.argv.slice(2)
if (scenario !== 'rate') throw new Error('there is no ' + scenario)
writeFileSync('bench/out/rate.json', JSON.stringify({ rows: [{ name: 'rate', unit: '/s', value: ${times} * Number(flags[flags.indexOf('--seconds') + 1]), note: 'late' }], notes: ['times ${times}'], seconds: 5 }))
`

describe('two commits compared', () => {
  let repository: string
  const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@neo.example', ...args], { cwd: repository, encoding: 'utf8' })
  const commit = async (times: number): Promise<void> => {
    await writeFile(path.join(repository, 'bench/main.cjs'), bench(times))
    git('add', '-A')
    git('commit', '--quiet', '-m', `times ${times}`)
  }

  beforeAll(async () => {
    repository = await mkdtemp(path.join(tmpdir(), 'neo-compare-test-'))
    const named = { name: 'scratch', version: '1.0.0' }
    await mkdir(path.join(repository, 'bench/out'), { recursive: true })
    await writeFile(path.join(repository, 'bench/out/.keep'), '')
    await writeFile(path.join(repository, 'package.json'), JSON.stringify({ ...named, scripts: { bench: 'node bench/main.cjs' } }))
    await writeFile(path.join(repository, 'package-lock.json'), JSON.stringify({ ...named, lockfileVersion: 3, packages: { '': named } }))
    git('init', '--quiet')
    await commit(2)
    await commit(3)
  })
  afterAll(() => rm(repository, { recursive: true, force: true }))

  it('are checked out, run in turn, set side by side, and leave nothing behind', async () => {
    const said: string[] = []
    await compareCommits({ repository, commits: ['HEAD~1', 'HEAD'], scenarios: ['rate'], runs: 2, flags: ['--seconds', '5'], say: text => { said.push(text) } })
    const [before, after] = ['HEAD~1', 'HEAD'].map(name => git('rev-parse', '--short', name).trim())
    expect(said.slice(0, -1)).toEqual([
      `${before}: checking out and installing`, `${after}: checking out and installing`,
      ...[1, 2].flatMap(run => [before, after].map(name => `rate, run ${run} of 2, ${name}`)),
    ])
    const notes = [`${before}: times 2 (2 of 2 runs)`, `${before}: rate: late (2 of 2 runs)`, `${after}: times 3 (2 of 2 runs)`, `${after}: rate: late (2 of 2 runs)`]
    expect(said.at(-1)?.trim().split('\n').map(line => line.split('|').map(cell => cell.trim()).filter(Boolean))).toEqual([
      ['## rate, medians of 2'], [], ['figure', before, after, 'unit', 'after ÷ before'], expect.anything(), ['rate', '10', '15', '/s', '1.5'],
      ...notes.flatMap(note => [[], [note]]),
    ])
    expect(JSON.parse(await readFile(path.join(repository, 'bench/out/compare-rate.json'), 'utf8'))).toEqual({
      scenario: 'rate', commits: [before, after], seconds: 5, runs: 2, rows: [{ name: 'rate', unit: '/s', before: 10, after: 15 }], notes,
    })
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  }, 120_000)

  it('end with what a run that failed said', async () => {
    const comparing = compareCommits({ repository, commits: ['HEAD', 'HEAD'], scenarios: ['absent'], runs: 1, flags: [], say: () => undefined })
    await expect(comparing).rejects.toThrow(/absent of \w+ ended with 1:[^]*there is no absent/)
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  }, 120_000)
})
