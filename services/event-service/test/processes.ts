/** Real servers of the tests' own, on free ports of the loopback; each is ended by whoever started it. */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A running server. */
export interface ServerProcess {
  process: ChildProcess
  output: () => string
  /** Ends it as its operators do, and waits for that. */
  stop: (signal?: NodeJS.Signals) => Promise<void>
}

const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'neo-stack-events')
const built = existsSync(cache) ? readdirSync(cache).filter(name => /^centrifugo-6\.9\.1-[0-9a-f]+$/.test(name)).map(name => path.join(cache, name)) : []

/** Where Centrifugo is, if it is anywhere: `NEO_CENTRIFUGO` names a binary, `npm run centrifugo` builds one. */
export const centrifugoBinary: string | undefined = [process.env['NEO_CENTRIFUGO'], ...built].find(file => file !== undefined && existsSync(file))

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some(folder => existsSync(path.join(folder, program)))
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Starts a program and waits until it is ready. @throws with its output when it ends before */
export async function startProcess(command: readonly string[], options: { env?: Record<string, string>, isReady: () => Promise<boolean> }): Promise<ServerProcess> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { output += text })
  const ended = new Promise<void>(resolve => { child.once('close', () => { resolve() }) })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal)
    await ended
  }
  for (let tries = 0; !await options.isReady().catch(() => false); tries++) {
    if (child.exitCode !== null || tries > 600) {
      await stop('SIGKILL')
      throw new Error(`${program} did not become ready:\n${output}`)
    }
    await sleep(50)
  }
  return { process: child, output: () => output, stop }
}

/** Starts a Redis without persistence; `aclFile` holds its users. @returns it and its address without a user */
export async function startRedis(aclFile?: string): Promise<ServerProcess & { port: number }> {
  const port = await freePort()
  const folder = mkdtempSync(path.join(tmpdir(), 'redis-'))
  const server = await startProcess(['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...aclFile === undefined ? [] : ['--aclfile', aclFile]], {
    isReady: async () => (await promisify(execFile)('redis-cli', ['-p', String(port), 'ping'])).stdout.startsWith('PONG'),
  })
  return { ...server, port, stop: async signal => {
    await server.stop(signal)
    rmSync(folder, { recursive: true, force: true })
  } }
}

/** Starts a Centrifugo node with a configuration and the environment that completes it. */
export async function startCentrifugo(config: object, env: Record<string, string>): Promise<ServerProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'centrifugo-'))
  const file = path.join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(config))
  const health = `http://127.0.0.1:${env['CENTRIFUGO_HTTP_SERVER_INTERNAL_PORT'] ?? ''}/health`
  const server = await startProcess([centrifugoBinary ?? 'centrifugo', '-c', file], { env, isReady: async () => (await fetch(health)).ok })
  return { ...server, stop: async signal => {
    await server.stop(signal)
    rmSync(folder, { recursive: true, force: true })
  } }
}
