/** `npm run start:cluster` as a process of its own folder and ports: what the tests of the scale-out column stand on. */

import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient, type Client, type ClientOptions } from '@neo-stack/client'
import { until, type DemoFile } from '@neo-stack/testing'
import { clusterMain } from '../paths.ts'

/** A part that runs. */
export interface ClusterPart { name: string, pid: number, url: string }

/** A running cluster. */
export interface Cluster {
  /** The gateway's address. */
  url: string
  demo: DemoFile
  /** The part as it runs now. */
  part: (name: string) => Promise<ClusterPart>
  /** What the part was told: its environment. */
  settings: (name: string) => Promise<Record<string, string>>
  /** Signals a part with all its processes: nginx and PostgreSQL are several. */
  signal: (name: string, signal: NodeJS.Signals) => Promise<void>
  /** The database's address, as its owner. */
  databaseUrl: () => Promise<string>
  /** Redis' answer to its operator. */
  askRedis: (...command: string[]) => Promise<string>
  /** A service of the tenant, the operator's with `null`; it repeats nothing by itself. */
  service: (tenantId: string | null, options?: ClientOptions) => Client
  /** A signed-in person of the tenant. @default its member */
  person: (tenantId: string, options?: ClientOptions & { role?: string }) => Promise<Client>
  /** Ends it in order. @throws {Error} when that fails or a part is left */
  stop: () => Promise<void>
}

/** Milliseconds until all parts answer; portals may have to be built before. */
const READY_MS = 150_000
const BUILD_MS = 480_000

/** Starts one and waits until everything answers. @param env further settings @throws {Error} with its output when it ends before */
export async function startCluster(env: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'neo-cluster-'))
  const child = spawn(process.execPath, [clusterMain, 'start'], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], HOST: '127.0.0.1', PORT: '0', NEO_DATA_DIR: folder, NEO_PORTALS: 'none', ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  // It ends its parts by itself, even when the tests are ended in the middle.
  const end = (): void => { child.kill('SIGTERM') }
  process.once('exit', end)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { output += text })
  const exited = new Promise<void>(resolve => { child.once('close', () => { resolve() }) })
  const state = async (): Promise<{ url: string, parts: ClusterPart[] }> => JSON.parse(await readFile(join(folder, 'cluster.json'), 'utf8')) as { url: string, parts: ClusterPart[] }
  const clients: Client[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(clients.splice(0).map(client => client.close()))
    const { parts } = await state().catch(() => ({ parts: [] }))
    end()
    await exited
    process.off('exit', end)
    await rm(folder, { recursive: true, force: true })
    const left = parts.filter(({ pid }) => existsSync(`/proc/${pid}`))
    if (parts.length > 0 && (child.exitCode !== 0 || left.length > 0)) throw new Error(`the cluster ended with ${child.exitCode}, and left ${left.map(({ name }) => name).join(', ') || 'nothing'}:\n${output}`)
  }
  try {
    await until(() => child.exitCode !== null || output.includes('The cluster is ready'), { timeoutMs: env['NEO_PORTALS'] === 'auto' ? BUILD_MS : READY_MS, everyMs: 50, what: () => `the cluster:\n${output}` })
    if (child.exitCode !== null) throw new Error(`the cluster ended:\n${output}`)
  } catch (error) {
    await stop()
    throw error
  }
  const { url } = await state()
  const demo = JSON.parse(await readFile(join(folder, 'demo.json'), 'utf8')) as DemoFile
  const part = (name: string): Promise<ClusterPart> => until(async () => (await state()).parts.find(one => one.name === name), { what: name })
  const open = (options: ClientOptions): Client => {
    const client = createClient({ baseUrl: url, connection: { minReconnectMs: 100, maxReconnectMs: 1000 }, feeds: { retry: { baseMs: 100, maxMs: 1000 } }, ...options })
    clients.push(client)
    return client
  }
  const secret = async (name: string): Promise<string> => (JSON.parse(await readFile(join(folder, 'secrets.json'), 'utf8')) as Record<string, string>)[name] ?? ''
  return {
    url, demo, part, stop,
    settings: async name => {
      const told = await readFile(`/proc/${(await part(name)).pid}/environ`, 'utf8')
      return Object.fromEntries(told.split('\0').filter(Boolean).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    },
    databaseUrl: async () => `postgres://neo:${await secret('databasePassword')}@${new URL((await part('postgres')).url).host}/neo`,
    signal: async (name, signal) => {
      const { pid } = await part(name)
      // PostgreSQL's children are no group, and a paused parent starts no others.
      process.kill(pid, signal === 'SIGKILL' ? 'SIGSTOP' : signal)
      const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number)
      for (const one of [...children, ...signal === 'SIGKILL' ? [pid] : []]) process.kill(one, signal)
    },
    askRedis: async (...command) => {
      const { port } = new URL((await part('redis')).url)
      const { stdout } = await promisify(execFile)('redis-cli', ['-e', '-p', port, '--user', 'operator', ...command], { env: { ...process.env, REDISCLI_AUTH: await secret('operatorRedisPassword') } })
      return stdout.trim()
    },
    service: (tenantId, options) => open({ apiKey: keyOf(demo, tenantId), request: { retries: 0, timeoutMs: 5000 }, ...options }),
    person: async (tenantId, { role = 'member', ...options } = {}) => {
      // Cookies are taken from the address that browsers use.
      const client = open({ baseUrl: env['NEO_PUBLIC_URL'] ?? url, cookieJar: true, ...options })
      const { email, password } = demo.users.find(user => user.tenantId === tenantId && user.role === role) ?? { email: '', password: '' }
      await client.session.signIn(email, password)
      return client
    },
  }
}

/** The key of the tenant's service, or the operator's. */
export const keyOf = (demo: DemoFile, tenantId: string | null): string => demo.apiKeys.find(key => key.tenantId === tenantId)?.key ?? ''
