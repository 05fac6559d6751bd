/**
 * The real Centrifugo: built once from the Go module proxy by the module in `../centrifugo`, kept in the user's cache folder and
 * started as a process. `NEO_CENTRIFUGO` names another binary.
 */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readEnvironment, type Environment } from './config.ts'
import { findFreePort } from './free-port.ts'
import { until } from './until.ts'

/** Version that is built; `connect` and `info` answer it. */
const CENTRIFUGO_VERSION = '6.9.1'

const MODULE = 'github.com/centrifugal/centrifugo/v6'
const source = fileURLToPath(new URL('../centrifugo', import.meta.url))
const buildArgs = ['build', '-mod=readonly', '-trimpath', '-ldflags', `-s -w -X ${MODULE}/internal/build.Version=${CENTRIFUGO_VERSION}`]

/** Where the binary is, or what is missing: a sentence for whoever has to do without. */
export type CentrifugoBinary = { path: string } | { missing: string }

/** Looks for the binary without building it. */
export function findCentrifugo(environment: Environment = readEnvironment()): CentrifugoBinary {
  const { centrifugo } = environment
  if (centrifugo !== undefined) return existsSync(centrifugo) ? { path: centrifugo } : { missing: `NEO_CENTRIFUGO names ${centrifugo}, which is not there` }
  const path = cachedPath(environment)
  if (existsSync(path)) return { path }
  return { missing: `Centrifugo is not built${isGoInstalled(environment) ? ': run npm run centrifugo' : ' and Go 1.26 is not installed to build it'}` }
}

/** Builds the binary where that is possible and not done yet: minutes of two cores the first time, nothing after. @throws {Error} with the compiler's output */
export async function buildCentrifugo(environment: Environment = readEnvironment()): Promise<CentrifugoBinary> {
  const found = findCentrifugo(environment)
  if ('path' in found || environment.centrifugo !== undefined || !isGoInstalled(environment)) return found
  const path = cachedPath(environment)
  const unfinished = `${path}.${process.pid}`
  await mkdir(dirname(path), { recursive: true })
  // An older Go fetches the toolchain that go.mod asks for by itself, unless it is told not to.
  await promisify(execFile)('env', ['GOTOOLCHAIN=auto', 'go', ...buildArgs, '-o', unfinished, MODULE], { cwd: source, maxBuffer: 2 ** 26 })
  // Whoever looks meanwhile sees all of it or nothing.
  await rename(unfinished, path)
  return { path }
}

/** Named after everything the build depends on, so that a change of it is another file. */
function cachedPath({ cache = join(homedir(), '.cache') }: Environment): string {
  const inputs = [buildArgs.join(' '), process.arch, ...['go.mod', 'go.sum'].map(name => readFileSync(join(source, name), 'utf8'))]
  const key = createHash('sha256').update(inputs.join('\n')).digest('hex').slice(0, 12)
  return join(cache, 'neo-stack-events', `centrifugo-${CENTRIFUGO_VERSION}-${key}`)
}

const isGoInstalled = ({ path }: Environment): boolean => path.split(delimiter).some(folder => existsSync(join(folder, 'go')))

/** How Centrifugo is started. */
export interface CentrifugoOptions {
  /** Path of the binary, as `findCentrifugo` or `buildCentrifugo` gave it. */
  path: string
  /** Configuration in Centrifugo v6's own JSON; address, port and health check are set here. */
  config: Readonly<Record<string, unknown>>
  /** @default a free one */
  port?: number
  /** Added to an otherwise empty environment, for example `{ GOMAXPROCS: '1' }`. */
  env?: Readonly<Record<string, string>>
  /** Command put in front, for example `['taskset', '-c', '0']`. @default none */
  prefix?: readonly string[]
  /** Milliseconds until it must answer. @default 30000 */
  readyTimeoutMs?: number
}

/** A Centrifugo that answers. */
export interface CentrifugoProcess {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** What it has written so far. */
  output: () => string
  /** Sends a signal and does not wait. */
  signal: (signal: NodeJS.Signals) => void
  /** Kills it and removes its folder; resolves when it is gone. */
  stop: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

const children = new Set<ChildProcess>()
process.once('exit', () => { for (const child of children) child.kill('SIGKILL') })

/** Starts a node on loopback and waits until `/health` says yes. @throws {Error} with its output when it ends before */
export async function startCentrifugo(options: CentrifugoOptions): Promise<CentrifugoProcess> {
  const port = options.port ?? await findFreePort()
  const folder = await mkdtemp(join(tmpdir(), 'neo-centrifugo-'))
  const file = join(folder, 'config.json')
  const fixed = { http_server: { address: '127.0.0.1', port }, health: { enabled: true }, usage_stats: { disabled: true } }
  await writeFile(file, JSON.stringify({ ...options.config, ...fixed }), { mode: 0o600 })
  const [command = options.path, ...args] = [...options.prefix ?? [], options.path, '--config', file]
  const child = spawn(command, args, { env: { PATH: readEnvironment().path, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { output += text })
  const ended = new Promise<void>(resolve => {
    child.once('error', error => { output += error.message })
    child.once('close', () => {
      children.delete(child)
      resolve()
    })
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await Promise.race([waitReady(url, options), ended.then(() => { throw new Error('it ended') })])
  } catch (error) {
    await stop()
    throw new Error(`Centrifugo did not start:\n${output}`, { cause: error })
  }
  return { url, port, pid: child.pid ?? 0, output: () => output, signal: signal => { child.kill(signal) }, stop, [Symbol.asyncDispose]: stop }
}

const waitReady = (url: string, { readyTimeoutMs = 30_000 }: CentrifugoOptions): Promise<true> =>
  until(async () => (await fetch(`${url}/health`)).ok, { timeoutMs: readyTimeoutMs, everyMs: 20, what: 'Centrifugo to be ready' })
