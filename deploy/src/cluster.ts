/**
 * The topology as processes of this machine: `npm run start:cluster`. Everything is in one folder; ports other than the gateway's
 * are free ones, kept while the cluster runs.
 */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createCentrifugoConfig } from '@neo-stack/event-service'
import { findFreePort } from '@neo-stack/testing'
import { createNginxConfig } from './nginx.ts'
import { ClusterError, findPrograms, type Programs } from './programs.ts'
import { createRedisUsers } from './redis-users.ts'
import { supervise, type Supervised, type Task } from './supervise.ts'
import { createTopology, DATABASE, databaseUrl, namesOf, type Part, type Place, type Role, type Secrets } from './topology.ts'

/** How a cluster is started. */
export interface ClusterOptions {
  folder: string
  /** The gateway's address; port 0 takes a free one. */
  host: string
  port: number
  publicUrl?: string | undefined
  portals: 'auto' | 'none'
  demo: boolean
  /** @default no e-mail is sent */
  mail?: Place['mail'] | undefined
  /** See {@link Place}. */
  settings?: Readonly<Record<string, string>>
  searchPath: string
  /** Told of each part that is ready. */
  onReady?: (name: string) => void
}

/** A running cluster. */
export interface Cluster {
  url: string
  /** Name, process and own address of each part. */
  parts: () => { name: string, role: Role, pid: number, url: string }[]
  stop: () => Promise<void>
}

const main = fileURLToPath(new URL('../../services/platform/src/main.ts', import.meta.url))
/** What Node compiled of the sources, as `npm start` keeps it: four processes begin with the same ones. */
const compiled = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url))

/** Everything the parts' processes are made of. */
interface Site {
  place: Place
  programs: Programs
  folder: string
  /** PostgreSQL and Redis refuse or should not have root. */
  user: { uid: number, gid: number } | undefined
}

/** Starts all parts, each as soon as those it stands on are up, and waits until all of them are. @throws {ClusterError} */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const programs = findPrograms(options.searchPath)
  prepareFolder(options.folder)
  const { place, addresses } = await createPlace(options)
  const site: Site = { place, programs, folder: options.folder, user: process.getuid?.() === 0 ? postgresUser() : undefined }
  const running: (Supervised & { role: Role, isUp: Promise<void> })[] = []
  const areUp = async (names: readonly string[]): Promise<void> => { await Promise.all(running.filter(({ name }) => names.includes(name)).map(({ isUp }) => isUp)) }
  const stop = async (): Promise<void> => {
    const roles = new Set(running.toReversed().map(({ role }) => role))
    // Those of one role end side by side.
    for (const role of roles) await Promise.all(running.filter(one => one.role === role).map(one => one.stop()))
  }
  try {
    for (const part of createTopology(place)) {
      await areUp(part.after)
      const started = supervise({ ...await prepare[part.role](site, part), name: part.name, logFile: path.join(options.folder, `${part.name}.log`) })
      const isUp = started.ready().then(async () => {
        if (part.role === 'postgres') await createRoles(place)
        options.onReady?.(part.name)
      })
      // Whoever waits for it hears of it; until then it is nobody's.
      isUp.catch(() => undefined)
      running.push({ ...started, role: part.role, isUp })
    }
    await areUp(running.map(({ name }) => name))
  } catch (error) {
    await stop()
    throw error
  }
  const toUrl = (name: string): string => `http://${addresses(name).host}:${addresses(name).port}`
  return { url: toUrl('gateway'), parts: () => running.map(({ name, role, pid }) => ({ name, role, pid: pid(), url: toUrl(name) })), stop }
}

function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  // PostgreSQL and Redis run as another user than root and have their own folders in it.
  chmodSync(folder, 0o711)
  const pidFile = path.join(folder, 'cluster.pid')
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0
  if (pid > 0 && pid !== process.pid && isAlive(pid)) throw new ClusterError(`The folder ${folder} is in use by the cluster of process ${pid}: stop it, or set NEO_DATA_DIR to another folder.`)
  writeFileSync(pidFile, String(process.pid))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function createPlace({ folder, host, port, publicUrl, portals, demo, mail, settings = {} }: ClusterOptions): Promise<{ place: Place, addresses: Place['addressOf'] }> {
  const ports = new Map<string, number>()
  const names = ['postgres', 'redis', ...namesOf('event-service'), ...namesOf('stack-deployer'), ...namesOf('centrifugo').flatMap(name => [name, `${name}/internal`])]
  ports.set('gateway', port === 0 ? await findFreePort() : port)
  for (const name of names) ports.set(name, await findFreePort())
  const addressOf: Place['addressOf'] = (name, door) => ({ host: name === 'gateway' ? host : '127.0.0.1', port: ports.get(door === undefined ? name : `${name}/${door}`) ?? 0 })
  const folderOf = (name: string): string => path.join(folder, name)
  const place = {
    addressOf, listen: '127.0.0.1', publicUrl: publicUrl ?? `http://${host}:${ports.get('gateway') ?? 0}`, folderOf, secrets: readSecrets(path.join(folder, 'secrets.json')), portals, demo, settings, ...mail && { mail },
  }
  return { place, addresses: addressOf }
}

/** Made once, readable by their owner alone; a part that came later gets its own. */
function readSecrets(file: string): Secrets {
  const secrets = { ...createSecrets(), ...existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets> : {} }
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  return secrets
}

