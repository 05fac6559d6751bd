/** A PostgreSQL of the tests' own: in a temporary folder, on a socket in it, as a user that is not root. Shared by a test run. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const HOME = '/usr/lib/postgresql'
const versions = existsSync(HOME) ? readdirSync(HOME).filter(version => Number(version) >= 15 && existsSync(path.join(HOME, version, 'bin', 'initdb'))) : []
const bin = versions.length > 0 ? path.join(HOME, versions.toSorted().at(-1) ?? '', 'bin') : undefined

/** Whether PostgreSQL is installed on this machine. */
export const isPostgresInstalled: boolean = bin !== undefined

/** Whether what is missing is a failure (in CI) or a skip (on a laptop). */
export const isRequired: boolean = process.env['NEO_REQUIRE_ALL'] === '1'

/** The database that others are copied from. */
const TEMPLATE = 'neo_template'

/** A running server. */
export interface PostgresServer {
  /** Address of the template database. */
  url: string
  /** Kills the server as a power cut would. */
  process: ChildProcess
  stop: () => Promise<void>
}

/** Starts a server with an empty template database. PostgreSQL refuses to run as root. */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<PostgresServer> {
  if (!bin) throw new Error('needs PostgreSQL 15 or newer')
  const folder = mkdtempSync(path.join(tmpdir(), 'postgres-'))
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = path.join(folder, 'data')
  execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'neo', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], { ...user, cwd: folder, stdio: 'pipe' })
  const all = ['listen_addresses=', `unix_socket_directories=${folder}`, 'max_connections=200', 'shared_buffers=128MB', 'autovacuum=off', ...settings]
  const server = spawn(path.join(bin, 'postgres'), ['-D', data, ...all.flatMap(setting => ['-c', setting])], { ...user, cwd: folder, stdio: 'ignore' })
  const ended = new Promise<void>(resolve => { server.once('exit', () => { resolve() }) })
  const url = urlOf(folder, TEMPLATE)
  await runWhenReady(urlOf(folder, 'postgres'), `create database ${TEMPLATE}`)
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    server.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { url, process: server, stop: () => stopping ??= stop() }
}

const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'postgres']).toString())
const urlOf = (folder: string, database: string): string => `postgres://neo@localhost/${database}?host=${encodeURIComponent(folder)}`

/** A server that starts, or a template that another connection just leaves, is ready in a moment. */
async function runWhenReady(url: string, text: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await run(url, text)
      return
    } catch (error) {
      if (tries > 300) throw error
      await sleep(50)
    }
  }
}

/** A copy of the template under a name of its own. @returns its address */
export async function copyDatabase(templateUrl: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await runWhenReady(templateUrl.replace(TEMPLATE, 'postgres'), `create database ${name} template ${TEMPLATE}`)
  return templateUrl.replace(TEMPLATE, name)
}

async function run(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    await client.query(text)
  } finally {
    await client.end()
  }
}
