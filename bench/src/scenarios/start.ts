/** How long a person waits: from a clean copy to the first page, and from a second start. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@neo-stack/testing'
import { onEveryCore } from '../machine.ts'
import { root, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

/** Second starts; the median counts. */
const AGAIN = 5

export const start: Scenario = {
  cores: '0,1',
  doc: 'npm ci, npm start to the first page, second start; on every core, as for a person',
  run: () => onEveryCore(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neo-bench-'))
    try {
      const copy = join(folder, 'copy')
      await runCommand('git', ['clone', '-q', root, copy], folder)
      const installed = await timed(() => runCommand('npm', ['ci', '--no-audit', '--no-fund'], copy))
      return { rows: [{ name: 'npm ci', value: installed, unit: 's' }, ...await measureStarts(copy)] }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }),
}

async function measureStarts(copy: string): Promise<Row[]> {
  const place = { dataDir: join(copy, '.data'), port: 18_080 }
  const first = await startOnce(copy, place)
  const seconds: number[] = []
  for (let time = 0; time < AGAIN; time++) seconds.push(await startOnce(copy, place))
  const { p50, max } = summarise(seconds)
  return [
    { name: 'npm start to the first page, portals built', value: first, unit: 's' },
    { name: `npm start again to the first page, median of ${AGAIN}`, value: p50, unit: 's', goal: '≤ 3' },
    { name: 'the slowest of them', value: max, unit: 's' },
  ]
}

/** Starts as a person would and stops once the first page is there. @returns the seconds until then */
async function startOnce(copy: string, { dataDir, port }: { dataDir: string, port: number }): Promise<number> {
  const startedAt = performance.now()
  const child = spawn('npm', ['start'], { cwd: copy, env: { ...process.env, PORT: String(port), NEO_DATA_DIR: dataDir, NEO_DEMO: '1' }, stdio: 'ignore', detached: true })
  try {
    await until(async () => child.exitCode !== null || (await fetch(`http://127.0.0.1:${port}/tenant/`)).ok, { timeoutMs: 600_000, everyMs: 25, what: 'the first page' })
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`)
    return secondsSince(startedAt)
  } finally {
    // npm does not pass the signal on to what it started: the whole group gets it.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    if (child.exitCode === null) await once(child, 'close')
    await until(() => fetch(`http://127.0.0.1:${port}/livez`).then(() => false, () => true), { timeoutMs: 15_000, what: 'the port to be free' })
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return secondsSince(startedAt)
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000

async function runCommand(command: string, args: readonly string[], cwd: string): Promise<void> {
  const [code] = await once(spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] }), 'close')
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`)
}
