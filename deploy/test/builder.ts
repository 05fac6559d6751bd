/** Builds and runs images with podman where no registry can be reached. */

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort, until } from '@neo-stack/testing'

/** What is missing on this machine. */
export const missing: readonly string[] = [
  ...['podman', 'runc', 'dpkg-query'].filter(program => !['/usr/bin', '/usr/sbin'].some(folder => existsSync(path.join(folder, program)))),
  ...process.getuid?.() === 0 ? [] : ['root'],
]

/** Whether what is missing is a failure (in CI) or a skip (on a laptop). */
export const isRequired: boolean = process.env['NEO_REQUIRE_ALL'] === '1'

/** See the file's head. */
export interface Builder {
  /** The repository. */
  root: string
  build: (image: string, dockerfile: string) => void
  /** Runs a container to its end. @returns both its streams @throws {Error} with them when it fails */
  run: (options: readonly string[], image: string, command: readonly string[]) => string
  /** Runs one until `stop`, as a server on a port of the loopback. @returns its address, once it is ready */
  serve: (options: readonly string[], image: string) => Promise<string>
  /** A file with this content, for containers to read. */
  secret: (text: string) => string
  /** Ends what was served and removes everything. */
  stop: () => Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const BASE = 'localhost/debian:packed'

/** What the Dockerfiles install, and what their first stages come with. */
const PACKAGES = ['apt', 'debian-archive-keyring', 'ca-certificates', 'curl', 'nginx-light', 'nginx', 'nodejs', 'npm']

/** What belongs to no package, and what a machine has that did not get its Node from one. */
const LINKS = ['bin', 'sbin', 'lib', 'lib64']
const EXTRA = ['etc', 'usr/share/keyrings', 'var/lib/dpkg', 'usr/lib/node_modules/npm', 'usr/local/bin/node', 'usr/local/bin/npm', 'usr/local/lib/node_modules/npm']

const confFile = `[containers]
default_ulimits=["nofile=1024:1024","nproc=1024:1024"]
netns="host"
log_driver="k8s-file"
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="runc"
`

/** Prepares podman and the base image. */
export async function startBuilder(): Promise<Builder> {
  const own = mkdtempSync(path.join(tmpdir(), 'neo-images-'))
  writeFileSync(path.join(own, 'containers.conf'), confFile)
  writeFileSync(path.join(own, 'storage.conf'), `[storage]\ndriver="vfs"\ngraphroot="${own}/graph"\nrunroot="${own}/run"\n`)
  const env = { ...process.env, CONTAINERS_CONF: path.join(own, 'containers.conf'), CONTAINERS_STORAGE_CONF: path.join(own, 'storage.conf'), TMPDIR: own }
  const podman = (...args: string[]): string => {
    const { status, stdout } = spawnSync('sh', ['-c', 'exec podman "$@" 2>&1', 'podman', ...args], { env, encoding: 'utf8', maxBuffer: 2 ** 26 })
    if (status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${status}:\n${stdout.slice(-3000)}`)
    return stdout
  }
  podman('import', '--change', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin', packDebian(own), BASE)
  let server: ChildProcess | undefined
  return {
    root,
    build: (image, dockerfile) => {
      podman('build', '--layers=false', '--build-arg', `BASE=${BASE}`, '--build-arg', `GO=${BASE}`, '--build-arg', `NODE=${BASE}`, ...caches(), ...registry(), '-f', path.join(root, dockerfile), '-t', `localhost/${image}`, root)
    },
    run: (options, image, command) => podman('run', '--rm', ...options, `localhost/${image}`, ...command),
    serve: async (options, image) => {
      const port = await findFreePort()
      server = spawn('podman', ['run', '--rm', '--name', 'served', ...options, '-e', `PORT=${port}`, '-e', 'HOST=127.0.0.1', `localhost/${image}`], { env, stdio: 'inherit' })
      const url = `http://127.0.0.1:${port}`
      await until(async () => (await fetch(`${url}/readyz`)).ok, { timeoutMs: 120_000, everyMs: 100, what: 'the container to be ready' })
      return url
    },
    secret: text => {
      const file = path.join(own, createHash('sha256').update(text).digest('hex'))
      writeFileSync(file, text, { mode: 0o444 })
      return file
    },
    stop: async () => {
      // One that ended by itself is gone.
      if (server) podman('stop', '--ignore', '-t', '10', 'served')
      // What cleans up after a container waits for ever for a storage that is gone, and holds this process' output.
      try {
        await until(() => !isNamedByProcess(own), { timeoutMs: 240_000, everyMs: 50, what: `the containers of ${own} to be cleaned up` })
      } finally {
        rmSync(own, { recursive: true, force: true })
      }
    },
  }
}

/** Whether a process that runs was told of the folder. */
function isNamedByProcess(folder: string): boolean {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).some(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
    } catch {
      // It ended meanwhile.
      return false
    }
  })
}

