/** A Docker API of the tests' own: podman's service on a socket in a temporary folder, with small images that stand for the catalogue's. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Docker from 'dockerode'
import { isDockerReachable } from '../src/drivers/docker.ts'
import { stubScripts, stubImages } from './stub-images.ts'

export { smallStack } from './stub-images.ts'

const needed = ['/usr/bin/podman', '/usr/sbin/runc', '/bin/busybox', '/usr/lib/podman/netavark', '/usr/lib/podman/aardvark-dns', '/usr/sbin/iptables']

/** What is missing on this machine. */
export const missing: readonly string[] = needed.filter(file => !existsSync(file) && !existsSync(file.replace('/sbin/', '/bin/')))

/** Whether what is missing is a failure (in CI) or a skip (on a laptop). */
export const isRequired: boolean = process.env['NEO_REQUIRE_ALL'] === '1'

/** A running Docker API. */
export interface DockerApi {
  docker: Docker
  /** Path of the socket it listens on. */
  socket: string
  stop: () => Promise<void>
}

const containersConf = `[containers]
default_ulimits=["nofile=1024:1024","nproc=1024:1024"]
log_driver="k8s-file"
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="runc"
[network]
network_backend="netavark"
`

/** Names of what a tenant's instances have: containers, volumes and networks. @param instanceId of one instance. @default of all */
export async function thingsOf(docker: Docker, instanceId?: string): Promise<string[]> {
  const filters = { label: [instanceId === undefined ? 'neo-stack.instance' : `neo-stack.instance=${instanceId}`] }
  const [containers, { Volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }), docker.listVolumes({ filters: filters as never }), docker.listNetworks({ filters }),
  ])
  return [...containers.flatMap(({ Names }) => Names), ...Volumes.map(({ Name }) => Name), ...networks.map(({ Name }) => Name)]
}

/** Podman's services of different folders do not know of each other's bridges and names: networks of one break another's. */
const turn = path.join(tmpdir(), 'neo-podman.lock')

/** How long to wait for others' turns, in milliseconds: whoever starts podman's service waits as long in its hook. */
export const TURN_MS = 900_000

/** Waits until no other process has a service; one that was killed has none. */
async function takeTurn(): Promise<void> {
  for (;;) {
    try {
      writeFileSync(turn, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
      if (isLeftBehind()) rmSync(turn, { force: true })
      else await sleep(200)
    }
  }
}

/** Whether who had the turn runs no more. While that is being written it names nobody, and what is given back is not there. */
function isLeftBehind(): boolean {
  try {
    const owner = readFileSync(turn, 'utf8')
    return owner !== '' && !process.kill(Number(owner), 0)
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH'
  }
}

/** Starts podman's service, of which there is one on a machine at a time, and imports the stub images. */
export async function startDockerApi(): Promise<DockerApi> {
  await takeTurn()
  try {
    return await startService()
  } catch (error) {
    rmSync(turn, { force: true })
    throw error
  }
}

async function startService(): Promise<DockerApi> {
  const folder = mkdtempSync(path.join(tmpdir(), 'podman-'))
  writeFileSync(path.join(folder, 'containers.conf'), containersConf)
  writeFileSync(path.join(folder, 'storage.conf'), `[storage]\ndriver="vfs"\ngraphroot="${folder}/graph"\nrunroot="${folder}/run"\n`)
  const env = { ...process.env, CONTAINERS_CONF: path.join(folder, 'containers.conf'), CONTAINERS_STORAGE_CONF: path.join(folder, 'storage.conf'), TMPDIR: folder }
  const network = ['--network-config-dir', path.join(folder, 'networks')]
  importImages(folder, args => { execFileSync('podman', [...network, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] }) })
  const socket = path.join(folder, 'docker.sock')
  const service = spawn('podman', [...network, 'system', 'service', '--time=0', `unix://${socket}`], { env, stdio: 'ignore' })
  const docker = new Docker({ socketPath: socket })
  for (let tries = 0; !await isDockerReachable(docker); tries++) {
    if (tries > 600) {
      service.kill('SIGKILL')
      throw new Error('podman\'s service does not answer')
    }
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  return { docker, socket, stop: () => stop({ docker, service, folder }) }
}

async function stop({ docker, service, folder }: { docker: Docker, service: ChildProcess, folder: string }): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true })) await docker.getContainer(Id).remove({ force: true }).catch(() => undefined)
  for (const { Name } of (await docker.listVolumes()).Volumes) await docker.getVolume(Name).remove({ force: true }).catch(() => undefined)
  for (const { Name } of await docker.listNetworks()) if (Name !== 'podman') await docker.getNetwork(Name).remove().catch(() => undefined)
  const ended = new Promise(resolve => { service.once('exit', resolve) })
  service.kill('SIGTERM')
  await ended
  rmSync(turn, { force: true })
  rmSync(folder, { recursive: true, force: true })
}

function importImages(folder: string, podman: (args: string[]) => void): void {
  const root = path.join(folder, 'root')
  mkdirSync(path.join(root, 'bin'), { recursive: true })
  cpSync('/bin/busybox', path.join(root, 'bin/busybox'))
  for (const applet of execFileSync('/bin/busybox', ['--list']).toString().split('\n').filter(Boolean)) {
    if (applet !== 'busybox') symlinkSync('busybox', path.join(root, 'bin', applet))
  }
  for (const [file, text] of Object.entries(stubScripts)) {
    const target = path.join(root, file)
    mkdirSync(path.dirname(target), { recursive: true })
    rmSync(target, { force: true })
    writeFileSync(target, text)
    chmodSync(target, 0o755)
  }
  for (const directory of ['tmp', 'var/www']) mkdirSync(path.join(root, directory), { recursive: true })
  const archive = path.join(folder, 'root.tar')
  execFileSync('tar', ['-C', root, '-cf', archive, '.'])
  // As process 1 they would hear no other signal, and be waited for as long as a real service may take to stop.
  for (const [image, command] of Object.entries(stubImages)) podman(['import', '--change', `CMD ${JSON.stringify(command)}`, '--change', 'STOPSIGNAL SIGKILL', archive, image])
  rmSync(root, { recursive: true })
}