/** New passwords and keys. */
export function createSecrets(): Secrets {
  const secret = (): string => randomBytes(24).toString('hex')
  return {
    databasePassword: secret(), centrifugoDatabasePassword: secret(), redisPassword: secret(), centrifugoRedisPassword: secret(), operatorRedisPassword: secret(), centrifugoApiKey: secret(), metricsToken: secret(), grafanaAdminPassword: secret(),
  }
}

function postgresUser(): { uid: number, gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres']).toString())
  return { uid: id('-u'), gid: id('-g') }
}

type Prepared = Omit<Task, 'name' | 'logFile'>

const answers = (url: string) => async (): Promise<boolean> => (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok

/** What each role needs before its process, and the process. */
const prepare: Record<Role, (site: Site, part: Part) => Prepared | Promise<Prepared>> = {
  'postgres': preparePostgres,
  'redis': prepareRedis,
  'event-service': (site, part) => preparePlatform(site, part, []),
  'stack-deployer': (site, part) => preparePlatform(site, part, ['deployer']),
  'centrifugo': ({ place, programs, folder }, { name, environment }) => {
    const file = path.join(folder, 'centrifugo.json')
    writeFileSync(file, JSON.stringify(createCentrifugoConfig(), null, 2))
    const { host, port } = place.addressOf(name, 'internal')
    return { command: [programs.centrifugo, '-c', file], environment, isReady: answers(`http://${host}:${port}/health`) }
  },
  'gateway': ({ place, programs, folder }) => {
    const own = path.join(folder, 'gateway')
    mkdirSync(own, { recursive: true })
    const file = path.join(own, 'nginx.conf')
    const at = (name: string): string => `${place.addressOf(name).host}:${place.addressOf(name).port}`
    writeFileSync(file, createNginxConfig({
      listen: at('gateway'), eventServices: namesOf('event-service').map(at), centrifugos: namesOf('centrifugo').map(at), folder: own, ...process.getuid?.() === 0 && { user: 'root' },
    }))
    return { command: [programs.nginx, '-e', 'stderr', '-c', file], environment: {}, isReady: answers(`http://${at('gateway')}/readyz`), stopSignal: 'SIGQUIT' }
  },
}

function preparePlatform({ place }: Site, { name, environment }: Part, args: readonly string[]): Prepared {
  const { host, port } = place.addressOf(name)
  return { command: [process.execPath, main, ...args], environment: { ...environment, NODE_COMPILE_CACHE: compiled }, isReady: answers(`http://${host}:${port}/readyz`) }
}

function ownFolder({ folder, user }: Site, name: string): string {
  const own = path.join(folder, name)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  if (user) chownSync(own, user.uid, user.gid)
  return own
}

function preparePostgres(site: Site): Prepared {
  const { place, programs, user } = site
  const own = ownFolder(site, 'postgres')
  const data = path.join(own, 'data')
  const { host, port } = place.addressOf('postgres')
  if (!existsSync(path.join(data, 'PG_VERSION'))) {
    const password = path.join(own, 'password')
    writeFileSync(password, place.secrets.databasePassword, { mode: 0o600 })
    if (user) chownSync(password, user.uid, user.gid)
    execFileSync(programs.initdb, ['-D', data, '-U', DATABASE, '-A', 'scram-sha-256', '--pwfile', password, '-E', 'UTF8', '--locale=C.UTF-8'], { ...user, cwd: own, stdio: 'pipe' })
  }
  const settings = [`listen_addresses=${host}`, `port=${port}`, `unix_socket_directories=${own}`, 'max_connections=200', 'shared_buffers=128MB']
  return {
    command: [programs.postgres, '-D', data, ...settings.flatMap(setting => ['-c', setting])], environment: {}, cwd: own, stopSignal: 'SIGINT', ...user && { user },
    isReady: () => query(databaseUrl(place, DATABASE, place.secrets.databasePassword).replace(/\/neo$/, '/postgres'), 'select 1').then(() => true),
  }
}

function prepareRedis(site: Site): Prepared {
  const { place, programs, user } = site
  const own = ownFolder(site, 'redis')
  const users = path.join(own, 'users.acl')
  writeFileSync(users, createRedisUsers(place.secrets), { mode: 0o600 })
  if (user) chownSync(users, user.uid, user.gid)
  const { host, port } = place.addressOf('redis')
  return {
    command: [programs.redis, '--bind', host, '--port', String(port), '--save', '', '--dir', own, '--aclfile', users], environment: {}, cwd: own, ...user && { user },
    isReady: () => accepts(host, port),
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, host, () => {
      socket.destroy()
      resolve(true)
    }).once('error', () => { resolve(false) })
  })
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** The database, and the role that Centrifugo connects as; its rights come with the migrations. */
async function createRoles(place: Place): Promise<void> {
  const own = databaseUrl(place, DATABASE, place.secrets.databasePassword)
  const ignore = (error: unknown): void => { if (!['42P04', '42710'].includes(String((error as { code?: unknown }).code))) throw error }
  await query(own.replace(/\/neo$/, '/postgres'), `create database ${DATABASE}`).catch(ignore)
  await query(own, 'create role neo_centrifugo').catch(ignore)
  await query(own, `alter role neo_centrifugo login password '${place.secrets.centrifugoDatabasePassword}'`)
}
