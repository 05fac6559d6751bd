/** `npm run bench -- compare A B SCENARIO…`: runs scenarios of two commits in turn, in checkouts of their own, and sets the medians side by side. */

import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root } from './scenario.ts'
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

/** Figures of the same name, with the medians of both commits. Pure. */
export function pairRows(before: readonly (readonly Row[])[], after: readonly (readonly Row[])[]): { name: string, unit: string, before: number, after: number }[] {
  const medianOf = (runs: readonly (readonly Row[])[], name: string): number => {
    const values = runs.flatMap(rows => rows.filter(row => row.name === name).map(({ value }) => value))
    return values.length === 0 ? Number.NaN : summarise(values).p50
  }
  const units = new Map([...before, ...after].flat().map(({ name, unit }) => [name, unit]))
  return [...units].map(([name, unit]) => ({ name, unit, before: medianOf(before, name), after: medianOf(after, name) }))
}

/** Runs them, one commit after the other so that a machine that gets slower slows both down, and prints a table for each scenario. */
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
      const figures: Row[][][] = trees.map(() => [])
      for (let run = 1; run <= runs; run++) {
        for (const [index, tree] of trees.entries()) {
          say(`${scenario}, run ${run} of ${runs}, ${tree.name}`)
          figures[index]?.push(await runOnce(tree, scenario, flags))
        }
      }
      const rows = pairRows(figures[0] ?? [], figures[1] ?? [])
      say(`\n## ${scenario}, medians of ${runs}\n\n${formatLines([
        ['figure', ...trees.map(({ name }) => name), 'unit', 'after ÷ before'],
        ...rows.map(row => [row.name, toFigure(row.before), toFigure(row.after), row.unit, row.before === 0 ? '–' : toFigure(row.after / row.before)]),
      ], [1, 2, 4])}\n`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
    git('worktree', 'prune')
  }
}

function install({ name, folder }: Tree): void {
  const { status, stderr } = runNpm(folder, ['ci', '--include=dev', '--prefer-offline'])
  if (status !== 0) throw new Error(`${name} does not install:\n${stderr}`)
}

async function runOnce({ name, folder }: Tree, scenario: string, flags: readonly string[]): Promise<Row[]> {
  const { status, stderr } = runNpm(folder, ['run', '--silent', 'bench', '--', scenario, ...flags])
  if (status !== 0) throw new Error(`${scenario} of ${name} ended with ${status ?? 'a signal'}:\n${stderr}`)
  return (JSON.parse(await readFile(path.join(folder, 'bench/out', `${scenario}.json`), 'utf8')) as { rows: Row[] }).rows
}

/** Without what the npm that runs this has told of itself: it would work on this checkout, with its Node. */
function runNpm(folder: string, args: readonly string[]): SpawnSyncReturns<string> {
  const own = path.join(root, 'node_modules/.bin')
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_(package|lifecycle)_|npm_((node_)?execpath|command|config_(local_)?prefix)$|INIT_CWD$|NODE_COMPILE_CACHE$)/.test(name)))
  return spawnSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26, env: { ...env, PATH: (env['PATH'] ?? '').split(path.delimiter).filter(part => part !== own).join(path.delimiter) } })
}