/** Packs the packages of a small Debian from this machine's own. @returns path of the archive */
function packDebian(folder: string): string {
  const ask = (command: string, ...args: string[]): string[] => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'ignore'] }).split('\n').filter(Boolean)
  const basic = ask('dpkg-query', '-W', '-f', '${Package} ${Essential} ${Priority} ${db:Status-Status}\n').filter(line => / (yes|\S+ required|\S+ important) ?.*installed$/.test(line)).map(line => line.split(' ')[0] ?? '')
  const installed = new Set(ask('dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\n').filter(line => line.endsWith(' installed')).map(line => line.split(' ')[0] ?? ''))
  const wanted = [...basic, ...PACKAGES].filter(name => installed.has(name))
  const all = ask('apt-cache', 'depends', '--recurse', '--installed', '--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces', '--no-enhances', ...wanted).filter(line => /^[a-z0-9]/.test(line)).map(name => name.replace(/:.*$/, ''))
  const files = ask('dpkg', '-L', ...new Set([...wanted, ...all].filter(name => installed.has(name)))).filter(file => file.startsWith('/') && !/^\/usr\/share\/(doc|man|locale|info)\//.test(file)).map(file => file.slice(1).replace(/^(bin|sbin|lib|lib64)(?=\/)/, 'usr/$1'))
  const [list, whole, archive] = ['list', 'whole', 'root.tar'].map(name => path.join(folder, name))
  writeFileSync(list ?? '', [...new Set([...LINKS, ...files])].filter(file => existsSync(`/${file}`) && file !== '' && file !== '.' && !EXTRA.some(folder => file === folder || file.startsWith(`${folder}/`))).join('\n'))
  writeFileSync(whole ?? '', EXTRA.filter(file => existsSync(`/${file}`)).join('\n'))
  execFileSync('tar', ['-C', '/', '-cf', archive ?? '', '--ignore-failed-read', '--exclude=etc/resolv.conf', '--exclude=etc/hosts', '--no-recursion', '-T', list ?? '', '--recursion', '-T', whole ?? ''], { stdio: ['ignore', 'ignore', 'pipe'] })
  return archive ?? ''
}

/** How this machine reaches its registry, where that is not the usual way. */
function registry(): string[] {
  const { NODE_EXTRA_CA_CERTS: certificates, NPM_CONFIG_REGISTRY: address } = process.env
  return [...certificates ? ['--secret', `id=node_extra_ca_certs,src=${certificates}`] : [], ...address ? ['--build-arg', `NPM_CONFIG_REGISTRY=${address}`] : []]
}

/** Downloads that this machine has made before: npm's and Go's caches, and Go itself. */
function caches(): string[] {
  const mounts = [[path.join(homedir(), '.npm'), '/root/.npm'], [path.join(homedir(), 'go/pkg/mod'), '/root/go/pkg/mod'], [path.join(homedir(), '.cache/go-build'), '/root/.cache/go-build'], ['/usr/local/go', '/usr/local/go']]
  return mounts.flatMap(([from = '', to = '']) => existsSync(from) ? ['-v', `${from}:${to}`] : [])
}
