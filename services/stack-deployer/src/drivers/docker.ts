/** The driver that deploys real containers over the Docker API: a socket, or TCP with TLS. */

import { createRedaction } from '@neo-stack/events'
import Docker from 'dockerode'
import { catalogue as ownCatalogue, entryOf } from '../catalog.ts'
import type { Catalogue } from '../catalog/entry.ts'
import { DeploymentFailure } from '../failure.ts'
import { readConfig } from '../plan.ts'
import { sleep as realSleep, type Sleep } from '../sleep.ts'
import { renderSentence, type StepId } from '../steps.ts'
import type { Driver, StepContext, StepOutput } from './driver.ts'
import { backupData, restoreData, selectVersion } from './docker/backups.ts'
import { inspect } from './docker/engine.ts'
import { containerName } from './docker/names.ts'
import { readOutput } from './docker/output.ts'
import { deriveSecrets } from './docker/secrets.ts'
import { readSalt, secretNames, toWork, type StepRunner, type Work } from './docker/scope.ts'
import { checkHealth, runCommand, startService, stopService } from './docker/services.ts'
import { createStatsReader } from './docker/stats.ts'
import { stands } from './docker/standing.ts'
import { checkResources, createNetwork, createSecrets, createVolumes, pullImage, removeNetwork, removeSecrets, removeVolumes } from './docker/storage.ts'
import { removeContainers, removeFormers, undo } from './docker/undo.ts'

/** How containers are deployed. */
export interface DockerDriverOptions {
  /** Connection to the Docker API. @default what DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say, else the local socket */
  docker?: Docker
  /** Key that the instances' secrets are derived from: at least 32 bytes, the same for every deployer. */
  secretsKey: Uint8Array
  /** Stacks that can be deployed. @default the catalogue of this package */
  catalogue?: Catalogue
  /** Address of the host that instances listen on, each on a free port. @default '127.0.0.1' */
  bindAddress?: string
  /** Name under which people reach that address. @default the address */
  publicHost?: string
  /** Milliseconds between two looks at a service's health. @default 1000 */
  probeEveryMs?: number
  /** Seconds that a service gets to stop by itself, then it is killed. @default 30 */
  stopSeconds?: number
  /** Milliseconds that reading an instance's log or its first account may take. @default 5000 */
  readMs?: number
  sleep?: Sleep
  now?: () => number
}

/** Makes the driver; nothing is connected before the first step. */
export function createDockerDriver(options: DockerDriverOptions): Driver {
  const { docker = new Docker(), catalogue = ownCatalogue, bindAddress = '127.0.0.1', publicHost = bindAddress } = options
  const { secretsKey, probeEveryMs = 1000, stopSeconds = 30, readMs = 5000, sleep = realSleep, now = Date.now } = options
  const base = { docker, sleep, now, probeEveryMs, stopSeconds, bindAddress, secretsKey }
  const work = (context: StepContext, signal: AbortSignal): Promise<Work> => {
    const entry = entryOf(catalogue, context.job.instanceType)
    return toWork({ ...base, entry, config: readConfig(entry, context.job.config), context, signal })
  }
  return {
    simulated: false,
    async* prepare(context, signal) {
      signal.throwIfAborted()
      await assertReachable(docker)
      yield (await work(context, signal)).say('Docker API is reachable')
    },
    async* execute(step, context, signal) {
      signal.throwIfAborted()
      yield* untilAborted(runners[step.id](await work(context, signal), step), signal)
    },
    stands: async (step, context) => stands(await work(context, new AbortController().signal), step),
    async* rollback(context, signal) {
      signal.throwIfAborted()
      yield* untilAborted(undo(await work(context, signal)), signal)
    },
    url: async context => toUrl(await work(context, new AbortController().signal), publicHost),
    initialAccount: async instance => {
      const { admin, ...entry } = entryOf(catalogue, instance.instanceType)
      const salt = await within(readMs, signal => readSalt(docker, instance, signal))
      if (salt === undefined || !admin) return undefined
      const secrets = deriveSecrets(secretsKey, salt, instance)
      return { user: renderSentence(admin.user, readConfig(entry, instance.config)), password: secrets(admin.secret) }
    },
    readLog: async (owner, wanted) => {
      const entry = entryOf(catalogue, owner.instanceType)
      return within(readMs, async signal => {
        const salt = await readSalt(docker, owner, signal)
        // Without it nobody knows the secrets that must not be shown.
        if (salt === undefined) return undefined
        const secrets = deriveSecrets(secretsKey, salt, owner)
        return readOutput({ docker, owner, entry, redaction: createRedaction(secretNames(entry).map(secrets)), signal }, wanted)
      })
    },
    stats: createStatsReader(docker),
  }
}

/** Reads with a deadline. @throws the signal's `TimeoutError` when it was not kept, whatever the client makes of an aborted call */
async function within<T>(ms: number, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await read(signal)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

async function* untilAborted(outputs: AsyncIterable<StepOutput>, signal: AbortSignal): AsyncGenerator<StepOutput> {
  for await (const output of outputs) {
    yield output
    signal.throwIfAborted()
  }
}

const runners: Readonly<Record<StepId, StepRunner>> = {
  check_resources: checkResources,
  pull_image: pullImage,
  create_network: createNetwork,
  create_volumes: createVolumes,
  create_secrets: createSecrets,
  generate_certificates: runCommand,
  start_service: startService,
  stop_service: stopService,
  init_database: runCommand,
  run_migrations: runCommand,
  install_modules: runCommand,
  update_modules: runCommand,
  collect_static: runCommand,
  create_admin: runCommand,
  init_security: runCommand,
  load_rules: runCommand,
  backup_data: backupData,
  select_version: selectVersion,
  restore_data: restoreData,
  check_health: checkHealth,
  configure_route: configureRoute,
  remove_route: removeRoute,
  remove_containers: work => removeContainers(work),
  remove_volumes: removeVolumes,
  remove_network: removeNetwork,
  remove_secrets: removeSecrets,
}

/** The front listens on a port of the host since it was started; what it has replaced is no longer needed. */
async function* configureRoute(work: Work): AsyncGenerator<StepOutput> {
  yield work.say(`Route ${await toUrl(work, work.bindAddress)} leads to ${containerName(work.owner, work.entry.front)}`)
  yield* removeFormers(work)
}

async function* removeRoute(work: Work): AsyncGenerator<StepOutput> {
  yield work.say(`Container ${containerName(work.owner, work.entry.front)} will not be reached any more`)
}

async function toUrl({ docker, owner, entry }: Work, host: string): Promise<string> {
  const front = entry.services.find(({ name }) => name === entry.front)
  const { NetworkSettings } = await inspect(docker.getContainer(containerName(owner, entry.front)))
  const port = NetworkSettings.Ports[`${front?.port ?? 0}/tcp`]?.[0]?.HostPort
  if (port === undefined) throw new DeploymentFailure('service_exited', { service: entry.front, code: 0 })
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whether a Docker API answers. */
export async function isDockerReachable(docker: Docker = new Docker()): Promise<boolean> {
  try {
    await docker.ping()
    return true
  } catch {
    return false
  }
}

async function assertReachable(docker: Docker): Promise<void> {
  try {
    await docker.ping()
  } catch (error) {
    throw new DeploymentFailure('docker_unreachable', {}, { cause: error })
  }
}
