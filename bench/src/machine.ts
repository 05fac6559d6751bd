/** What the figures were measured on. */

import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

/** Facts that stand beside every result. */
export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  kernel: string
  node: string
  commit: string
  /** Whether server and generator have a core of their own. */
  pinned: boolean
  measuredAt: string
}

/** Reads the facts; what cannot be found out is `unknown`. */
export function readMachine(pinned: boolean): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: ask('git', ['rev-parse', '--short', 'HEAD']) ?? 'unknown',
    pinned,
    measuredAt: new Date().toISOString(),
  }
}

/** Puts the generator on the second core; false where there is no `taskset` or only one core. */
export function pinGenerator(): boolean {
  return cpus().length > 1 && ask('taskset', ['-a', '-p', '-c', '1', String(process.pid)]) !== undefined
}

/** Starts something of its own, a browser say, that is not to be held to the generator's core. */
export async function onEveryCore<Started>(start: () => Promise<Started>): Promise<Started> {
  const own = ask('taskset', ['-p', '-c', String(process.pid)])?.split(': ').at(-1)
  if (own === undefined) return await start()
  ask('taskset', ['-a', '-p', '-c', `0-${cpus().length - 1}`, String(process.pid)])
  try {
    return await start()
  } finally {
    ask('taskset', ['-a', '-p', '-c', own, String(process.pid)])
  }
}

function ask(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
