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
  /** Milliseconds before it is started again. @default 1000 */
  restartMs?: number
}

/** A process that is kept running. */
export interface Supervised {
  name: string
  /** Of the process that runs now. */
  pid: () => number
  /** Resolves when it does its work. @throws {Error} when it does not in time, or ends again and again before it ever did */
  ready: () => Promise<void>
  /** Asks it to stop, and ends it when it does not. */
  stop: () => Promise<void>
}

/** Milliseconds for it to become ready and to stop. */
const READY_MS = 180_000
const STOP_MS = 20_000

/** How often it may end by itself before it is ready: what is wrong with its settings is wrong with the next one too. */
const TRIES = 3
/** How much of what it said is told then, in characters. */
const SAID_LENGTH = 1000

/** How it ended until now, by itself. */
interface Ends { times: number, said: string }

/** Starts a process. */
export function supervise(task: Task): Supervised {
  let isStopping = false
  let running = run(task)
  const ends: Ends = { times: 0, said: '' }
  const keep = async (): Promise<void> => {
    while (true) {
      await running.ended
      if (isStopping) return
      await sleep(task.restartMs ?? 1000)
      // It may have been stopped meanwhile, which the compiler cannot know.
      if ((() => isStopping)()) return
      // Its last words have come by now.
      Object.assign(ends, { times: ends.times + 1, said: running.said() })
      running = run(task)
    }
  }
  const kept = keep()
  return {
    name: task.name,
    pid: () => running.child.pid ?? 0,
    ready: () => waitReady(task, ends),
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

function run({ command, environment, logFile, user, cwd }: Task): { child: ChildProcess, ended: Promise<void>, said: () => string } {
  const [program = '', ...args] = command
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  // A group of its own: Ctrl-C reaches this process alone, which stops the parts in their order.
  const child = spawn(program, args, { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...user, ...cwd !== undefined && { cwd } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(log)
    stream.on('data', (bytes: Buffer) => { said = (said + bytes.toString()).slice(-SAID_LENGTH) })
  }
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      log.write(`${error.message}\n`)
      said = error.message
      resolve()
    })
    // Workers of a killed nginx or PostgreSQL would keep its port; they are of its group.
    child.once('exit', () => {
      endGroup(child.pid)
      resolve()
    })
  })
  return { child, ended, said: () => said.trim() }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

async function waitReady({ name, isReady, logFile }: Task, ends: Ends): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (!await isReady().catch(() => false)) {
    if (performance.now() > deadline) throw new Error(`${name} is not ready after ${READY_MS / 1000} s; what it says is in ${logFile}`)
    if (ends.times >= TRIES) throw new Error(`${name} ended ${ends.times} times before it was ready; more is in ${logFile}:\n${ends.said}`)
    await sleep(50)
  }
}
