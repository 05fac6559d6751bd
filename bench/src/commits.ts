/** `npm run bench -- compare A B SCENARIO…`: runs scenarios of two commits in turn, in checkouts of their own, and sets the medians side by side. */

import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Machine } from './machine.ts'
import { root, type Measured } from './scenario.ts'
import { summarise, toFigure } from './statistics.ts'
import { formatLines, type Row } from './table.ts'

/** What is compared. */
export interface Comparison {
  /** Two of anything that git knows as a commit. */
  commits: readonly [string, string]
  scenarios: readonly string[]
  /** Runs of each commit. */
  runs: number
  /** Passed on to every run, such as `--seconds 5`. */
  flags: readonly string[]
  say: (text: string) => void
  /** Path of the repository. @default this one */
  repository?: string
}

/** A checkout of one of them. */
interface Tree { name: string, folder: string }

/** What a run of a scenario leaves in `bench/out`; what an older commit does not write is not there. */
type Result = Measured & { machine?: Machine, seconds?: number }

/** Figures of the same name, with the medians of both commits. Pure. */
export function pairRows(before: readonly (readonly Row[])[], after: readonly (readonly Row[])[]): { name: string, unit: string, before: number, after: number }[] {
  const medianOf = (runs: readonly (readonly Row[])[], name: string): number => {
    const values = runs.flatMap(rows => rows.filter(row => row.name === name).map(({ value }) => value))
    return values.length === 0 ? Number.NaN : summarise(values).p50
  }
  const units = new Map([...before, ...after].flat().map(({ name, unit }) => [name, unit]))
  return [...units].map(([name, unit]) => ({ name, unit, before: medianOf(before, name), after: medianOf(after, name) }))
}

/**
 * Runs them, one commit after the other so that a machine that gets slower slows both down; prints a table for each scenario, with what the
 * runs noted, and writes `bench/out/compare-<scenario>.json`.
 */
export async function compareCommits({ commits, scenarios, runs, flags, say, repository = root }: Comparison): Promise<void> {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
  const folder = await mkdtemp(path.join(tmpdir(), 'neo-compare-'))
  const trees = commits.map((commit, index): Tree => ({ name: git('rev-parse', '--short', `${commit}^{commit}`), folder: path.join(folder, String(index)) }))
  try {
    for (const tree of trees) {
      say(`${tree.name}: checking out and installing`)
      git('worktree', 'add', '--quiet', '--detach', tree.folder, tree.name)
      install(tree)
    }
    for (const scenario of scenarios) {
      const results: Result[][] = trees.map(() => [])
      for (let run = 1; run <= runs; run++) {
        for (const [index, tree] of trees.entries()) {
          say(`${scenario}, run ${run} of ${runs}, ${tree.name}`)
          results[index]?.push(await runOnce(tree, scenario, flags))
        }
      }
      const [before = [], after = []] = results.map(list => list.map(({ rows }) => rows))
      const paired = pairRows(before, after)
      const notes = trees.flatMap(({ name }, index) => collectNotes(results[index] ?? []).map(note => `${name}: ${note}`))
      say(`\n${[`## ${scenario}, medians of ${runs}`, formatPairs(trees, paired), ...notes].join('\n\n')}\n`)
      const { machine, seconds } = results[1]?.at(-1) ?? {}
      await mkdir(path.join(repository, 'bench/out'), { recursive: true })
      const written = { scenario, commits: trees.map(({ name }) => name), machine, seconds, runs, rows: paired, notes }
      await writeFile(path.join(repository, `bench/out/compare-${scenario}.json`), `${JSON.stringify(written, null, 2)}\n`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
    git('worktree', 'prune')
  }
}

const formatPairs = (trees: readonly Tree[], rows: ReturnType<typeof pairRows>): string => formatLines([
  ['figure', ...trees.map(({ name }) => name), 'unit', 'after ÷ before'],
  ...rows.map(row => [row.name, toFigure(row.before), toFigure(row.after), row.unit, row.before === 0 ? '–' : toFigure(row.after / row.before)]),
], [1, 2, 4])

/** What the runs of one commit said, of figures too, each once and with how many runs said it. */
function collectNotes(results: readonly Result[]): string[] {
  const said = results.flatMap(({ rows, notes = [] }) => [...new Set([...notes, ...rows.flatMap(({ name, note }) => note === undefined ? [] : [`${name}: ${note}`])])])
  return [...new Set(said)].map(note => `${note} (${said.filter(other => other === note).length} of ${results.length} runs)`)
}

function install({ name, folder }: Tree): void {
  const { status, stderr } = runNpm(folder, ['ci', '--include=dev', '--prefer-offline'])
  if (status !== 0) throw new Error(`${name} does not install:\n${stderr}`)
}

async function runOnce({ name, folder }: Tree, scenario: string, flags: readonly string[]): Promise<Result> {
  const { status, stderr } = runNpm(folder, ['run', '--silent', 'bench', '--', scenario, ...flags])
  if (status !== 0) throw new Error(`${scenario} of ${name} ended with ${status ?? 'a signal'}:\n${stderr}`)
  return JSON.parse(await readFile(path.join(folder, 'bench/out', `${scenario}.json`), 'utf8')) as Result
}

/** Without what the npm that runs this has told of itself: it would work on this checkout, with its Node. */
function runNpm(folder: string, args: readonly string[]): SpawnSyncReturns<string> {
  const own = path.join(root, 'node_modules/.bin')
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_(package|lifecycle)_|npm_((node_)?execpath|command|config_(local_)?prefix)$|INIT_CWD$|NODE_COMPILE_CACHE$)/.test(name)))
  return spawnSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26, env: { ...env, PATH: (env['PATH'] ?? '').split(path.delimiter).filter(part => part !== own).join(path.delimiter) } })
}
