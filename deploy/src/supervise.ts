/** Processes that are started again when they end, until they are stopped: what `restart: unless-stopped` is for containers. */

import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process to keep running. */
export interface Task {
  name: string
  command: readonly string[]
  environment: Readonly<Record<string, string>>
  /** Gets what the process writes. */
  logFile: string
  /** @default the user of this process */
  user?: { uid: number, gid: number }
  cwd?: string
  /** Whether it does its work; a rejection is a no. */
  isReady: () => Promise<boolean>
  /** How it is asked to stop. @default 'SIGTERM' */
  stopSignal?: NodeJS.Signals
}

/** A process that is kept running. */
export interface Supervised {
  name: string
  /** Of the process that runs now. */
  pid: () => number
  /** Resolves when it does its work. @throws {Error} when it does not in time */
  ready: () => Promise<void>
  /** Asks it to stop, and ends it when it does not. */
  stop: () => Promise<void>
}

/** Milliseconds: before it is started again, for it to become ready and to stop. */
const RESTART_MS = 1000
const READY_MS = 180_000
const STOP_MS = 20_000

/** Starts a process. */
export function supervise(task: Task): Supervised {
  let isStopping = false
  let running = run(task)
  const keep = async (): Promise<void> => {
    while (true) {
      await running.ended
      if (isStopping) return
      await sleep(RESTART_MS)
      // It may have been stopped meanwhile, which the compiler cannot know.
      if ((() => isStopping)()) return
      running = run(task)
    }
  }
  const kept = keep()
  return {
    name: task.name,
    pid: () => running.child.pid ?? 0,
    ready: () => waitReady(task),
    stop: async () => {
      isStopping = true
      running.child.kill(task.stopSignal ?? 'SIGTERM')
      // A process that is paused hears nothing else.
      running.child.kill('SIGCONT')
      const late = setTimeout(() => { running.child.kill('SIGKILL') }, STOP_MS)
      await kept
      clearTimeout(late)
    },
  }
}

function run({ command, environment, logFile, user, cwd }: Task): { child: ChildProcess, ended: Promise<void> } {
  const [program = '', ...args] = command
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  // A group of its own: Ctrl-C reaches this process alone, which stops the parts in their order.
  const child = spawn(program, args, { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...user, ...cwd !== undefined && { cwd } })
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      log.write(`${error.message}\n`)
      resolve()
    })
    // Workers of a killed nginx or PostgreSQL would keep its port; they are of its group.
    child.once('exit', () => {
      endGroup(child.pid)
      resolve()
    })
  })
  return { child, ended }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

async function waitReady({ name, isReady, logFile }: Task): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (!await isReady().catch(() => false)) {
    if (performance.now() > deadline) throw new Error(`${name} is not ready after ${READY_MS / 1000} s; what it says is in ${logFile}`)
    await sleep(50)
  }
}
