/** The platform as a real process: started from its path, killed, ended, started again on the same folder and port. */

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

/** How the process is started. */
export interface PlatformProcessOptions {
  /** Path of the platform's `main.ts`. */
  main: string
  /** Data folder. @default a new one, removed by `stop` */
  dataDir?: string
  /** @default 0: a free one, kept over restarts */
  port?: number
  /** More settings; they stand above this kit's defaults (loopback, demo on, portals off). */
  env?: Readonly<Record<string, string>>
  /** Command put in front, for example `['taskset', '-c', '0']`. @default none */
  prefix?: readonly string[]
  /** Flags of Node itself, such as `--cpu-prof`. @default none */
  nodeFlags?: readonly string[]
  /** Milliseconds until it must answer. @default 90000 */
  readyTimeoutMs?: number
}

/** How a process ended. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** What `<data folder>/demo.json` holds. */
export interface DemoFile {
  users: { email: string, password: string, tenantId: string, role: string }[]
  apiKeys: { tenantId: string | null, key: string, permissions: string[] }[]
}

/** A platform process that answers. */
export interface PlatformProcess {
  readonly url: string
  readonly dataDir: string
  readonly pid: number
  /** What it has written so far, both streams. */
  output(): string
  demo(): Promise<DemoFile>
  /** kill -9; resolves when it is gone. */
  kill(): Promise<Exit>
  /** SIGTERM; resolves when it is gone. */
  terminate(): Promise<Exit>
  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void
  readonly exited: Promise<Exit>
  /** Starts it again on the same folder and port, after it has ended. */
  restart(): Promise<void>
  /** Ends it and removes the folder it made. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Running {
  child: ChildProcess
  output: () => string
  exited: Promise<Exit>
}

/** What Node compiled of the sources, as `npm start` keeps it: the next process starts in half the time. */
const compiled = fileURLToPath(new URL('../../../node_modules/.cache/compile', import.meta.url))

const children = new Set<ChildProcess>()
process.once('exit', () => { for (const child of children) child.kill('SIGKILL') })

/** Starts the platform and waits until `/readyz` says yes. @throws {Error} with its output when it ends before */
export async function startPlatform(options: PlatformProcessOptions): Promise<PlatformProcess> {
  const dataDir = options.dataDir ?? await mkdtemp(join(tmpdir(), 'neo-platform-'))
  let running = run(options, { dataDir, port: options.port ?? 0 })
  const url = await waitReady(running, options)
  const restart = async (): Promise<void> => {
    await running.exited
    running = run(options, { dataDir, port: Number(new URL(url).port) })
    await waitReady(running, options)
  }
  const end = (signal: NodeJS.Signals): Promise<Exit> => {
    running.child.kill(signal)
    return running.exited
  }
  const stop = async (): Promise<void> => {
    await end('SIGKILL')
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  return {
    url, dataDir, restart, stop,
    get pid() { return running.child.pid ?? 0 },
    get exited() { return running.exited },
    output: () => running.output(),
    demo: async () => JSON.parse(await readFile(join(dataDir, 'demo.json'), 'utf8')) as DemoFile,
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    signal: signal => { running.child.kill(signal) },
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * Runs the platform until it ends by itself, for what it must refuse.
 * @throws {Error} when it is still there after `readyTimeoutMs`
 */
export async function runPlatform(options: PlatformProcessOptions & { dataDir: string }): Promise<Exit> {
  const { child, exited, output } = run(options, { dataDir: options.dataDir, port: options.port ?? 0 })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, options.readyTimeoutMs ?? 90_000)
  const exit = await exited
  clearTimeout(timer)
  if (isLate) throw new Error(`the platform did not end by itself:\n${output()}`)
  return exit
}

function run({ main, env = {}, prefix = [], nodeFlags = [] }: PlatformProcessOptions, { dataDir, port }: { dataDir: string, port: number }): Running {
  const [command = process.execPath, ...args] = [...prefix, process.execPath, ...nodeFlags, main]
  const child = spawn(command, args, {
    // Nothing of the environment of whoever runs the tests: it may hold settings.
    env: { HOST: '127.0.0.1', PORT: String(port), NEO_DATA_DIR: dataDir, NEO_DEMO: '1', NEO_PORTALS: 'none', NEO_DEPLOYER: 'simulation', NODE_COMPILE_CACHE: compiled, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', text => { stderr += text })
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      children.delete(child)
      resolve({ code, signal, stdout, stderr })
    })
  })
  return { child, exited, output: () => stdout + stderr }
}

async function waitReady({ child, output, exited }: Running, { readyTimeoutMs = 90_000 }: PlatformProcessOptions): Promise<string> {
  const ended = exited.then(exit => { throw new Error(`the platform ended (${exit.code ?? exit.signal}) before it was ready:\n${output()}`) })
  const ready = until(async () => {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output())?.[0]
    return url !== undefined && child.exitCode === null && (await fetch(`${url}/readyz`)).ok && url
  }, { timeoutMs: readyTimeoutMs, everyMs: 20, what: () => `the platform to be ready:\n${output()}` })
  try {
    return await Promise.race([ready, ended])
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    ready.catch(() => { /* told by whoever won */ })
    ended.catch(() => { /* an end after it was ready is `exited`'s to tell */ })
  }
}
